import { execFileSync } from 'node:child_process';

const DEADLINE_MS = 10 * 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to its standard output
 * @throws Error with what it wrote to its standard error
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): string {
  return execFileSync(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
}

/** Whether there is a program of that name that says its version. */
export function hasProgram(name: string): boolean {
  try {
    run(name, ['--version']);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
