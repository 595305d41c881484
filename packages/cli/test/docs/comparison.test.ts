import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../support/docs/pages';

const DOCS = path.join(ROOT, 'docs');
const COLUMNS = 'pgweir | PgBouncer | RDS Proxy | PgCat | PgDog | Odyssey | Supavisor'.split(' | ');
/** Rows that have a fact in each cell, and no answer to a question. */
const FACTS = [
  'modes of pooling',
  'CPU for each transaction',
  'written in',
  'licence',
  'who runs it',
];
const LINK = /(?<!!)\[[^\]^][^\]]*\]\(([^)\s]+)\)/g;

interface Row {
  readonly feature: string;
  readonly cells: readonly string[];
}

/** The cells of each line of the tables that compare products: the wide ones. */
function tablesOf(text: string): readonly (readonly Row[])[] {
  const blocks = text.split('\n\n').map((block) => block.trim().split('\n'));
  const tables = blocks.filter(([head = '']) => head.startsWith('|') && head.split('|').length > 5);
  return tables.map((lines) => lines.map(rowOf));
}

function rowOf(line: string): Row {
  const [feature = '', ...cells] = line.slice(1, -1).split('|');
  return { feature: feature.trim(), cells: cells.map((cell) => cell.trim()) };
}

/** What is wrong with a row, in words; nothing when it is fine. */
function faultsOf({ feature, cells }: Row): readonly string[] {
  const faults: string[] = [];
  if (cells.length !== COLUMNS.length) faults.push(`${feature}: ${cells.length} cells`);
  const isFact = FACTS.some((fact) => feature.startsWith(fact));
  for (const [at, cell] of cells.entries()) {
    if (cell === '?') continue;
    const where = `${feature}, ${COLUMNS[at]}: ${cell}`;
    if (cell.search(LINK) < 0 && (at === 0 || !cell.includes('[^')))
      faults.push(`no source: ${where}`);
    if (!isFact && !/^\[?(yes|partly|no)\b/.test(cell)) faults.push(`no answer: ${where}`);
  }
  return faults;
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '');
  return words.trim().replaceAll(' ', '-');
}

function leadsSomewhere(target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const to = file === '' ? path.join(DOCS, 'comparison.md') : path.join(DOCS, file);
  if (!existsSync(to)) return false;
  if (anchor === undefined) return true;
  const headings = readFileSync(to, 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].some(([, heading = '']) => anchorOf(heading) === anchor);
}

const text = readFileSync(path.join(DOCS, 'comparison.md'), 'utf8');
const tables = tablesOf(text);
const definitions = [...text.matchAll(/^\[\^([\w-]+)\]: (.*)$/gm)];

test('every cell of the comparison is ? or has a source, and says yes, partly or no', () => {
  const rows = tables.flatMap((table) => table.slice(2));
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.flatMap(faultsOf)).toEqual([]);
});

test('a cell without a source, or without an answer, is found', () => {
  const row = rowOf('| it flies | yes[^a] | yes | [maybe](a.md) | ? | no[^b] | ? | ? |');
  expect(faultsOf(row)).toEqual([
    'no source: it flies, pgweir: yes[^a]',
    'no source: it flies, PgBouncer: yes',
    'no answer: it flies, RDS Proxy: [maybe](a.md)',
  ]);
  expect(faultsOf(rowOf('| it swims | ? | ? |'))).toEqual(['it swims: 2 cells']);
});

test('all tables of the comparison have the same products, in the same order', () => {
  expect(tables.length).toBeGreaterThan(5);
  for (const [head] of tables) expect(head?.cells).toEqual(COLUMNS);
});

test('every footnote of the comparison is defined once and used, and leads to a public page', () => {
  const names = definitions.map(([, name]) => name);
  const used = [...text.matchAll(/\[\^([\w-]+)\](?!:)/g)].map(([, name]) => name);
  expect(names.filter((name, at) => names.indexOf(name) < at)).toEqual([]);
  expect([...names].sort()).toEqual([...new Set(used)].sort());
  const elsewhere = definitions.filter(([, , what = '']) => !/\]\(https:\/\/\S+\)$/.test(what));
  expect(elsewhere.map(([line]) => line)).toEqual([]);
});

test('every link of the comparison to a page, a heading or a test of ours leads there', () => {
  const targets = [...text.matchAll(LINK)].map(([, target = '']) => target);
  const ours = targets.filter((target) => !target.startsWith('https:'));
  expect(ours.length).toBeGreaterThan(50);
  expect(ours.filter((target) => !leadsSomewhere(target))).toEqual([]);
  expect(leadsSomewhere('nowhere.md')).toBe(false);
  expect(leadsSomewhere('#nowhere')).toBe(false);
});

test('the table of the README says what the page says in short', () => {
  const readme = tablesOf(readFileSync(path.join(ROOT, 'README.md'), 'utf8'));
  const [short] = readme.filter(([head]) => `${head?.cells}` === `${COLUMNS}`);
  // From where the README is.
  const fromRoot = (cell: string): string =>
    cell.replaceAll(/\[\^[\w-]+\]/g, '').replaceAll(/\]\(([^)]+)\)/g, (_link, to: string) => {
      const target = to.startsWith('#') ? `comparison.md${to}` : to;
      return `](${path.posix.join('docs', target)})`;
    });
  const rows = tables[0]?.map(({ feature, cells }) => ({ feature, cells: cells.map(fromRoot) }));
  expect(short).toEqual(rows);
});
