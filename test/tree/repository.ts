import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Import, importsOf } from './imports';
import { parseTypeScript, type SyntaxTree } from './syntax';

/** What is in the tree although nobody wrote it. */
const NOT_SOURCES = new Set([
  ...['node_modules', 'dist', 'build', 'coverage', '.terraform'],
  ...['.git', '.idea', '.vscode'],
]);
const NOT_TEXT = /\.(tsbuildinfo|log|png|ico|gz)$/;

/** A file; `path` is relative to the root, with forward slashes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface SourceFile extends TextFile {
  readonly tree: SyntaxTree;
  readonly imports: readonly Import[];
}

/** A package of the workspace; `dir` is relative to the root. */
export interface Workspace {
  readonly dir: string;
  readonly manifest: Manifest;
}

export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly license?: string;
  readonly main?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Repository {
  readonly root: Manifest;
  readonly workspaces: readonly Workspace[];
  readonly files: readonly TextFile[];
  readonly sources: readonly SourceFile[];
}

/** Reads the whole tree below `dir`, except for what was installed or built. */
export function readRepository(dir: string): Repository {
  return repositoryOf(
    listFiles(dir, '').map((path) => ({ path, text: readFileSync(join(dir, path), 'utf8') })),
  );
}

export function repositoryOf(files: readonly TextFile[]): Repository {
  const manifestIn = (folder: string): Manifest => {
    const path = folder === '' ? 'package.json' : `${folder}/package.json`;
    const file = files.find((candidate) => candidate.path === path);
    if (file === undefined) throw new Error(`there is no ${path}`);
    return JSON.parse(file.text);
  };
  const root = manifestIn('');
  const folders = root.workspaces ?? [];
  return {
    root,
    workspaces: folders.map((folder) => ({ dir: folder, manifest: manifestIn(folder) })),
    files,
    sources: files.filter((file) => /\.(tsx?|js)$/.test(file.path)).map(sourceFile),
  };
}

/** The workspace that a file belongs to. */
export function workspaceOf(repository: Repository, path: string): Workspace | undefined {
  return repository.workspaces.find((workspace) => path.startsWith(`${workspace.dir}/`));
}

function sourceFile(file: TextFile): SourceFile {
  const tree = parseTypeScript(file.text, { tsx: file.path.endsWith('.tsx') });
  return { ...file, tree, imports: importsOf(tree) };
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_SOURCES.has(entry.name) || NOT_TEXT.test(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFiles(root, path);
    return entry.isFile() ? [path] : [];
  });
}
