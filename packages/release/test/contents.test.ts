import { installedComponents, packagePath } from '../src/contents/components';
import { readLockFile, resolveLocked } from '../src/lock-file';
import { integrityOf, lockedRuntime } from '../src/runtime-package';
import { TARGETS } from '../src/targets';
import { publishedPackages, ROOT } from '../src/workspace';

const lock = readLockFile(ROOT);

test('the lock file names the version and the hash of the runtime of every machine', () => {
  const runtimes = TARGETS.map(({ runtimePackage }) => lockedRuntime(lock, runtimePackage));
  expect(new Set(runtimes.map(({ version }) => version)).size).toBe(1);
  for (const { integrity } of runtimes) expect(integrity).toMatch(/^sha512-[\w+/]{86}==$/);
  expect(() => lockedRuntime(lock, '@oven/bun-none')).toThrow('does not name @oven/bun-none');
});

test('a hash is written as npm writes it', () => {
  expect(integrityOf(Buffer.from(''))).toBe(
    'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==',
  );
});

test('what is installed is what our packages need, and nothing that only development needs', () => {
  const roots = publishedPackages(ROOT).map(({ dir }) => dir);
  const names = installedComponents(lock, roots).map(({ name }) => name);
  // pg and the SDK are dependencies for development as well, somewhere else in the workspace.
  for (const name of ['pg', '@aws-sdk/rds-signer', 'libpg-query', 'koffi', 'winston', 'preact']) {
    expect(names).toContain(name);
  }
  for (const name of ['jest', 'typescript', 'bun', 'fast-check', '@biomejs/biome', 'postgres']) {
    expect(names).not.toContain(name);
  }
  expect(names.filter((name) => name.startsWith('@pgweir/'))).toEqual([]);
});

test('of two versions the nearer one is meant', () => {
  const entry = (version: string) => ({ version });
  const nested = new Map([
    ['packages/a', entry('1')],
    ['node_modules/b', entry('1')],
    ['node_modules/c', entry('1')],
    ['node_modules/b/node_modules/c', entry('2')],
  ]);
  expect(resolveLocked(nested, 'packages/a', 'c')).toBe('node_modules/c');
  expect(resolveLocked(nested, 'node_modules/b', 'c')).toBe('node_modules/b/node_modules/c');
  expect(resolveLocked(nested, 'node_modules/b', 'd')).toBeUndefined();
});

test.each([
  ['packages/cli/dist/main.js', undefined],
  ['node_modules/pg/lib/index.js', 'node_modules/pg'],
  ['../x/node_modules/@a/b/node_modules/c/d.js', 'node_modules/@a/b/node_modules/c'],
  ['packages/cli/node_modules/@a/b/c.js', 'packages/cli/node_modules/@a/b'],
])('the package of %s', (file, path) => {
  expect(packagePath(file)).toBe(path);
});
