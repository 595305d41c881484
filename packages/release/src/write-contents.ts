import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledComponents, type Component, installedComponents } from './contents/components';
import { cycloneDx } from './contents/cyclonedx';
import { thirdPartyNotices } from './contents/notices';
import { readLockFile } from './lock-file';
import type { Executable } from './make-executables';
import { type Release, releaseFile } from './release';
import { lockedRuntime } from './runtime-package';
import { publishedPackages } from './workspace';

/** What of others we hand out: by npm's packages, and by the executable. */
export interface Contents {
  readonly installed: readonly Component[];
  readonly bundled: readonly Component[];
  /** Bun's version. */
  readonly runtime: string;
  /** The text that goes with the executable. */
  readonly notices: string;
}

/** What the lock file says of our packages, and what the compiler says of an executable. */
export function readContents({ root }: Release, { target, inputs }: Executable): Contents {
  const lock = readLockFile(root);
  const roots = publishedPackages(root).map(({ dir }) => dir);
  const installed = installedComponents(lock, roots);
  const bundled = bundledComponents(lock, installed, inputs);
  const runtime = lockedRuntime(lock, target.runtimePackage).version;
  return { installed, bundled, runtime, notices: thirdPartyNotices(root, bundled, runtime) };
}

/** Writes both bills of materials. @returns their paths */
export function writeBills(release: Release, contents: Contents): readonly string[] {
  const { version, epoch, out } = release;
  const bills = [
    { kind: 'npm', components: contents.installed, runtime: undefined },
    { kind: 'executable', components: contents.bundled, runtime: contents.runtime },
  ];
  return bills.map((bill) => {
    const name = `${releaseFile(release, bill.kind)}.cdx.json`;
    writeFileSync(join(out, name), cycloneDx({ ...bill, version, epoch }));
    release.say(`${name}: ${bill.components.length} packages`);
    return join(out, name);
  });
}
