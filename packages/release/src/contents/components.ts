import { type LockFile, resolveLocked } from '../lock-file';

/** A package of somebody else that is part of what we hand out. */
export interface Component {
  /** Where it is installed, as the lock file names it. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  readonly integrity: string | undefined;
  /** The paths of the components that it depends on. */
  readonly dependsOn: readonly string[];
}

/** Drawn into the files of the web page, not loaded: nobody's dependency at run time. */
const IN_THE_PAGE: readonly string[] = ['preact', 'uplot'];

/**
 * What npm installs with the packages at `roots`: their dependencies and optional dependencies, and those
 * of these, without our own packages. (`npm sbom` leaves out what is also a dependency for development.)
 *
 * @param roots - folders of our packages, as the lock file names them
 */
export function installedComponents(
  lock: LockFile,
  roots: readonly string[],
): readonly Component[] {
  const found = new Map<string, Component>();
  const open = new Set(roots);
  for (const name of IN_THE_PAGE) {
    const path = resolveLocked(lock, '', name);
    if (path !== undefined) open.add(path);
  }
  // A Set that grows while it is walked is walked to its end.
  for (const path of open) {
    const dependsOn = dependenciesOf(lock, path);
    for (const dependency of dependsOn) open.add(dependency);
    const component = componentAt(lock, path, dependsOn.filter(isForeign));
    if (isForeign(path)) found.set(path, component);
  }
  return sorted([...found.values()]);
}

/** Those of `installed` of which a file is in a bundle. @throws Error when there are others in it */
export function bundledComponents(
  lock: LockFile,
  installed: readonly Component[],
  inputs: readonly string[],
): readonly Component[] {
  const paths = new Set(inputs.map(packagePath).filter((path) => path !== undefined));
  const known = new Map(installed.map((component) => [component.path, component]));
  const page = IN_THE_PAGE.map((name) => resolveLocked(lock, '', name));
  for (const path of page) if (path !== undefined) paths.add(path);
  return sorted(
    [...paths].map((path) => {
      const component = known.get(path);
      if (component === undefined) throw new Error(`${path} is bundled, but not a dependency`);
      const dependsOn = component.dependsOn.filter((dependency) => paths.has(dependency));
      return { ...component, dependsOn };
    }),
  );
}

/** The package's folder in the path of one of its files; undefined for files of ours. */
export function packagePath(file: string): string | undefined {
  const found = /(?:^|\/)((?:packages\/[^/]+\/)?(?:node_modules\/(?:@[^/]+\/)?[^/]+\/?)+)/.exec(
    file,
  );
  return found?.[1]?.replace(/\/$/, '');
}

function dependenciesOf(lock: LockFile, path: string): readonly string[] {
  const { dependencies = {}, optionalDependencies = {} } = lock.get(path) ?? {};
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap((name) => {
    const found = resolveLocked(lock, path, name);
    if (found === undefined && name in optionalDependencies) return [];
    if (found === undefined)
      throw new Error(`package-lock.json lacks ${name}, which ${path} needs`);
    return [found];
  });
}

function componentAt(lock: LockFile, path: string, dependsOn: readonly string[]): Component {
  const entry = lock.get(path);
  if (entry === undefined) throw new Error(`package-lock.json lacks ${path}`);
  const { version, license, integrity } = entry;
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return { path, name, version, license, integrity, dependsOn };
}

function isForeign(path: string): boolean {
  return path.includes('node_modules/');
}

function sorted(components: readonly Component[]): readonly Component[] {
  return [...components].sort((a, b) => (a.path < b.path ? -1 : 1));
}
