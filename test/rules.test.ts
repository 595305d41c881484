import { fileCycles, packageCycles } from './rules/cycles';
import { deadFiles } from './rules/dead-files';
import { dependencyBreaches } from './rules/dependency-rule';
import { codeBreaches, missingLintRules, silencedChecks, textBreaches } from './rules/hygiene';
import { declarationBreaches, registryBreaches, releaseBreaches } from './rules/manifests';
import { globalBreaches } from './rules/runtime-globals';
import { needlessExemptions, sizeBreaches } from './rules/sizes';
import { type Repository, repositoryOf } from './tree/repository';

type Files = Readonly<Record<string, string>>;

const MANIFESTS = {
  protocol: { name: '@pgweir/protocol', dependencies: { 'pg-protocol': '1.0.0' } },
  pooler: { name: '@pgweir/pooler', dependencies: { '@pgweir/protocol': '0.1.0' } },
  control: {
    name: '@pgweir/control',
    dependencies: { '@pgweir/protocol': '0.1.0', '@pgweir/pooler': '0.1.0', pg: '8.0.0' },
  },
  cli: { name: 'pgweir', dependencies: { '@pgweir/aws': '0.1.0' }, bin: { x: 'dist/main.js' } },
  aws: { name: '@pgweir/aws' },
};

/** A made-up workspace; paths are below `packages/` unless they begin with a slash. */
function repository(files: Files): Repository {
  const dirs = Object.keys(MANIFESTS).map((name) => `packages/${name}`);
  const root = { name: 'root', license: 'Apache-2.0', workspaces: dirs };
  const manifests = Object.entries(MANIFESTS).map(([name, manifest]) => ({
    path: `packages/${name}/package.json`,
    text: JSON.stringify({ version: '0.1.0', license: 'Apache-2.0', ...manifest }),
  }));
  const given = Object.entries(files).map(([path, text]) => ({
    path: path.startsWith('/') ? path.slice(1) : `packages/${path}`,
    text,
  }));
  const taken = new Set(given.map(({ path }) => path));
  return repositoryOf([
    ...[{ path: 'package.json', text: JSON.stringify(root) }, ...manifests].filter(
      ({ path }) => !taken.has(path),
    ),
    ...given,
  ]);
}

describe('the dependency rule', () => {
  const imports = (path: string, text: string): readonly string[] =>
    dependencyBreaches(repository({ [path]: text, 'pooler/src/a.ts': '', 'cli/src/b.ts': '' }));

  test.each([
    ['protocol/src/x.ts', "import * as net from 'node:net';"],
    ['protocol/src/x.ts', "import { hash } from 'node:crypto';"],
    ['protocol/src/x.ts', "import type { Pooler } from '@pgweir/pooler';"],
    ['protocol/src/auth/x.ts', "export * from '@pgweir/pooler';"],
    ['pooler/src/x.ts', "import { readFileSync } from 'node:fs';"],
    ['pooler/src/x.ts', "import { readFileSync } from 'fs';"],
    ['pooler/src/x.ts', "import type { Socket } from 'node:net';"],
    ['pooler/src/net/x.ts', "const dns = require('node:dns');"],
    ['pooler/src/net/x.ts', "let x: import('node:http').Server;"],
    ['pooler/src/net/x.ts', "import x = require('node:child_process');"],
    ['pooler/src/x.ts', "const x = await import('@pgweir/control');"],
    ['control/src/x.ts', "import { Pooler } from '@pgweir/pooler';"],
    ['control/src/x.ts', "import { type Clock, Pooler } from '@pgweir/pooler';"],
    ['control/src/x.ts', "import '@pgweir/pooler';"],
    ['control/src/x.ts', "export { run } from 'pgweir';"],
    ['cli/src/x.ts', "import { iam } from '@pgweir/aws';"],
  ])('%s must not: %s', (path, text) => {
    const found = imports(path, `\n${text}`);
    expect(found).toEqual([expect.stringMatching(new RegExp(`^packages/${path}:2 .*must not`))]);
  });

  test.each([
    ['protocol/src/auth/x.ts', "import { hash } from 'node:crypto';"],
    ['protocol/src/x.ts', "import { parse } from 'pg-protocol';"],
    ['pooler/src/net/x.ts', "import * as net from 'node:net';"],
    ['pooler/src/x.ts', "import { Backend } from '@pgweir/protocol';"],
    ['control/src/x.ts', "import type { Pooler } from '@pgweir/pooler';"],
    ['control/src/x.ts', "import { type Clock, type Pooler } from '@pgweir/pooler';"],
    ['control/src/x.ts', "let x: import('@pgweir/pooler').Pooler;"],
    ['cli/src/x.ts', "const iam = await import('@pgweir/aws');"],
    ['pooler/src/x/y.ts', "import { a } from '../a';"],
  ])('%s may: %s', (path, text) => {
    expect(imports(path, text)).toEqual([]);
  });

  test('a relative import stays in its package, and in src', () => {
    expect(imports('pooler/src/x.ts', "import { b } from '../../cli/src/b';")).toEqual([
      'packages/pooler/src/x.ts:1 ../../cli/src/b leaves the package',
    ]);
    expect(imports('pooler/src/x.ts', "import { b } from '../test/b';")).toEqual([
      'packages/pooler/src/x.ts:1 ../test/b leaves src',
    ]);
  });

  test('a package is imported by its name, not by a path into it', () => {
    const text = "import { a } from '@pgweir/protocol/dist/a';";
    expect(imports('pooler/src/x.ts', text)).toEqual([expect.stringContaining('a part of')]);
  });

  test('what is imported is declared, and nobody can hide it', () => {
    expect(imports('cli/src/x.ts', "import w from 'winston';")).toEqual([
      expect.stringContaining('does not declare'),
    ]);
    expect(imports('cli/test/x.ts', "import w from 'winston';")).toEqual([
      expect.stringContaining('does not declare'),
    ]);
    expect(imports('cli/src/x.ts', 'require(name);')).toEqual([
      expect.stringContaining('computed'),
    ]);
  });

  test('a package without a rule is a breach', () => {
    const manifest = JSON.stringify({ name: '@pgweir/new' });
    expect(dependencyBreaches(repository({ 'aws/package.json': manifest }))).toContain(
      'packages/aws/package.json:1 no rule for @pgweir/new',
    );
  });

  test('globals of the runtime are found where they are used, not where the word is', () => {
    const used = (path: string, text: string): readonly string[] =>
      globalBreaches(repository({ [path]: text }));
    expect(used('protocol/src/x.ts', 'log({ process: link.process, console: 1 });')).toEqual([]);
    expect(used('protocol/src/x.ts', 'console.log(1);')).toHaveLength(1);
    expect(used('protocol/src/x.ts', 'log({ process });')).toHaveLength(1);
    expect(used('pooler/src/x.ts', 'setTimeout(f, 1);')).toHaveLength(1);
    expect(used('pooler/src/net/x.ts', 'setTimeout(f, 1); process.nextTick(f);')).toEqual([]);
    expect(used('pooler/src/net/x.ts', 'f(process.env.HOME);')).toEqual([
      'packages/pooler/src/net/x.ts:1 @pgweir/pooler must not use process.env here',
    ]);
    expect(used('cli/src/x.ts', 'f(process.env.HOME);')).toEqual([]);
  });

  test('a dependency that src does not import is a breach', () => {
    const found = declarationBreaches(repository({ 'cli/src/x.ts': "import('@pgweir/aws');" }));
    expect(found).toContain('packages/control/package.json:1 declares pg, which src never imports');
    expect(found.filter((breach) => breach.includes('packages/cli/'))).toEqual([]);
  });
});

