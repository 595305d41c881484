import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Runtime } from './runtime';

/**
 * The program in the npm package `bun`: the one of this platform, which that package depends on, for
 * its own `bin` is a mere shell script where npm does not run install scripts.
 *
 * @returns undefined when it is not installed or does not run here
 */
export function findBun(): Runtime | undefined {
  for (const path of candidates()) {
    if (!existsSync(path)) continue;
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { name: 'bun', path, version: `Bun ${stdout.trim()}` };
  }
  return undefined;
}

function candidates(): string[] {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const platform = `${process.platform}-${arch}`;
  return nodeModules(__dirname).flatMap((folder) => [
    join(folder, '@oven', `bun-${platform}`, 'bin', 'bun'),
    join(folder, '@oven', `bun-${platform}-musl`, 'bin', 'bun'),
    join(folder, 'bun', 'bin', 'bun.exe'),
  ]);
}

/** Where packages may be, as for `require`. */
function nodeModules(dir: string): string[] {
  const own = join(dir, 'node_modules');
  const parent = dirname(dir);
  return parent === dir ? [own] : [own, ...nodeModules(parent)];
}
