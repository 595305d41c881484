import { targetOf } from '../tree/import-target';
import { type Repository, workspaceOf } from '../tree/repository';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Cycles of files at run time; types may refer to each other, they are gone by then. */
export function fileCycles(repository: Repository): readonly string[] {
  const edges = new Map<string, Set<string>>();
  for (const file of repository.sources) {
    const targets = new Set<string>();
    for (const item of file.imports) {
      if (item.kind === 'type' || item.kind === 'path') continue;
      const target = targetOf(repository, file, item);
      if (target.kind === 'file') targets.add(target.path);
    }
    edges.set(file.path, targets);
  }
  return cyclesOf(edges);
}

/** Cycles of packages, with their types and with what their package.json declares. */
export function packageCycles(repository: Repository): readonly string[] {
  const edges = new Map<string, Set<string>>(
    repository.workspaces.map(({ manifest }) => [
      manifest.name,
      new Set(Object.keys(manifest.dependencies ?? {})),
    ]),
  );
  for (const file of repository.sources) {
    const own = workspaceOf(repository, file.path);
    if (own === undefined || !file.path.startsWith(`${own.dir}/src/`)) continue;
    for (const item of file.imports) {
      const target = targetOf(repository, file, item);
      if (target.kind === 'workspace') {
        edges.get(own.manifest.name)?.add(target.workspace.manifest.name);
      }
    }
  }
  return cyclesOf(edges);
}

/** One cycle, as `a -> b -> a`, for each way back that a depth-first search finds. */
function cyclesOf(graph: Graph): readonly string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const at = path.indexOf(node);
    if (at >= 0) {
      cycles.push([...path.slice(at), node].join(' -> '));
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}
