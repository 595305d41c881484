import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Executable } from './make-executables';
import { type Release, releaseFile } from './release';
import { hasProgram, run } from './run';
import type { Target } from './targets';

/** Why no image can be made on this machine; undefined: one can. */
export function engineProblem(): string | undefined {
  if (!hasProgram('docker')) return 'there is no docker on this machine';
  try {
    run('docker', ['info']);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return 'no container engine answers';
    throw error;
  }
}

/** Engines run Linux, whatever they run on. */
export function isForImage({ platform, arch }: Target): boolean {
  return platform === 'linux' && arch === process.arch;
}

/**
 * Builds the image around an executable of the release, and saves it as a file for `docker load`.
 *
 * @returns its path
 * @throws Error when the engine cannot build it
 */
export function makeImage(release: Release, executable: Executable, notices: string): string {
  const tag = `pgweir:${release.version}`;
  const built = join(release.scratch, 'image');
  mkdirSync(join(built, 'licenses'), { recursive: true });
  cpSync(executable.path, join(built, 'pgweir'));
  cpSync(join(release.root, 'LICENSE'), join(built, 'licenses', 'LICENSE'));
  writeFileSync(join(built, 'licenses', 'NOTICES.txt'), notices);
  const args = [
    ...['--build-context', `executable=${built}`],
    ...['--build-arg', `VERSION=${release.version}`],
    ...['--build-arg', `REVISION=${revisionOf(release.root)}`],
    ...['-f', join('docker', 'Dockerfile'), '-t', tag, '.'],
  ];
  // What is built by others takes the place of a stage: the older builder cannot do that.
  run('docker', ['build', ...args], { cwd: release.root, env: { DOCKER_BUILDKIT: '1' } });
  const path = join(release.out, `${releaseFile(release, 'image')}.tar`);
  run('docker', ['save', '-o', path, tag]);
  release.say(`${releaseFile(release, 'image')}.tar (${tag})`);
  return path;
}

/** The commit, as far as the folder knows one. */
function revisionOf(root: string): string {
  try {
    return run('git', ['rev-parse', 'HEAD'], { cwd: root }).trim();
  } catch (error) {
    if (error instanceof Error) return 'unknown';
    throw error;
  }
}
