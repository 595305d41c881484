import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort, isAlive, startDaemon } from '@pgweir/testkit';

/** Stands in for pgweir, so that the launcher is tested alone: listens on the port in the file. */
const PROGRAM = `
  const text = require('fs').readFileSync(process.argv.at(-1), 'utf8');
  const server = require('net').createServer((socket) => socket.destroy());
  server.on('error', (error) => { console.error(error.code); process.exit(1); });
  server.listen(Number(/port = (.*)/.exec(text)[1]), '127.0.0.1', () => console.error('process up'));
  process.on('SIGHUP', () => console.error('configuration reloaded'));
`;
const command = [process.execPath, '-e', PROGRAM] as const;

test('a daemon listens on a free port, reloads, and leaves nothing', async () => {
  const daemon = await startDaemon({ command: [...command], config: 'port = {port}\n' });
  try {
    await daemon.reload();
    await new Promise<void>((resolve, reject) => {
      connect(daemon.port, '127.0.0.1').once('connect', resolve).once('error', reject).resume();
    });
  } finally {
    await daemon.stop('SIGTERM');
  }
  expect(await daemon.exit).toEqual({ code: null, signal: 'SIGTERM' });
  expect([isAlive(daemon.pid), existsSync(daemon.dir)]).toEqual([false, false]);
});

test('a daemon that cannot start fails with its output', async () => {
  const port = await freePort();
  const first = await startDaemon({ command: [...command], config: 'port = {port}\n', port });
  try {
    await expect(
      startDaemon({ command: [...command], config: 'port = {port}\n', port }),
    ).rejects.toThrow(/ended with 1 instead of listening:\nEADDRINUSE/);
  } finally {
    await first.stop();
  }
});
