import { type Finding, finding } from '../tree/finding';
import type { Repository, SourceFile } from '../tree/repository';
import {
  argumentsOf,
  identifierName,
  isSyntaxNode,
  type SyntaxNode,
  stringValue,
  walk,
} from '../tree/syntax';

/** Rules of the style that the linter checks for us; they must stay on, everywhere. */
export const LINT_RULES: readonly string[] = [
  ...['noExplicitAny', 'noEmptyBlockStatements', 'noNonNullAssertion', 'noEnum', 'noNamespace'],
  ...['noDefaultExport', 'noParameterProperties', 'useImportType', 'noUnusedImports'],
];

/** Who may switch one of these off, and which. */
const LINT_OVERRIDES: Readonly<Record<string, readonly string[]>> = {
  'jest.config.ts': ['noDefaultExport'], // jest reads the default export
};

/** Lines of text that do not belong into a repository. */
const UNWANTED: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\b(?:TO[D]O|FIX[M]E)\b/, what: 'a note to do something later' },
  {
    pattern: /(?<![\w.~$}-])\/(?:work|home|root|Users)\/[\w.-]/,
    what: "a path of somebody's machine",
  },
  { pattern: /\b[A-Z]:\\+Users\\/, what: "a path of somebody's machine" },
  { pattern: /^(?:<{7} |>{7} |={7}$)/, what: 'a merge conflict' },
];

/** Not ours: the licence's text is what it is, and the lock file is npm's. */
const FOREIGN_TEXT = new Set(['LICENSE', 'package-lock.json']);

export function textBreaches(repository: Repository): readonly Finding[] {
  return repository.files
    .filter((file) => !FOREIGN_TEXT.has(file.path) && !file.text.includes('\0'))
    .flatMap(({ path, text }) =>
      UNWANTED.some(({ pattern }) => new RegExp(pattern, 'm').test(text))
        ? text
            .split('\n')
            .flatMap((line, index) =>
              UNWANTED.filter(({ pattern }) => pattern.test(line)).map(({ what }) =>
                finding(path, index + 1, what),
              ),
            )
        : [],
    );
}

/** Where the compiler or the linter is told to look away from a rule of the style. */
export function silencedChecks(repository: Repository): readonly Finding[] {
  const ignored = new RegExp(`biome-ignore[^:]*(?:${LINT_RULES.join('|')})`);
  return repository.sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const isSilenced = /(?:\/\/|\/\*)\s*@ts-/.test(line) || ignored.test(line);
      return isSilenced ? [finding(path, index + 1, 'silences a check')] : [];
    }),
  );
}

/** Rules that the linter's configuration does not make errors. */
export function missingLintRules(repository: Repository): readonly string[] {
  const file = repository.files.find(({ path }) => path === 'biome.json');
  if (file === undefined) return ['biome.json'];
  const config: LintConfig = JSON.parse(file.text);
  const levels = levelsOf(config);
  const missing = LINT_RULES.filter((rule) => levels.get(rule) !== 'error');
  const overridden = (config.overrides ?? []).flatMap((override) =>
    [...levelsOf(override)]
      .filter(([rule, level]) => LINT_RULES.includes(rule) && level !== 'error')
      .flatMap(([rule]) =>
        (override.includes ?? ['everywhere'])
          .filter((path) => LINT_OVERRIDES[path]?.includes(rule) !== true)
          .map((path) => `${rule} in ${path}`),
      ),
  );
  return [...missing, ...overridden];
}

interface LintConfig {
  readonly includes?: readonly string[];
  readonly linter?: { readonly rules?: Readonly<Record<string, unknown>> };
  readonly overrides?: readonly LintConfig[];
}

function levelsOf(config: LintConfig): ReadonlyMap<string, unknown> {
  const groups = Object.values(config.linter?.rules ?? {});
  return new Map(
    groups.flatMap((group) => (typeof group === 'object' && group ? Object.entries(group) : [])),
  );
}

/** What the linter lets pass: silent catches, decorators, tests that are left out. */
export function codeBreaches(repository: Repository): readonly Finding[] {
  return repository.sources.flatMap((file) => {
    const found: Finding[] = [];
    for (const { node } of file.tree.nodes) {
      const what = breachOf(node);
      if (what !== undefined) found.push(finding(file.path, file.tree.lineOf(node), what));
    }
    return [...found, ...leftFolders(file), ...loadsLate(file)];
  });
}

function breachOf(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'CatchClause': {
      const { body } = node;
      const statements = isSyntaxNode(body) ? body.stmts : undefined;
      return Array.isArray(statements) && statements.length === 0 ? 'an empty catch' : undefined;
    }
    case 'Decorator':
      return 'a decorator';
    case 'CallExpression':
      return leftOutTest(node);
    default:
      return undefined;
  }
}

const FOCUSED = new Set(['fit', 'ftest', 'fdescribe']);
const SKIPPED = new Set(['xit', 'xtest', 'xdescribe']);

/**
 * A test that runs alone, or one that never runs and does not say why in its name. A choice such as
 * `(onLinux ? test : test.skip)('... (Linux only)')` says why by itself.
 */
function leftOutTest(call: SyntaxNode): string | undefined {
  const callee = call.callee;
  const name = identifierName(callee) ?? '';
  const member = isSyntaxNode(callee) ? testMember(callee) : undefined;
  if (FOCUSED.has(name) || member === 'only') return 'a test that runs alone';
  if (SKIPPED.has(name) || member === 'todo') return 'a test that never runs';
  if (member !== 'skip') return undefined;
  const [title] = argumentsOf(call);
  return titleText(title).includes('(skipped: ') ? undefined : 'a skipped test without a reason';
}

/** The last name of `test.only`, `describe.skip` and the like. */
function testMember(callee: SyntaxNode): string | undefined {
  if (callee.type !== 'MemberExpression') return undefined;
  const object = identifierName(callee.object) ?? '';
  const isTest = ['test', 'it', 'describe'].includes(object);
  return isTest ? identifierName(callee.property) : undefined;
}

function titleText(title: unknown): string {
  const text: string[] = [];
  walk(title, (node) => {
    if (node.type === 'TemplateElement') text.push(String(node.raw));
    text.push(stringValue(node) ?? '');
  });
  return text.join('');
}

/** A file of concurrent tests that may load a module when Jest lets nobody do that any more. */
function loadsLate(file: SourceFile): readonly Finding[] {
  const nodes = file.tree.nodes.map(({ node }) => node);
  const first = nodes.find((node) => testMember(node) === 'concurrent');
  const isLoaded = nodes.some(
    (node) =>
      node.type === 'ImportDeclaration' && stringValue(node.source)?.endsWith('/all-loaded'),
  );
  if (first === undefined || isLoaded) return [];
  return [finding(file.path, file.tree.lineOf(first), 'concurrent tests without all-loaded.ts')];
}

/** A file that makes temporary folders and never removes one. */
function leftFolders(file: SourceFile): readonly Finding[] {
  const calls = new Set<string>();
  let madeAt = 0;
  for (const { node } of file.tree.nodes) {
    if (node.type !== 'CallExpression') continue;
    const callee = node.callee;
    const name =
      identifierName(callee) ??
      (isSyntaxNode(callee) ? identifierName(callee.property) : undefined);
    if (name === undefined) continue;
    calls.add(name);
    if (name.startsWith('mkdtemp')) madeAt = file.tree.lineOf(node);
  }
  if (madeAt === 0 || calls.has('rm') || calls.has('rmSync')) return [];
  return [finding(file.path, madeAt, 'makes a temporary folder and never removes it')];
}
