import { type Finding, finding } from '../tree/finding';
import { type ImportTarget, targetOf } from '../tree/import-target';
import type { Import } from '../tree/imports';
import { type Repository, type SourceFile, type Workspace, workspaceOf } from '../tree/repository';
import { COMPUTED_IMPORTS, DEPENDENCY_RULES, type PackageRule } from './dependency-table';
import { declaredIn } from './manifests';

/** What breaks the dependency rule: each import is allowed, and declared where it is used. */
export function dependencyBreaches(
  repository: Repository,
  rules: Readonly<Record<string, PackageRule>> = DEPENDENCY_RULES,
): readonly Finding[] {
  const unruled = repository.workspaces
    .filter(({ manifest }) => rules[manifest.name] === undefined)
    .map(({ dir, manifest }) => finding(`${dir}/package.json`, 1, `no rule for ${manifest.name}`));
  const breaches = repository.sources.flatMap((file) =>
    file.imports.flatMap((item) => {
      const target = targetOf(repository, file, item);
      const problem = problemOf(repository, rules, { file, item, target });
      return problem === undefined ? [] : [finding(file.path, item.line, problem)];
    }),
  );
  return [...unruled, ...breaches];
}

/** What tests of any package may import by its path: no package that they know exports it. */
const SHARED_WITH_TESTS: ReadonlySet<string> = new Set([
  'packages/demo/src/run-burst.ts', // the burst is the same in the demo and in the tests of cli
]);

interface Use {
  readonly file: SourceFile;
  readonly item: Import;
  readonly target: ImportTarget;
}

function problemOf(
  repository: Repository,
  rules: Readonly<Record<string, PackageRule>>,
  use: Use,
): string | undefined {
  const { file, target } = use;
  if (target.kind === 'computed') {
    return file.path in COMPUTED_IMPORTS ? undefined : 'imports something computed';
  }
  const workspace = workspaceOf(repository, file.path);
  if (workspace === undefined) {
    if (target.kind === 'npm') return undeclared(target.name, [repository.root]);
    return undefined;
  }
  if (target.kind === 'file') return leavingPath(workspace, use, target.path);
  if (target.kind === 'workspace' && target.rest !== '') {
    return `imports a part of ${target.workspace.manifest.name}: packages are imported by name`;
  }
  const name = target.kind === 'workspace' ? target.workspace.manifest.name : target.name;
  if (!file.path.startsWith(`${workspace.dir}/src/`)) {
    // Tests and tools of a package: also what all packages share.
    if (target.kind !== 'npm') return undefined;
    return undeclared(name, [workspace.manifest, repository.root]);
  }
  const rule = rules[workspace.manifest.name];
  if (rule === undefined) return undefined;
  const folder = file.path.slice(`${workspace.dir}/src/`.length);
  if (!isAllowed(rule, use.item, { target, name, folder })) {
    return `${workspace.manifest.name} must not import ${name}${
      use.item.kind === 'type' ? ', not even its types' : ' here'
    }`;
  }
  // What only exists while compiling may come from the tools of the repository.
  const shared = workspace.dir === 'bench' || use.item.kind === 'type' ? [repository.root] : [];
  return target.kind === 'node' ? undefined : undeclared(name, [workspace.manifest, ...shared]);
}

function leavingPath(workspace: Workspace, { file, item }: Use, path: string): string | undefined {
  if (item.kind === 'path') return undefined;
  if (SHARED_WITH_TESTS.has(path) && file.path.startsWith(`${workspace.dir}/test/`)) {
    return undefined;
  }
  if (!path.startsWith(`${workspace.dir}/`)) return `${item.specifier} leaves the package`;
  const source = `${workspace.dir}/src/`;
  if (file.path.startsWith(source) && !path.startsWith(source)) {
    return `${item.specifier} leaves src`;
  }
  return undefined;
}

function isAllowed(
  rule: PackageRule,
  item: Import,
  use: { readonly target: ImportTarget; readonly name: string; readonly folder: string },
): boolean {
  const { target, name, folder } = use;
  if (target.kind === 'workspace') {
    if (rule.packages.includes(name)) return true;
    if (item.kind === 'type') return rule.types?.includes(name) === true;
    return item.kind === 'lazy' && rule.lazily?.includes(name) === true;
  }
  const allowed = target.kind === 'node' ? rule.node : rule.npm;
  if (allowed === 'any' || allowed === 'declared') return true;
  const below = allowed[name] ?? allowed[`${name.split('/')[0]}/*`];
  return below !== undefined && folder.startsWith(below);
}

function undeclared(
  name: string,
  manifests: readonly Parameters<typeof declaredIn>[0][],
): string | undefined {
  return manifests.some((manifest) => declaredIn(manifest).has(name))
    ? undefined
    : `imports ${name}, which its package.json does not declare`;
}
