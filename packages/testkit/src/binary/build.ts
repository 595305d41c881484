import { execFileSync } from 'node:child_process';
import { daemonProgram } from '../daemon';
import { bunProgram } from '../process/bun-program';

/**
 * Makes pgweir one executable that needs nothing beside it: runtime, program and libraries in one file.
 * Build first.
 *
 * @throws Error with the output of the compiler
 */
export function buildBinary(path: string): void {
  const flags = [
    '--compile',
    // What lies in the folder where a daemon is started is none of its business.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    // System calls go through bun:ffi there.
    '--external=koffi',
    `--outfile=${path}`,
  ];
  execFileSync(bunProgram(), ['build', ...flags, daemonProgram()], { stdio: 'pipe' });
}
