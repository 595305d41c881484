import { execFileSync } from 'node:child_process';
import { daemonProgram } from '../daemon';
import { bunProgram } from '../process/bun-program';
import { buildPage } from './build-page';

/** Another machine than this one: how Bun names it, and its runtime for that machine. */
export interface BinaryTarget {
  readonly name: string;
  readonly runtime: string;
}

export interface BinaryOptions {
  readonly target?: BinaryTarget;
  /** Where to write, as JSON, which files went in. */
  readonly metafile?: string;
}

/**
 * Makes pgweir one executable that needs nothing beside it: runtime, program and libraries in one file.
 * Build first. The same tree at the same place gives the same bytes.
 *
 * @throws Error with the output of the compiler
 */
export function buildBinary(path: string, { target, metafile }: BinaryOptions = {}): void {
  buildPage();
  const flags = [
    '--compile',
    // What lies in the folder where a daemon is started is none of its business.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    // System calls go through bun:ffi there.
    '--external=koffi',
    `--outfile=${path}`,
  ];
  if (target !== undefined) {
    flags.push(`--target=${target.name}`, `--compile-executable-path=${target.runtime}`);
  }
  if (metafile !== undefined) flags.push(`--metafile=${metafile}`);
  execFileSync(bunProgram(), ['build', ...flags, daemonProgram()], { stdio: 'pipe' });
}
