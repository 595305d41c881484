import { posix } from 'node:path';
import type { Import } from './imports';
import type { Repository, SourceFile, Workspace } from './repository';

export type ImportTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'workspace'; readonly workspace: Workspace; readonly rest: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'npm'; readonly name: string }
  | { readonly kind: 'computed' };

/** What an import means. The path of a file need not exist: then it has no ending. */
export function targetOf(repository: Repository, file: SourceFile, item: Import): ImportTarget {
  const { specifier } = item;
  if (specifier === undefined) return { kind: 'computed' };
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(file.path), specifier);
    return { kind: 'file', path: existingFile(repository, path) };
  }
  // What comes with a runtime: Node's modules, which Bun has too, and Bun's own.
  if (/^(node|bun):/.test(specifier)) return { kind: 'node', name: specifier };
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const workspace = repository.workspaces.find((candidate) => candidate.manifest.name === name);
  if (workspace === undefined) return { kind: 'npm', name };
  return { kind: 'workspace', workspace, rest: specifier.slice(name.length) };
}

function existingFile(repository: Repository, path: string): string {
  const source = path.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  const candidates = [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`, source];
  const paths = pathsOf(repository);
  return candidates.find((candidate) => paths.has(candidate)) ?? path;
}

const pathCache = new WeakMap<Repository, ReadonlySet<string>>();

function pathsOf(repository: Repository): ReadonlySet<string> {
  let paths = pathCache.get(repository);
  if (paths === undefined) {
    paths = new Set(repository.files.map((file) => file.path));
    pathCache.set(repository, paths);
  }
  return paths;
}
