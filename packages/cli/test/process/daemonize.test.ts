import path from 'node:path';
import { waitFor } from '@pgweir/testkit';
import { daemonize } from '../../src/process/daemonize';

const CHILD = path.join(__dirname, '../../src/process/daemonize');

/** Runs `script` as the child, with `parent` as its end of the wait. */
function run(script: string, deadlineMs = 20_000) {
  const said: string[] = [];
  const prelude = `
    require('esbuild-register');
    const parent = require(${JSON.stringify(CHILD)}).waitingParent();`;
  const started = daemonize({
    command: [process.execPath, '-e', prelude + script],
    say: (line) => said.push(line),
    deadlineMs,
  });
  return { started, said };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the parent is let go when the child is up, and the child lives on', async () => {
  const { started, said } = run(
    `parent.say('starting'); parent.up(); setTimeout(() => {}, 60000);`,
  );
  const result = await started;
  expect(said).toEqual(['starting']);
  if (result.kind !== 'up') throw new Error(result.why);
  expect(isAlive(result.pid)).toBe(true);
  process.kill(result.pid, 'SIGTERM');
  await waitFor(() => !isAlive(result.pid), { what: 'the child to end' });
});

test('a child that ends before it is up has failed, and its last words are passed on', async () => {
  const { started, said } = run(`parent.say('port is taken'); process.exit(3);`);
  expect(await started).toEqual({
    kind: 'failed',
    why: 'the daemon ended before it was up: exit code 3',
  });
  expect(said).toEqual(['port is taken']);
});

test('a child that never comes up is killed at the deadline', async () => {
  const { started } = run('setTimeout(() => {}, 60000);', 300);
  expect(await started).toEqual({ kind: 'failed', why: 'not up after 0.3 s' });
});

test('a program that does not exist is a failure, not an exception', async () => {
  const started = daemonize({
    command: ['/no/such/program'],
    say: () => undefined,
    deadlineMs: 5000,
  });
  expect(await started).toMatchObject({ kind: 'failed', why: expect.stringContaining('ENOENT') });
});