describe('cycles', () => {
  test('files that import each other at run time, over any number of steps', () => {
    const files = {
      'pooler/src/a.ts': "import { b } from './b';",
      'pooler/src/b.ts': "export * from './c';",
      'pooler/src/c/index.ts': "const a = require('../a');",
    };
    expect(fileCycles(repository(files))).toEqual([
      'packages/pooler/src/a.ts -> packages/pooler/src/b.ts -> packages/pooler/src/c/index.ts -> packages/pooler/src/a.ts',
    ]);
  });

  test('types do not make a cycle of files, but one of packages', () => {
    const files = {
      'pooler/src/a.ts': "import { b } from './b';",
      'pooler/src/b.ts': "import type { A } from './a';",
      'protocol/src/a.ts': "import type { B } from '@pgweir/pooler';",
    };
    expect(fileCycles(repository(files))).toEqual([]);
    expect(packageCycles(repository(files))).toEqual([
      '@pgweir/protocol -> @pgweir/pooler -> @pgweir/protocol',
    ]);
  });
});

describe('sizes', () => {
  const lines = (count: number, line = 'f();'): string => `${line}\n`.repeat(count);
  const sizes = (text: string): readonly string[] =>
    sizeBreaches(repository({ 'cli/src/x.ts': text }), {});

  test('400 lines are a file, 401 are too many', () => {
    expect(sizes(lines(400))).toEqual([]);
    expect(sizes(lines(401))).toEqual([expect.stringContaining('the file has 401 lines')]);
  });

  test('70 lines are a function, 71 are too many, however it is written', () => {
    expect(sizes(`function f() {\n${lines(68)}}`)).toEqual([]);
    for (const head of ['function f() {', 'const f = () => {', 'class A { f() {']) {
      const tail = head.startsWith('class') ? '}}' : '}';
      expect(sizes(`// é\n${head}\n${lines(69)}${tail}`)).toEqual([
        'packages/cli/src/x.ts:2 f has 71 lines, more than 70',
      ]);
    }
  });

  test('a group of tests may be longer, a test may not', () => {
    const long = `() => {\n${lines(100)}}`;
    expect(sizes(`describe('x', ${long});\ndescribe.each([1])('x', ${long});`)).toEqual([]);
    expect(sizes(`function suite() {\ntest('x', f);\n${lines(100)}}`)).toEqual([]);
    expect(sizes(`test('x', ${long});`)).toHaveLength(1);
  });

  test('code stops at 100 columns, unless a long text makes the line long', () => {
    expect(sizes(`${'x'.repeat(99)};`)).toEqual([]);
    expect(sizes(`${'x'.repeat(100)};`)).toHaveLength(1);
    expect(sizes(`f('${'x'.repeat(100)}');`)).toEqual([]);
  });

  test('an exemption covers what it names, and goes when it is not needed', () => {
    const long = repository({ 'cli/src/x.ts': `function f() {\n${lines(69)}}` });
    const exempt = { 'packages/cli/src/x.ts f': 'a reason' };
    expect(sizeBreaches(long, exempt)).toEqual([]);
    expect(needlessExemptions(long, exempt)).toEqual([]);
    expect(needlessExemptions(repository({}), exempt)).toEqual(['packages/cli/src/x.ts f']);
  });
});

