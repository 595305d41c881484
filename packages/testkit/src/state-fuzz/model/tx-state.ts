import type { Notification } from './notifications';

/** A setting's value as the session set it, and over it the transaction's own. */
export interface SettingValue {
  readonly session?: string;
  readonly local?: string;
}

export interface TempTable {
  readonly owner: string;
  readonly rows: readonly string[];
  readonly onCommit: 'keep' | 'empty' | 'drop';
}

export type ListenAction =
  | { readonly kind: 'listen'; readonly channel: string }
  | { readonly kind: 'unlisten'; readonly channel: string }
  | { readonly kind: 'unlistenAll' };

/** Everything that a rollback undoes. Never changed, only replaced: a savepoint keeps the old one. */
export interface TxState {
  /** Settings that are not as they were at the start of the connection. */
  readonly settings: ReadonlyMap<string, SettingValue>;
  readonly temps: ReadonlyMap<string, TempTable>;
  readonly listens: readonly ListenAction[];
  readonly notifies: readonly Notification[];
  /** Keys of advisory locks that end with the transaction. */
  readonly xactLocks: ReadonlySet<number>;
}

export const FRESH: TxState = {
  settings: new Map(),
  temps: new Map(),
  listens: [],
  notifies: [],
  xactLocks: new Set(),
};

/** A copy with one entry set, or removed when `value` is undefined. */
export function withEntry<K, V>(
  map: ReadonlyMap<K, V>,
  key: K,
  value: V | undefined,
): ReadonlyMap<K, V> {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

/** What is left of it when the transaction has committed. */
export function afterCommit(state: TxState): TxState {
  const settings = new Map<string, SettingValue>();
  for (const [name, { session }] of state.settings) {
    if (session !== undefined) settings.set(name, { session });
  }
  const temps = new Map<string, TempTable>();
  for (const [name, table] of state.temps) {
    if (table.onCommit === 'drop') continue;
    temps.set(name, table.onCommit === 'empty' ? { ...table, rows: [] } : table);
  }
  return { ...FRESH, settings, temps };
}
