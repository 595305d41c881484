import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Handover, SwitchoverAnswer } from '@pgweir/control';
import type { Clock, Logger } from '@pgweir/pooler';
import { errorCode, reasonOf } from '../system-error';
import { OutputLines } from './output-lines';

/** A command line of the operator, about a primary and who is to take its place. */
interface OperatorCommand {
  /** That of the setting. */
  readonly name: string;
  /** For the shell. */
  readonly command: string;
  readonly handover: Handover;
}

interface Means {
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a killed command may take to end by itself. */
const KILL_AFTER_MS = 1_000;
/** What it has started and left running may keep its output open for ever. */
const OUTPUT_AFTER_MS = 200;

/**
 * Runs it. `done`: it has ended with 0. `refused`: it could not be started. `unknown`: anything else.
 * What it says is in the log. Ends in `deadlineMs`, and a little more where it has to be killed.
 */
export async function runCommand(
  { name, command, handover }: OperatorCommand,
  deadlineMs: number,
  { clock, log }: Means,
): Promise<SwitchoverAnswer> {
  let child: ChildProcess;
  try {
    child = spawn('/bin/sh', ['-c', command], {
      env: { ...process.env, ...environment(handover) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: what it starts can be ended with it.
      detached: true,
    });
  } catch (error) {
    return notStarted(name, error);
  }
  const outputs = [
    listen(child.stdout, (line) => log.info(`${name} says`, { line })),
    listen(child.stderr, (line) => log.warn(`${name} says`, { line })),
  ];
  let isLate = false;
  const kill = (signal: NodeJS.Signals): void => killGroup(child, signal, { name, log });
  const timers = [
    clock.after(deadlineMs, () => {
      isLate = true;
      kill('SIGTERM');
    }),
    clock.after(deadlineMs + KILL_AFTER_MS, () => kill('SIGKILL')),
  ];
  const end = await ended(child, name, { limitMs: deadlineMs + 2 * KILL_AFTER_MS, clock });
  for (const stop of timers) stop();
  await Promise.all(outputs.map((output) => output(clock)));
  if (isLate) {
    const reason = `${name} took longer than ${deadlineMs / 1000} s and was ended`;
    return { kind: 'unknown', reason };
  }
  return end;
}

function environment({ database, primary, target }: Handover): NodeJS.ProcessEnv {
  return {
    PGWEIR_DATABASE: database,
    PGWEIR_PRIMARY_HOST: primary.host,
    PGWEIR_PRIMARY_PORT: String(primary.port),
    PGWEIR_TARGET_HOST: target.host,
    PGWEIR_TARGET_PORT: String(target.port),
  };
}

function notStarted(name: string, error: unknown): SwitchoverAnswer {
  return { kind: 'refused', reason: `${name} could not be started: ${reasonOf(error)}` };
}

async function ended(
  child: ChildProcess,
  name: string,
  { limitMs, clock }: { readonly limitMs: number; readonly clock: Clock },
): Promise<SwitchoverAnswer> {
  return await new Promise((resolve) => {
    const stop = clock.after(limitMs, () => {
      resolve({
        kind: 'unknown',
        reason: `${name} does not end, not even when it is killed`,
      });
    });
    child.once('error', (error) => {
      stop();
      resolve(notStarted(name, error));
    });
    child.once('exit', (code, signal) => {
      stop();
      if (code === 0) resolve({ kind: 'done' });
      else resolve({ kind: 'unknown', reason: `${name} ended with ${code ?? signal}` });
    });
  });
}

/** @returns the way to wait until everything that has been written is heard, and not longer */
function listen(stream: Readable | null, said: (line: string) => void) {
  const lines = new OutputLines(said);
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => lines.write(text));
  const closed = new Promise<void>((resolve) => {
    if (stream === null) resolve();
    else stream.once('close', resolve);
  });
  return async (clock: Clock): Promise<void> => {
    const late = new Promise<void>((resolve) => {
      const stop = clock.after(OUTPUT_AFTER_MS, resolve);
      void closed.then(stop);
    });
    await Promise.race([closed, late]);
    stream?.destroy();
    lines.end();
  };
}

function killGroup(
  { pid }: ChildProcess,
  signal: NodeJS.Signals,
  { name, log }: { readonly name: string; readonly log: Logger },
): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // It has ended in the same moment.
    if (errorCode(error) === 'ESRCH') return;
    log.error(`${name} cannot be ended`, { reason: reasonOf(error) });
  }
}
