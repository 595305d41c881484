import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { errorCode } from '../process/error-code';

/** The ids of a process's children. Empty when it has none or is gone. */
export function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (existsSync(file)) return toPids(readFileSync(file, 'utf8').split(' '));
  const rows = execFileSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' }).split('\n');
  return toPids(
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([parent]) => Number(parent) === pid)
      .map(([, child]) => child ?? ''),
  );
}

function toPids(words: readonly string[]): number[] {
  return words.map(Number).filter((pid) => Number.isInteger(pid) && pid > 1);
}

/** Sends a signal to a process that may be gone already. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
