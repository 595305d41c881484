import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../workspace';
import { lockVersions, manifestVersions, type VersionedText } from './manifest-versions';

/** A version that a file states. */
export interface StatedVersion {
  readonly path: string;
  /** Which one, where a file has several. */
  readonly what: string;
  readonly version: string;
}

/**
 * Every place that states the version: the one in the package.json at the top counts, and all others
 * must equal it.
 */
export function statedVersions(root: string): readonly StatedVersion[] {
  return places(root).flatMap(({ path, kind }) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...kind.read(text)].map(({ what, version }) => ({ path, what, version }));
  });
}

/** States `version` everywhere. @returns the files that have changed */
export function setVersion(root: string, version: string): readonly string[] {
  return places(root).flatMap(({ path, kind }) => {
    const file = join(root, path);
    const text = readFileSync(file, 'utf8');
    const changed = kind.write(text, version);
    if (changed === text) return [];
    writeFileSync(file, changed);
    return [path];
  });
}

interface Place {
  readonly path: string;
  readonly kind: VersionedText;
}

/** A version as SemVer has it, without build metadata, which Debian and npm order differently. */
export const VERSION_PATTERN = /\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/;

function places(root: string): readonly Place[] {
  const { workspaces = [] } = readManifest(root);
  return [
    ...['', ...workspaces.map((dir) => `${dir}/`)].map((dir) => ({
      path: `${dir}package.json`,
      kind: manifestVersions,
    })),
    { path: 'package-lock.json', kind: lockVersions },
    { path: 'packages/cli/src/version.ts', kind: pattern("export const VERSION = '(VERSION)'") },
    // Generated out of version.ts; changed here so that they need not be generated anew.
    { path: 'packages/cli/docs/pgweir.1', kind: pattern('^\\.TH .*"pgweir (VERSION)"') },
    { path: 'packages/cli/docs/pgweir.5', kind: pattern('^\\.TH .*"pgweir (VERSION)"') },
    ...below(root, 'docker').flatMap((path) => placeIn(path)),
  ];
}

/** Image, chart and compose file, wherever they are below docker/. */
function placeIn(path: string): readonly Place[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'Dockerfile') return [{ path, kind: pattern('^ARG VERSION="?(VERSION)"?$') }];
  if (name === 'Chart.yaml') {
    return [{ path, kind: pattern('^ *(?:version|appVersion): *"?(VERSION)"?$') }];
  }
  if (name === 'compose.yaml') {
    return [{ path, kind: pattern('^ *image: *"?pgweir(?:/pgweir)?:(VERSION)"?$') }];
  }
  return [];
}

function below(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return below(root, path);
    return entry.isFile() ? [path] : [];
  });
}

/** `(VERSION)` in a regular expression of lines. */
function pattern(source: string): VersionedText {
  const finder = new RegExp(source.replace('(VERSION)', `(${VERSION_PATTERN.source})`), 'gm');
  return {
    read: (text) =>
      [...text.matchAll(finder)].map((found) => ({
        what: found[0].trim(),
        version: found[1] ?? '',
      })),
    write: (text, version) =>
      text.replace(finder, (line: string, old: string) => line.replace(old, version)),
  };
}
