import { spawn } from 'node:child_process';

/** Marks the child of `daemonize` in its environment. */
const MARK = 'PGWEIR_DAEMON_CHILD';

/** What the child tells the waiting parent. */
type Report = { readonly kind: 'up' } | { readonly kind: 'line'; readonly line: string };

export type DaemonStart =
  | { readonly kind: 'up'; readonly pid: number }
  | { readonly kind: 'failed'; readonly why: string };

export interface DaemonizeOptions {
  /** Program and arguments of the child. */
  readonly command: readonly [string, ...string[]];
  /** Gets what the child has to say until it is up. */
  readonly say: (line: string) => void;
  /** How long the child may take. */
  readonly deadlineMs: number;
}

/**
 * Starts a process of its own session, with no terminal and no standard streams, and waits until it
 * says that it is up, or has failed. Past the deadline the child is killed.
 */
export function daemonize({ command, say, deadlineMs }: DaemonizeOptions): Promise<DaemonStart> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  return new Promise((resolve) => {
    const settle = (result: DaemonStart): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      // Node throws an 'error' that nobody listens to; after the decision none matters.
      child.on('error', () => undefined);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(result);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle({ kind: 'failed', why: `not up after ${deadlineMs / 1000} s` });
    }, deadlineMs);
    child.on('message', (message) => {
      const report = asReport(message);
      if (report?.kind === 'line') say(report.line);
      if (report?.kind === 'up') settle({ kind: 'up', pid: child.pid ?? 0 });
    });
    child.on('error', (error) => settle({ kind: 'failed', why: error.message }));
    let end: string | undefined;
    const ended = (): void => {
      // What it said last may still be in the channel when its end is known.
      if (end === undefined || child.connected) return;
      settle({ kind: 'failed', why: `the daemon ended before it was up: ${end}` });
    };
    child.on('exit', (code, signal) => {
      end = signal === null ? `exit code ${code}` : `signal ${signal}`;
      ended();
    });
    child.on('disconnect', ended);
  });
}

/** The child's end of the wait. */
export interface WaitingParent {
  say(line: string): void;
  /** Lets the parent go. Nothing is said after that. */
  up(): void;
}

/** undefined: nobody waits, this process was started by hand or by a service manager. */
export function waitingParent(): WaitingParent | undefined {
  if (process.env[MARK] !== '1') return undefined;
  // Not for children of this process.
  delete process.env[MARK];
  const send = (report: Report): void => {
    if (process.connected) process.send?.(report);
  };
  return {
    say: (line) => send({ kind: 'line', line }),
    up() {
      send({ kind: 'up' });
      if (process.connected) process.disconnect();
    },
  };
}

function asReport(message: unknown): Report | undefined {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return undefined;
  if (message.kind === 'up') return { kind: 'up' };
  if (message.kind === 'line' && 'line' in message) {
    return { kind: 'line', line: String(message.line) };
  }
  return undefined;
}
