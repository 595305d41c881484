import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkspacePackage } from './workspace';

export interface StagedPackage {
  readonly stage: string;
  readonly files: readonly string[];
}

/** Built by `npm run build`, but not by the compiler: `dist` has it although `src` has no such file. */
const GENERATED: ReadonlySet<string> = new Set(['packages/dashboard/dist/built-page.js']);

/** Why a package must not be handed out like this. */
export function packageProblems(
  root: string,
  { dir, manifest }: WorkspacePackage,
  { stage, files }: StagedPackage,
): readonly string[] {
  const has = new Set(files);
  const needed = [
    ...['LICENSE', 'README.md', 'package.json'],
    ...[...GENERATED].flatMap((path) =>
      path.startsWith(`${dir}/`) ? path.slice(dir.length + 1) : [],
    ),
    ...[manifest.main, ...Object.values(manifest.bin ?? {})].filter((path) => path !== undefined),
  ];
  return [
    ...needed.filter((path) => !has.has(path)).map((path) => `lacks ${path}`),
    // To npm what has a scope is private unless it says otherwise, which costs money.
    ...(manifest.publishConfig?.access === 'public' ? [] : ['lacks publishConfig.access = public']),
    ...files.flatMap((path) => fileProblems(join(root, dir), { stage, path, dir })),
  ].map((problem) => `${manifest.name}: ${problem}`);
}

function fileProblems(
  source: string,
  { stage, path, dir }: { readonly stage: string; readonly path: string; readonly dir: string },
): readonly string[] {
  const problems: string[] = [];
  if (/(^|\/)(test|tests|node_modules)\/|\.test\.|\.tsx?$(?<!\.d\.ts)|\.log$/.test(path)) {
    problems.push(`has ${path}, which is not for whoever installs it`);
  }
  const built = /^dist\/(.*)\.js$/.exec(path)?.[1];
  const isOurs = built !== undefined && !GENERATED.has(`${dir}/${path}`);
  if (isOurs && !existsSync(join(source, 'src', `${built}.ts`)) && !isTsx(source, built)) {
    problems.push(`has ${path}, of which there is no source: remove dist and build again`);
  }
  if (path.endsWith('.map')) problems.push(...mapProblems(join(stage, path), path));
  return problems;
}

function isTsx(source: string, built: string): boolean {
  return existsSync(join(source, 'src', `${built}.tsx`));
}

/** A source map that names folders of the machine that it was made on. */
function mapProblems(file: string, path: string): readonly string[] {
  const map: { readonly sourceRoot?: string; readonly sources?: readonly string[] } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  const named = [map.sourceRoot ?? '', ...(map.sources ?? [])];
  return named.some((name) => /^(\/|[A-Za-z]:|file:)/.test(name))
    ? [`has ${path} with an absolute path`]
    : [];
}
