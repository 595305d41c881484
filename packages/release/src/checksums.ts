import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CHECKSUMS = 'SHA256SUMS';

/**
 * Writes the checksum of every file below the folder that is not hidden, as `sha256sum -c` reads it.
 *
 * @returns its path
 */
export function writeChecksums(folder: string): string {
  const lines = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== CHECKSUMS && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
    .map((path) => {
      const hash = createHash('sha256').update(readFileSync(join(folder, path)));
      return `${hash.digest('hex')}  ${path}\n`;
    });
  writeFileSync(join(folder, CHECKSUMS), lines.join(''));
  return join(folder, CHECKSUMS);
}
