import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './components';

const LICENCE_FILE = /^(LICEN[CS]E|COPYING|NOTICE)([.-].*)?$/i;
const LINE = '-'.repeat(78);

/**
 * Names, licences and notices of everything that the executable contains, as their licences ask. Equal
 * texts are there once.
 *
 * @param root - the top folder, with everything installed
 */
export function thirdPartyNotices(
  root: string,
  components: readonly Component[],
  runtime: string,
): string {
  const owners = new Map<string, string[]>();
  for (const component of components) {
    const text =
      licenceTexts(join(root, component.path)) || 'Its package has no text of the licence.';
    const title = `${component.name} ${component.version} (${component.license ?? 'see below'})`;
    owners.set(text, [...(owners.get(text) ?? []), title]);
  }
  const bun = readFileSync(join(root, 'packages', 'release', 'notices', 'bun.txt'), 'utf8');
  return [
    'The executable pgweir contains the following software of others.',
    ['', LINE, `Bun ${runtime} (MIT and others)`, LINE, '', bun.trim()].join('\n'),
    ...[...owners].map(([text, titles]) => ['', LINE, ...titles, LINE, '', text].join('\n')),
    '',
  ].join('\n');
}

function licenceTexts(folder: string): string {
  return readdirSync(folder)
    .filter((name) => LICENCE_FILE.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r', '').trim())
    .join('\n\n');
}
