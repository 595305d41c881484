import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, waitFor } from '@pgweir/testkit';

/** Compiled: a process of its own, without jest. */
const TESTKIT = join(__dirname, '..', 'dist', 'index.js');
const PROGRAM = `
  require(process.argv[1]).startCluster({ replicas: 1 }).then((cluster) => {
    const servers = [cluster.primary, ...cluster.replicas];
    console.log(JSON.stringify({ dir: cluster.dir, pids: servers.flatMap((s) => s.processes()) }));
    setInterval(() => undefined, 1000);
  });
`;

test('nothing outlives a process that is killed: no PostgreSQL, no folder', async () => {
  const child = spawn(process.execPath, ['-e', PROGRAM, TESTKIT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
  });
  const { dir, pids } = JSON.parse(line) as { dir: string; pids: number[] };
  expect([existsSync(dir), pids.every(isAlive)]).toEqual([true, true]);
  child.kill('SIGKILL');
  await waitFor(() => !existsSync(dir) && !pids.some(isAlive), {
    what: 'the guard to clean up',
    deadlineMs: 15_000,
  });
});
