import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeScratch, type Scratch } from '@pgweir/testkit';
import { changelogProblem } from '../src/changelog';
import { setVersion, statedVersions } from '../src/versions/places';
import { ROOT, readManifest } from '../src/workspace';

let scratch: Scratch;
beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

test('every place that states a version states the same', () => {
  const { version } = readManifest(ROOT);
  const stated = statedVersions(ROOT);
  expect(stated.filter((found) => found.version !== version)).toEqual([]);
  const places = stated.map(({ path }) => path);
  for (const path of [
    ...['package.json', 'package-lock.json', 'packages/cli/package.json'],
    ...['packages/cli/src/version.ts', 'packages/cli/docs/pgweir.1', 'packages/cli/docs/pgweir.5'],
  ]) {
    expect(places).toContain(path);
  }
});

test('the version is set everywhere at once, and nothing else is changed', () => {
  const paths = [...new Set(statedVersions(ROOT).map(({ path }) => path))];
  for (const path of paths) cpSync(join(ROOT, path), join(scratch.dir, path));
  const text = () => paths.map((path) => readFileSync(join(scratch.dir, path), 'utf8'));
  const before = text();
  const { version } = readManifest(ROOT);
  cpSync(join(ROOT, 'docker'), join(scratch.dir, 'docker'), { recursive: true });

  expect(setVersion(scratch.dir, '9.8.7-rc.1')).toEqual(paths);
  const versions = statedVersions(scratch.dir).map((stated) => stated.version);
  expect(new Set(versions)).toEqual(new Set(['9.8.7-rc.1']));

  setVersion(scratch.dir, version);
  expect(text()).toEqual(before);
});

test('the changelog has a section of the version', () => {
  const { version } = readManifest(ROOT);
  expect(changelogProblem(ROOT, version) ?? 'no date').toContain('no date');
  expect(changelogProblem(ROOT, '9.8.7')).toContain('no section "## 9.8.7 (date)"');
});
