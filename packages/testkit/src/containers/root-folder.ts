import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Copies a program to `target` below `root`, with the libraries that it names, which keep their places: it
 * then runs where `root` is everything that there is.
 */
export function addProgram(root: string, program: string, target: string): void {
  copyInto(root, program, target);
  addLibrariesOf(root, program);
}

/** Copies what a program or library loads from the system. What lies beside it is not the system's. */
export function addLibrariesOf(root: string, file: string): void {
  const listed = execFileSync('ldd', [file], { encoding: 'utf8' });
  for (const [, library = ''] of listed.matchAll(/^\s*(?:\S+ => )?(\/(?:usr\/)?lib\S+) \(/gm)) {
    copyInto(root, library, library);
  }
}

function copyInto(root: string, file: string, target: string): void {
  const path = join(root, target);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(file, path);
  chmodSync(path, 0o755);
}
