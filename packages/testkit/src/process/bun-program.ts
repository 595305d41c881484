import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Smaller is no runtime but the text that stands in its place until the install script has run. */
const RUNTIME_BYTES_MIN = 1024 * 1024;

/**
 * The path of Bun's program as npm brought it, also where npm ran no install scripts.
 *
 * @throws Error when there is none for this machine
 */
export function bunProgram(): string {
  const packageFile = createRequire(__filename).resolve('bun/package.json');
  const installed = join(dirname(packageFile), 'bin', 'bun.exe');
  const platforms = optionalPackages(packageFile).map((name) => {
    return join(dirname(packageFile), '..', name, 'bin', 'bun');
  });
  const found = [installed, ...platforms].find(isRuntime);
  if (found === undefined) throw new Error(`no Bun for this machine: ${installed} is none`);
  return found;
}

function isRuntime(path: string): boolean {
  return existsSync(path) && statSync(path).size >= RUNTIME_BYTES_MIN;
}

/** npm installs those that suit the machine. */
function optionalPackages(packageFile: string): string[] {
  const text: unknown = JSON.parse(readFileSync(packageFile, 'utf8'));
  if (typeof text !== 'object' || text === null || !('optionalDependencies' in text)) return [];
  return Object.keys(text.optionalDependencies ?? {});
}
