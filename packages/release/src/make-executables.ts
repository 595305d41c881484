import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from '@pgweir/testkit';
import { signAdHoc, signatureProblem } from './mach-o/signature';
import { type Release, releaseFile } from './release';
import { hasProgram, run } from './run';
import { runtimeFor } from './runtime-package';
import { isHost, type Target } from './targets';

export interface Executable {
  readonly target: Target;
  readonly path: string;
  /** The files that are in it, by their paths. */
  readonly inputs: readonly string[];
}

/**
 * Makes the executable for each machine, in the scratch folder, and tries it as far as this machine can.
 *
 * @throws Error when one does not say the version of the release, or its signature is broken
 */
export function makeExecutables(
  release: Release,
  targets: readonly Target[],
): readonly Executable[] {
  return targets.map((target) => {
    const folder = join(release.scratch, 'executables', target.name);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'pgweir');
    const metafile = join(folder, 'bundle.json');
    const runtime = runtimeFor(release.root, target);
    buildBinary(path, {
      metafile,
      ...(isHost(target) ? {} : { target: { name: target.bun, runtime } }),
    });
    if (target.platform === 'darwin') signWhereNeeded(path);
    release.say(`${releaseFile(release, target.name)}: ${tried(release, target, path)}`);
    const { inputs }: { readonly inputs: Readonly<Record<string, unknown>> } = JSON.parse(
      readFileSync(metafile, 'utf8'),
    );
    return { target, path, inputs: Object.keys(inputs) };
  });
}

function signWhereNeeded(path: string): void {
  const file = readFileSync(path);
  if (signatureProblem(file) !== undefined) writeFileSync(path, signAdHoc(file, 'pgweir'));
}

/** Debian's name of the emulator. QEMU_LD_PREFIX names the folder of that machine's libraries. */
const EMULATORS: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  arm64: 'qemu-aarch64-static',
};

/** What has been tried. @throws Error when it was in vain */
function tried(release: Release, target: Target, path: string): string {
  if (target.platform === 'darwin') {
    const problem = signatureProblem(readFileSync(path));
    if (problem !== undefined) throw new Error(`${path} ${problem}`);
    return 'not run here (macOS); every page is as its signature says';
  }
  if (isHost(target)) {
    sayVersion(release, run(path, ['--version']));
    return 'says its version';
  }
  const emulator = EMULATORS[target.arch];
  const isThere = process.platform === 'linux' && emulator !== undefined && hasProgram(emulator);
  if (!isThere) return `not run here: no ${emulator ?? 'emulator'}`;
  sayVersion(release, run(emulator, [path, '--version']));
  return `says its version under ${emulator}`;
}

function sayVersion({ version }: Release, said: string): void {
  if (said.trim() !== `pgweir ${version}`) throw new Error(`the executable says "${said.trim()}"`);
}
