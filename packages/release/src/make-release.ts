import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { changelogProblem } from './changelog';
import { writeChecksums } from './checksums';
import { makeArchive } from './make-archive';
import { makeDeb } from './make-deb';
import { makeExecutables } from './make-executables';
import { engineProblem, isForImage, makeImage } from './make-image';
import { packNpm } from './pack-npm';
import type { Release } from './release';
import { beginFolder, finishFolder } from './release-folder';
import { isHost, TARGETS } from './targets';
import { statedVersions } from './versions/places';
import { readManifest } from './workspace';
import { readContents, writeBills } from './write-contents';

/** What can be left out. Checksums are always made, of what is there. */
export const PARTS = ['npm', 'executables', 'deb', 'sbom', 'image'] as const;
export type Part = (typeof PARTS)[number];

/** The scratch folder, in that of the release: it is gone when everything is there. */
const SCRATCH = '.scratch';

export interface ReleaseOptions {
  readonly root: string;
  readonly parts: ReadonlySet<Part>;
  /** Default: `build/release/VERSION` below the root. */
  readonly out: string | undefined;
  readonly quick: boolean;
  say(line: string): void;
}

/**
 * Makes a release of the tree as it is, which must have been built.
 *
 * @returns the folder that everything is in
 * @throws Error when versions differ, or a part cannot be made
 */
export function makeRelease(options: ReleaseOptions): string {
  const { root, parts, quick, say } = options;
  const { version } = readManifest(root);
  const out = resolve(options.out ?? join(root, 'build', 'release', version));
  const making = beginFolder(out);
  const scratch = join(making, SCRATCH);
  const release: Release = {
    root,
    version,
    out: making,
    scratch,
    epoch: epochOf(root),
    quick,
    say,
  };
  refuseDifferentVersions(release);
  const problem = changelogProblem(root, version);
  if (problem !== undefined) say(`warning: ${problem}`);

  mkdirSync(scratch);
  if (parts.has('npm')) packNpm(release);
  makeOfExecutables(release, withoutImpossible(parts, say));
  rmSync(scratch, { recursive: true });
  writeChecksums(making);
  finishFolder(making, out);
  return out;
}

function withoutImpossible(
  parts: ReadonlySet<Part>,
  say: ReleaseOptions['say'],
): ReadonlySet<Part> {
  const why = parts.has('image') ? engineProblem() : undefined;
  if (why === undefined) return parts;
  say(`image: skipped: ${why}`);
  return new Set([...parts].filter((part) => part !== 'image'));
}

/** Every part but npm's packages. */
function makeOfExecutables(release: Release, parts: ReadonlySet<Part>): void {
  const isHandedOut = parts.has('executables') || parts.has('deb');
  if (!isHandedOut && !parts.has('sbom') && !parts.has('image')) return;
  const wanted = TARGETS.filter(
    (target) =>
      isHost(target) ||
      (isHandedOut && !release.quick) ||
      (parts.has('image') && isForImage(target)),
  );
  const executables = makeExecutables(release, wanted);
  const [first] = executables;
  if (first === undefined) throw new Error('executables are not made on this kind of machine');
  // The same files are in all of them.
  const contents = readContents(release, first);
  if (parts.has('sbom')) writeBills(release, contents);
  for (const executable of executables) {
    const { target } = executable;
    if (parts.has('executables')) makeArchive(release, executable, contents.notices);
    if (parts.has('deb')) makeDeb(release, executable, contents.notices);
    if (parts.has('image') && isForImage(target)) makeImage(release, executable, contents.notices);
  }
}

function refuseDifferentVersions({ root, version }: Release): void {
  const others = statedVersions(root).filter((stated) => stated.version !== version);
  if (others.length === 0) return;
  const list = others.map(({ path, what, version: found }) => `${path}: ${what}: ${found}`);
  throw new Error(`not everything is ${version} (npm run version-set):\n${list.join('\n')}`);
}

/** The time of the last commit, unless SOURCE_DATE_EPOCH says another. */
function epochOf(root: string): number {
  const given = process.env.SOURCE_DATE_EPOCH;
  const text =
    given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root }).toString();
  const epoch = Number(text);
  if (!Number.isInteger(epoch) || epoch <= 0) {
    throw new Error(`SOURCE_DATE_EPOCH is not a number of seconds: ${text}`);
  }
  return epoch;
}