test('a file is dead that only a test reaches, or nobody', () => {
  const files = {
    'cli/src/main.ts': "import './used'; join(__dirname, 'worker.js');",
    'cli/src/used.ts': "import type { T } from './types-of-it';",
    'cli/src/types-of-it.ts': '',
    'cli/src/worker.ts': '',
    'cli/src/tested.ts': '',
    'cli/test/x.test.ts': "import '../src/tested'; import './helper';",
    'cli/test/helper.ts': '',
    'cli/test/forgotten.ts': '',
  };
  expect(deadFiles(repository(files)).map((found) => found.split(':')[0])).toEqual([
    'packages/cli/src/tested.ts',
    'packages/cli/test/forgotten.ts',
  ]);
});

describe('hygiene', () => {
  test.each([
    'try { f(); } catch { /* never mind */ }',
    '@sealed class A {}',
    "test.only('x', f);",
    "fdescribe('x', f);",
    "test.skip('x', f);",
    "test.todo('x');",
    "const dir = mkdtempSync('x');",
    "test.concurrent('x', f);",
    "test.concurrent.each([1])('x', f);",
  ])('refused: %s', (text) => {
    expect(codeBreaches(repository({ 'cli/test/x.ts': text }))).toHaveLength(1);
  });

  test.each([
    'try { f(); } catch { g(); }',
    "test.skip('x (skipped: no psql on PATH)', f);",
    "(isRoot ? test : test.skip)('x (needs root)', f);",
    "const dir = mkdtempSync('x'); rmSync(dir);",
    "import './support/all-loaded'; test.concurrent('x', f);",
  ])('accepted: %s', (text) => {
    expect(codeBreaches(repository({ 'cli/test/x.ts': text }))).toEqual([]);
  });

  test.each([
    `// ${['TO', 'DO'].join('')}: later`,
    `key_file = ${['', 'home', 'me', 'server.key'].join('/')}`,
    `file://${['', 'Users', 'me'].join('/')}`,
    `${'<'.repeat(7)} HEAD`,
  ])('no text such as: %s', (text) => {
    expect(textBreaches(repository({ '/docs/x.md': `first\n${text}\n` }))).toEqual([
      expect.stringMatching(/^docs\/x\.md:2 /),
    ]);
  });

  test('nobody silences the compiler or the linter', () => {
    const silence = (text: string): readonly string[] =>
      silencedChecks(repository({ 'cli/src/x.ts': text }));
    expect(silence(`// ${'@'}ts-expect-error`)).toHaveLength(1);
    expect(silence(`// ${'biome'}-ignore lint/suspicious/noExplicitAny: why`)).toHaveLength(1);
    expect(silence(`// ${'biome'}-ignore lint/suspicious/noArrayIndexKey: why`)).toEqual([]);
  });

  test('a lint rule that is off, or off somewhere, is missed', () => {
    const rules = { style: { noEnum: 'error' } };
    const off = { includes: ['bench/**'], linter: { rules: { style: { noEnum: 'off' } } } };
    const missing = missingLintRules(
      repository({ '/biome.json': JSON.stringify({ linter: { rules }, overrides: [off] }) }),
    );
    expect(missing).toContain('noExplicitAny');
    expect(missing).not.toContain('noEnum');
    expect(missing).toContain('noEnum in bench/**');
  });

  test('a registry in the lock file or in .npmrc is found', () => {
    const found = registryBreaches(
      repository({
        '/package-lock.json': '{\n"resolved": "packages/cli"\n"resolved": "https://npm.example/x"',
        '/.npmrc': 'omit-lockfile-registry-resolved=true\nregistry = x\n//npm.example/:a=b',
      }),
    );
    expect(found.map((breach) => breach.split(' ')[0])).toEqual([
      'package-lock.json:3',
      '.npmrc:2',
      '.npmrc:3',
    ]);
  });

  test('one version and one licence', () => {
    const odd = { name: 'pgweir', version: '0.2.0', dependencies: { '@pgweir/pooler': '0.2.0' } };
    expect(releaseBreaches(repository({ 'cli/package.json': JSON.stringify(odd) }))).toHaveLength(
      3,
    );
    expect(releaseBreaches(repository({}))).toEqual([]);
  });
});
