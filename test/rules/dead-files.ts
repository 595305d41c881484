import { posix } from 'node:path';
import { type Finding, finding } from '../tree/finding';
import { targetOf } from '../tree/import-target';
import type { Repository, Workspace } from '../tree/repository';

/** What people and configuration files run, although no package.json names it. */
const TOOLS: readonly string[] = [
  'test/count-reporter.js', // jest.config.ts
  'test/bun-environment.js', // jest.config.ts
  'test/long-first.js', // jest.config.ts
  'packages/dashboard/src/page/page.tsx', // the web page: what is bundled
  'bench/src/own-code/main.ts', // what our own code takes, without a socket
  'bench/src/split/main.ts', // what it costs to send reads to a replica
  'bench/src/profile/main.ts', // reads what `npm run bench -- --profile` leaves
  'packages/testkit/src/differential/main.ts', // plays scripts to PostgreSQL and through pgweir
  'packages/testkit/src/conformance/main.ts', // plays scenarios of session state, and the table
  'packages/testkit/src/isolation/main.ts', // the isolation check, as long as you like
  'packages/testkit/src/pipeline-fuzz/main.ts', // random pipelines, as long as you like
  'packages/testkit/src/state-fuzz/main.ts', // the state fuzzer, as long as you like
  'packages/testkit/src/failover-rounds/main.ts', // failovers under load, as many as you like
  'packages/testkit/src/own-writes/main.ts', // reads after writes with a replica that is behind
];

/** Files that no entry point reaches: nobody runs them, and their tests keep them alive. */
export function deadFiles(repository: Repository): readonly Finding[] {
  const files = new Map(repository.sources.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const file = files.get(path);
    if (file === undefined || reached.has(path)) return;
    reached.add(path);
    const isTest = path.includes('test/');
    for (const item of file.imports) {
      const target = targetOf(repository, file, item);
      // What only a test reaches is dead in src, but alive among the helpers of the tests.
      if (target.kind === 'file' && isTest === target.path.includes('test/')) visit(target.path);
    }
  };
  for (const entry of entryPoints(repository)) visit(entry);
  return [...files.keys()]
    .filter((path) => /(^|\/)(src|test)\//.test(path) && !reached.has(path))
    .map((path) => finding(path, 1, 'is reached by no entry point'));
}

/** Main and bin of each package, every program in a script of a package.json, and the tests. */
export function entryPoints(repository: Repository): readonly string[] {
  const sourceOf = ({ dir }: { readonly dir: string }, built: string): string =>
    posix.join(dir, built).replace(/\/dist\/(.*)\.js$/, '/src/$1.ts');
  const programs = (scripts: Readonly<Record<string, string>> = {}): readonly string[] =>
    Object.values(scripts).flatMap((script) => script.match(/[\w./-]*dist\/[\w./-]+\.js/g) ?? []);
  const ofWorkspace = (workspace: Workspace): readonly string[] => {
    const { main, bin = {}, scripts } = workspace.manifest;
    const built = [...(main === undefined ? [] : [main]), ...Object.values(bin)];
    return [...built, ...programs(scripts)].map((path) => sourceOf(workspace, path));
  };
  return [
    ...repository.workspaces.flatMap(ofWorkspace),
    ...programs(repository.root.scripts).map((path) => sourceOf({ dir: '' }, path)),
    ...repository.files.map((file) => file.path).filter((path) => path.endsWith('.test.ts')),
    ...TOOLS,
  ];
}
