import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeScratch, type Scratch } from '@pgweir/testkit';
import { packageProblems } from '../src/package-problems';
import type { Manifest } from '../src/workspace';

let scratch: Scratch;
beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

const MAP = JSON.stringify({ version: 3, sources: ['../src/index.ts'] });
const GOOD = {
  LICENSE: '',
  'README.md': '',
  'package.json': '',
  'dist/index.js': '',
  'dist/index.js.map': MAP,
  'dist/index.d.ts': '',
};

const PUBLIC = {
  name: 'a',
  version: '1.0.0',
  main: 'dist/index.js',
  publishConfig: { access: 'public' },
};

function problemsOf(
  files: Readonly<Record<string, string>>,
  manifest: Manifest = PUBLIC,
  dir = 'packages/a',
): readonly string[] {
  const stage = join(scratch.dir, 'stage');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const [path, text] of Object.entries(files)) write(join(stage, path), text);
  write(join(scratch.dir, dir, 'src/index.ts'), '');
  const item = { dir, manifest };
  return packageProblems(scratch.dir, item, { stage, files: Object.keys(files) });
}

test('a package of built files with licence and README is fine', () => {
  expect(problemsOf(GOOD)).toEqual([]);
});

test.each([
  ['dist/gone.js', '', 'a: has dist/gone.js, of which there is no source'],
  ['dist/index.test.js', '', 'a: has dist/index.test.js, which is not for whoever installs it'],
  ['test/x.json', '', 'a: has test/x.json, which is not for whoever installs it'],
  ['src/index.ts', '', 'a: has src/index.ts, which is not for whoever installs it'],
  ['dist/b.js.map', MAP.replace('..', '/x'), 'a: has dist/b.js.map with an absolute path'],
])('%s is not packed', (path, text, problem) => {
  expect(problemsOf({ ...GOOD, [path]: text })[0]).toContain(problem);
});

test('a package without what it needs is not packed', () => {
  const { LICENSE: _, 'dist/index.js': __, ...rest } = GOOD;
  expect(problemsOf(rest)).toEqual(['a: lacks LICENSE', 'a: lacks dist/index.js']);
});

test('a package that npm would keep private is not packed', () => {
  const { publishConfig: _, ...manifest } = PUBLIC;
  expect(problemsOf(GOOD, manifest)).toEqual(['a: lacks publishConfig.access = public']);
});

test('the page is in its package, although it is not of the compiler', () => {
  const page = 'dist/built-page.js';
  expect(problemsOf(GOOD, PUBLIC, 'packages/dashboard')).toEqual([`a: lacks ${page}`]);
  expect(problemsOf({ ...GOOD, [page]: '' }, PUBLIC, 'packages/dashboard')).toEqual([]);
});
