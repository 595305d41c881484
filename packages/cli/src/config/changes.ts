import { isDeepStrictEqual } from 'node:util';
import type { DaemonConfig } from './daemon-config';
import { GLOBAL_SETTINGS } from './settings';
import type { SettingTable } from './settings/row';

/** Parts of a configuration that are more than one value, and what a log calls them. */
const PARTS: readonly (readonly [string, (config: DaemonConfig) => unknown])[] = [
  ['[databases]', ({ pooler }) => [pooler.databases, pooler.fallbackDatabase]],
  ['[users]', ({ pooler }) => pooler.users],
  ['[peers]', ({ pooler }) => pooler.peers],
  [
    'the entries of auth_file',
    ({ credentials: { names, lookup } }) => names.map((name) => [name, lookup(name)]),
  ],
  ['the rules of auth_hba_file', ({ pooler }) => pooler.accessRules],
];

/** What differs between two configurations, by name. Never a value: it may be a secret. */
export function changedNames(before: DaemonConfig, after: DaemonConfig): readonly string[] {
  const table: SettingTable = GLOBAL_SETTINGS;
  const [old, now]: readonly Readonly<Record<string, unknown>>[] = [before.values, after.values];
  const settings = Object.entries(table)
    .filter(
      ([name, row]) => row.alias === undefined && !isDeepStrictEqual(old?.[name], now?.[name]),
    )
    .map(([name]) => name);
  const parts = PARTS.filter(([, part]) => !isDeepStrictEqual(part(before), part(after)));
  return [...settings, ...parts.map(([name]) => name)];
}
