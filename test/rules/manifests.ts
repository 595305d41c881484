import { type Finding, finding } from '../tree/finding';
import { targetOf } from '../tree/import-target';
import { type Manifest, type Repository, workspaceOf } from '../tree/repository';
import { DEPENDENCY_RULES, type PackageRule } from './dependency-table';

export const LICENSE_ID = 'Apache-2.0';

/** The packages that a package.json declares, of any kind. */
export function declaredIn(manifest: Manifest): ReadonlySet<string> {
  return new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.devDependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
  ]);
}

/** All packages are released together: one version, one licence. */
export function releaseBreaches(repository: Repository): readonly Finding[] {
  const version = repository.workspaces[0]?.manifest.version;
  const names = new Set(repository.workspaces.map(({ manifest }) => manifest.name));
  const all = [{ dir: '.', manifest: repository.root }, ...repository.workspaces];
  return all.flatMap(({ dir, manifest }) => {
    const problems = Object.entries(manifest.dependencies ?? {})
      .filter(([name, wanted]) => names.has(name) && wanted !== version)
      .map(([name, wanted]) => `depends on ${name} ${wanted}, not ${version}`);
    if (manifest.license !== LICENSE_ID) problems.push(`license is not ${LICENSE_ID}`);
    if (dir !== '.' && manifest.version !== version) problems.push(`version is not ${version}`);
    return problems.map((problem) => finding(`${dir}/package.json`, 1, problem));
  });
}

/** Dependencies that nobody imports, or that the dependency rule would not let in. */
export function declarationBreaches(
  repository: Repository,
  rules: Readonly<Record<string, PackageRule>> = DEPENDENCY_RULES,
): readonly Finding[] {
  const used = new Set<string>();
  for (const file of repository.sources) {
    const dir = workspaceOf(repository, file.path)?.dir;
    if (dir === undefined || !file.path.startsWith(`${dir}/src/`)) continue;
    for (const item of file.imports) {
      const target = targetOf(repository, file, item);
      if (target.kind === 'npm') used.add(`${dir} ${target.name}`);
      if (target.kind === 'workspace') used.add(`${dir} ${target.workspace.manifest.name}`);
    }
  }
  return repository.workspaces.flatMap(({ dir, manifest }) => {
    const programs = rules[manifest.name]?.programs ?? [];
    return Object.keys(manifest.dependencies ?? {})
      .filter((name) => !used.has(`${dir} ${name}`) && !programs.includes(name))
      .map((name) =>
        finding(`${dir}/package.json`, 1, `declares ${name}, which src never imports`),
      );
  });
}

/** Where the lock file or .npmrc names the host that packages came from. */
export function registryBreaches(repository: Repository): readonly Finding[] {
  return repository.files.flatMap(({ path, text }) => {
    const isLock = path === 'package-lock.json';
    if (!isLock && !/(^|\/)\.npmrc$/.test(path)) return [];
    return text.split('\n').flatMap((line, index) => {
      const names = isLock ? /"resolved":\s*"\w+:/.test(line) : /registry\s*=|\/\//.test(line);
      return names ? [finding(path, index + 1, 'names a registry')] : [];
    });
  });
}
