import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certsDir, freePort, makeScratch, waitFor } from '@pgweir/testkit';

const UP = 'successfully started';
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 10_000;

/** A Pgpool-II that listens. */
export interface PgpoolInstance {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts it in a temporary folder with `files`, in which `{port}`, `{pcpPort}`, `{dir}` and `{certs}`
 * are replaced. It ends with us, however we end: its process id is in the folder, for the guard.
 *
 * @throws Error with its output when it ends instead of listening
 */
export async function startPgpool(
  path: string,
  files: Readonly<Record<string, string>>,
): Promise<PgpoolInstance> {
  const [port, pcpPort] = [await freePort(), await freePort()];
  const scratch = makeScratch();
  const { dir } = scratch;
  for (const [name, text] of Object.entries(files)) {
    const filled = text
      .replaceAll('{port}', String(port))
      .replaceAll('{pcpPort}', String(pcpPort))
      .replaceAll('{dir}', dir)
      .replaceAll('{certs}', certsDir());
    writeFileSync(join(dir, name), filled, { mode: 0o600 });
  }
  const logFile = join(dir, 'output.log');
  const log = openSync(logFile, 'a');
  const names = ['-f', 'pgpool.conf', '-a', 'pool_hba.conf'];
  const child = spawn(path, ['-n', ...names], {
    cwd: dir,
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const stop = async (): Promise<void> => {
    await end(child);
    scratch.remove();
  };
  const hasEnded = (): boolean => failure !== undefined || child.exitCode !== null;
  try {
    await waitFor(() => hasEnded() || readFileSync(logFile, 'utf8').includes(UP), {
      what: `Pgpool-II to say "${UP}"`,
      deadlineMs: START_DEADLINE_MS,
    });
    if (hasEnded()) throw failure ?? new Error('it ended instead of listening');
  } catch (cause) {
    const output = readFileSync(logFile, 'utf8');
    await stop();
    throw new Error(`Pgpool-II did not start:\n${output}`, { cause });
  }
  return { host: '127.0.0.1', port, pid: child.pid ?? 0, stop };
}

/** SIGINT is its fast shutdown: clients are thrown out. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
}
