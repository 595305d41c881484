import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FIELDS } from '@pgweir/pooler';
import { ROOT, readPages } from '../support/docs/pages';

const text = readFileSync(join(ROOT, 'docs/logs.md'), 'utf8');

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return entry.name.endsWith('.ts') ? [readFileSync(path, 'utf8')] : [];
  });
}

const SOURCE = ['protocol', 'pooler', 'control', 'aws', 'cli']
  .flatMap((name) => sourcesIn(join(ROOT, 'packages', name, 'src')))
  .join('\n');

/** The lines of the table of lines, each in the parts between what varies. */
const LINES = text
  .slice(text.indexOf('## Lines that mean something'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)])
  .map(([, line = '']) => line);

test('there are lines in the table', () => expect(LINES.length).toBeGreaterThan(30));

test.each(LINES)('the program can write the line: %s', (line) => {
  const parts = line.split('…').map((part) => part.trim());
  expect(parts.filter((part) => !SOURCE.includes(part))).toEqual([]);
});

/** What warnings and errors say that are written out where they are logged; what varies is `…`. */
const WARNINGS = [
  ...SOURCE.matchAll(/\b[lL]og\??\.(?:warn|error)\(\s*(?:'([^'\n]+)'|`([^`\n]+)`)/g),
]
  .map(([, plain, template = '']) => plain ?? template.replaceAll(/\$\{[^}]*\}/g, '…'))
  // What has no words of its own.
  .filter((said) => /\w/.test(said));

test('there are warnings in the source', () => expect(WARNINGS.length).toBeGreaterThan(80));

test('the table has each warning and each error', () => {
  const missing = WARNINGS.filter((said) => !LINES.some((line) => fits(line, said)));
  expect(missing).toEqual([]);
});

/** Whether such a message is in this line of the table. */
function fits(line: string, said: string): boolean {
  const parts = line.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(said);
}

test('the example of a line has the fields that lines have', () => {
  const page = readPages().find(({ name }) => name === 'docs/logs.md');
  const json = page?.blocks.find(({ language }) => language === 'json')?.text ?? '';
  const known = ['time', 'level', 'message', 'pid', ...Object.keys(LOG_FIELDS)];
  const line: Record<string, unknown> = JSON.parse(json);
  expect(Object.keys(line).filter((name) => !known.includes(name))).toEqual([]);
});
