import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CHECKSUMS } from './checksums';

/** Says that the folder was made here. */
export const MARKER = '.pgweir-release';
/** Behind the name of the folder: one that is being made. */
const UNFINISHED = '.making';

/**
 * Makes a fresh folder beside `out`, for a release that takes the place of the one there when it is whole.
 *
 * @throws Error when there is something else
 */
export function beginFolder(out: string): string {
  refuseForeign(out);
  const making = `${out}${UNFINISHED}`;
  if (hasFiles(making) && !existsSync(join(making, MARKER))) {
    throw new Error(`${making} is not empty, and no unfinished release`);
  }
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  writeFileSync(join(making, MARKER), '');
  return making;
}

/** Of the release that was there only what is in its list is deleted: `out` is looked at again. */
export function finishFolder(making: string, out: string): void {
  refuseForeign(out);
  rmSync(out, { recursive: true, force: true });
  renameSync(making, out);
}

function hasFiles(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

/** @throws Error when there is a file that no release has, or somebody has put beside one */
function refuseForeign(out: string): void {
  if (!hasFiles(out)) return;
  if (!existsSync(join(out, MARKER))) throw new Error(`${out} is not empty, and no release`);
  const listed = new Set([MARKER, CHECKSUMS, ...listedIn(out)]);
  const others = filesBelow(out).filter((path) => !listed.has(path));
  if (others.length === 0) return;
  throw new Error(`${out} has files that its ${CHECKSUMS} does not list: ${others.join(', ')}`);
}

function listedIn(folder: string): readonly string[] {
  const list = join(folder, CHECKSUMS);
  if (!existsSync(list)) return [];
  const lines = readFileSync(list, 'utf8').split('\n');
  return lines.flatMap((line) => /^[0-9a-f]{64} {2}(.+)$/.exec(line)?.[1] ?? []);
}

/** Everything that is no folder, and folders in which there is nothing. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const isFile = !entry.isDirectory() || readdirSync(path).length === 0;
    return isFile ? [path.slice(folder.length + 1)] : [];
  });
}
