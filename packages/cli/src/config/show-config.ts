import type { GlobalValues } from './settings';
import { GLOBAL_SETTINGS } from './settings';
import type { SettingTable } from './settings/row';

/** A row of SHOW CONFIG, with PgBouncer's columns. */
export interface ShownSetting {
  readonly key: string;
  readonly value: string | null;
  /** Null as in PgBouncer, where there is none. */
  readonly default: string | null;
  readonly changeable: 'yes' | 'no';
}

/** Every global setting in the order of its name. Secrets are not shown. */
export function showConfig(values: GlobalValues): readonly ShownSetting[] {
  const table: SettingTable = GLOBAL_SETTINGS;
  const byName: Readonly<Record<string, unknown>> = values;
  return Object.entries(table)
    .map(([key, row]): ShownSetting => {
      const { alias } = row;
      const own = alias === undefined ? byName[key] : alias.shows(byName[alias.of]);
      const text = row.type.show(own);
      const given = key in DEFAULTS ? (DEFAULTS[key] ?? null) : shownDefault(table, key);
      const value = text === '' && given === null ? null : text;
      return {
        key,
        value: row.secret && text !== '' ? '***' : value,
        default: given,
        changeable: row.reloadable ? 'yes' : 'no',
      };
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Where PgBouncer shows another text than that of the value. */
const DEFAULTS: Readonly<Record<string, string | null>> = {
  auth_dbname: null,
  auth_file: null,
  auth_user: null,
  conffile: null,
  unix_socket_mode: '0777',
  user: null,
  verbose: null,
};

function shownDefault(table: SettingTable, key: string): string {
  const row = table[key];
  const value = row?.type.parse(row.default);
  return row !== undefined && value?.kind === 'ok' ? row.type.show(value.value) : '';
}
