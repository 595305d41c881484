import { type Finding, finding } from '../tree/finding';
import type { Repository, SourceFile } from '../tree/repository';
import { identifierName, isSyntaxNode, type Place, type SyntaxNode, walk } from '../tree/syntax';

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;
export const CODE_COLUMNS_MAX = 100;
/** Some comments run a few columns over; 100 once they are wrapped anew. */
export const COMMENT_COLUMNS_MAX = 107;
/** A string of this length and more may run over: the formatter cannot break it. */
const LONG_LITERAL_CHARS = 25;

/** Files that are data written as code. */
const DATA = [/^packages\/testkit\/src\/differential\/scripts\//];

/** `path` or `path function` of what is over a limit, with the reason. It should get shorter. */
export type Exemptions = Readonly<Record<string, string>>;

const FUNCTIONS = new Set([
  ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'],
  ...['ClassMethod', 'PrivateMethod', 'Constructor'],
  ...['MethodProperty', 'GetterProperty', 'SetterProperty'],
]);

/** Files, functions and lines that are over their limit. */
export function sizeBreaches(repository: Repository, exempt: Exemptions): readonly Finding[] {
  return repository.sources
    .filter((file) => !DATA.some((pattern) => pattern.test(file.path)))
    .flatMap((file) => [
      ...(file.path in exempt ? [] : longFile(file)),
      ...longFunctions(file, exempt),
      ...longLines(file),
    ]);
}

/** Exemptions for what is no longer over a limit, or no longer there. */
export function needlessExemptions(repository: Repository, exempt: Exemptions): readonly string[] {
  const over = sizeBreaches(repository, {});
  return Object.keys(exempt).filter((key) => {
    const [path = '', name] = key.split(' ');
    const what = name === undefined ? 'the file has' : `${name} has`;
    return !over.some((found) => found.startsWith(`${path}:`) && found.includes(what));
  });
}

function longFile({ path, text }: SourceFile): readonly Finding[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines <= FILE_LINES_MAX) return [];
  return [finding(path, lines, `the file has ${lines} lines, more than ${FILE_LINES_MAX}`)];
}

function longFunctions(file: SourceFile, exempt: Exemptions): readonly Finding[] {
  const found: Finding[] = [];
  for (const { node, place } of file.tree.nodes) {
    if (!FUNCTIONS.has(node.type)) continue;
    const line = file.tree.lineOf(node);
    const lines = file.tree.lastLineOf(node) - line + 1;
    const name = functionName(node, place);
    if (lines <= FUNCTION_LINES_MAX || `${file.path} ${name}` in exempt) continue;
    // A group of tests is as long as the tests in it.
    if (isGroupOfTests(node, place)) continue;
    found.push(
      finding(file.path, line, `${name} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`),
    );
  }
  return found;
}

function functionName(node: SyntaxNode, { parent }: Place): string {
  const own = node.identifier ?? node.key ?? parent?.id ?? parent?.key;
  const inner = typeof own === 'object' && own !== null && 'value' in own ? own.value : undefined;
  return typeof inner === 'string' ? inner : '(function)';
}

/** What `describe(...)` or `describe.each(...)(...)` calls, or a function that declares tests. */
function isGroupOfTests(node: SyntaxNode, { parent }: Place): boolean {
  if (parent?.type === 'CallExpression' && mentions(parent.callee, ['describe'])) return true;
  let declares = false;
  walk(node.body, (inner) => {
    if (inner.type !== 'CallExpression') return;
    if (mentions(inner.callee, ['test', 'describe'])) declares = true;
  });
  return declares;
}

/** `names` are called, also as in `test.each(table)(...)`. */
function mentions(callee: unknown, names: readonly string[]): boolean {
  if (!isSyntaxNode(callee)) return false;
  const name = identifierName(callee);
  if (name !== undefined) return names.includes(name);
  return mentions(callee.type === 'CallExpression' ? callee.callee : callee.object, names);
}

function longLines(file: SourceFile): readonly Finding[] {
  const lines = file.text.split('\n');
  if (lines.every((line) => line.length <= CODE_COLUMNS_MAX)) return [];
  const literals = linesWithLongLiterals(file);
  return lines.flatMap((line, index) => {
    if (line.length <= CODE_COLUMNS_MAX || literals.has(index + 1)) return [];
    const isComment = /^\s*(\*|\/\/|\/\*)/.test(line) || / \/\/ /.test(line);
    const most = isComment ? COMMENT_COLUMNS_MAX : CODE_COLUMNS_MAX;
    if (line.length <= most) return [];
    return [
      finding(file.path, index + 1, `the line has ${line.length} columns, more than ${most}`),
    ];
  });
}

function linesWithLongLiterals({ tree }: SourceFile): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { node } of tree.nodes) {
    const isTemplate = node.type === 'TemplateLiteral';
    const isText = node.type === 'StringLiteral' || node.type === 'RegExpLiteral';
    const text = String(node.value ?? node.pattern ?? '');
    if (!isTemplate && !(isText && text.length >= LONG_LITERAL_CHARS)) continue;
    for (let line = tree.lineOf(node); line <= tree.lastLineOf(node); line++) found.add(line);
  }
  return found;
}
