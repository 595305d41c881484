import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Makes the files of the web page, which the compiler alone does not. Takes a third of a second.
 *
 * @throws Error with the output of the bundler
 */
export function buildPage(): void {
  const program = join(__dirname, '..', '..', '..', 'dashboard', 'dist', 'bundle', 'main.js');
  execFileSync(process.execPath, [program], { stdio: 'pipe' });
}
