import { join } from 'node:path';
import { fileCycles, packageCycles } from './rules/cycles';
import { deadFiles, entryPoints } from './rules/dead-files';
import { dependencyBreaches } from './rules/dependency-rule';
import { codeBreaches, missingLintRules, silencedChecks, textBreaches } from './rules/hygiene';
import { declarationBreaches, registryBreaches, releaseBreaches } from './rules/manifests';
import { globalBreaches } from './rules/runtime-globals';
import { type Exemptions, needlessExemptions, sizeBreaches } from './rules/sizes';
import { readRepository } from './tree/repository';

const repository = readRepository(join(__dirname, '..'));

/** What is over a limit today. Shorten and remove; add only with a reason that lasts. */
const OVER_SIZE: Exemptions = {};

describe('the dependency rule', () => {
  test('each package imports only what it may, and declares it', () => {
    expect(dependencyBreaches(repository)).toEqual([]);
  });

  test('protocol and pooler use neither process, console nor timers outside their place', () => {
    expect(globalBreaches(repository)).toEqual([]);
  });

  test('no files import each other in a circle at run time', () => {
    expect(fileCycles(repository)).toEqual([]);
  });

  test('no packages depend on each other in a circle, not even by types', () => {
    expect(packageCycles(repository)).toEqual([]);
  });

  test('no package declares a dependency that it does not use', () => {
    expect(declarationBreaches(repository)).toEqual([]);
  });
});

describe('sizes', () => {
  test('files, functions and lines stay within their limits', () => {
    expect(sizeBreaches(repository, OVER_SIZE)).toEqual([]);
  });

  test('nothing is exempt that need not be', () => {
    expect(needlessExemptions(repository, OVER_SIZE)).toEqual([]);
  });
});

describe('dead files', () => {
  test('the entry points exist', () => {
    const paths = new Set(repository.files.map((file) => file.path));
    expect(entryPoints(repository).filter((path) => !paths.has(path))).toEqual([]);
  });

  test('every file is reached from an entry point or a test', () => {
    expect(deadFiles(repository)).toEqual([]);
  });
});

describe('hygiene', () => {
  test("the linter's rules for our style are on, everywhere", () => {
    expect(missingLintRules(repository)).toEqual([]);
  });

  test('nobody silences the compiler or one of these rules', () => {
    expect(silencedChecks(repository)).toEqual([]);
  });

  test('no empty catch, decorator, test left out without a reason or folder left behind', () => {
    expect(codeBreaches(repository)).toEqual([]);
  });

  test("no notes for later, conflicts or paths of somebody's machine", () => {
    expect(textBreaches(repository)).toEqual([]);
  });

  test('neither the lock file nor .npmrc names a registry', () => {
    expect(registryBreaches(repository)).toEqual([]);
  });
});

describe('release', () => {
  test('every package has the same version and licence', () => {
    expect(releaseBreaches(repository)).toEqual([]);
  });

  test('LICENSE is the Apache License 2.0, whole, with our name', () => {
    const text = repository.files.find((file) => file.path === 'LICENSE')?.text ?? '';
    expect(text).toMatch(/^\s*Apache License\s+Version 2\.0, January 2004/);
    for (let section = 1; section <= 9; section++) expect(text).toContain(`\n   ${section}. `);
    expect(text).toContain('END OF TERMS AND CONDITIONS');
    expect(text).toContain('Copyright the pgweir authors');
  });
});
