import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The top folder of the repository that this file was built in. */
export const ROOT = resolve(__dirname, '..', '..', '..');

/** What is read of a package.json; everything else in it is kept as it is. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly private?: boolean;
  readonly publishConfig?: { readonly access?: string };
  readonly main?: string;
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[];
}

/** A package of the workspace; `dir` is relative to the root. */
export interface WorkspacePackage {
  readonly dir: string;
  readonly manifest: Manifest;
}

export function readManifest(root: string, dir = ''): Manifest {
  return JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8'));
}

export function workspacePackages(root: string): readonly WorkspacePackage[] {
  return (readManifest(root).workspaces ?? []).map((dir) => ({
    dir,
    manifest: readManifest(root, dir),
  }));
}

/** Those that people install; all others are private. */
export function publishedPackages(root: string): readonly WorkspacePackage[] {
  return workspacePackages(root).filter(({ manifest }) => manifest.private !== true);
}
