import { quoteName, quoteText } from './sql-text';

/**
 * The settings in which a session (or a link) differs from what PostgreSQL gives a fresh connection
 * of the pool. Immutable; names in lower case. Two profiles are equal when their keys are.
 */
export interface Profile {
  readonly key: string;
  readonly values: ReadonlyMap<string, string>;
  /** The part of the key that decides what a statement means when PostgreSQL parses it. */
  readonly parsingKey: string;
}

/** Settings that parse analysis does not read. Whatever is not named here may matter to it. */
const IRRELEVANT_TO_PARSING = new Set([
  'application_name',
  'bytea_output',
  'client_min_messages',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'lock_timeout',
  'maintenance_work_mem',
  'pgweir.traceparent',
  'random_page_cost',
  'statement_timeout',
  'synchronous_commit',
  'transaction_timeout',
  'work_mem',
]);

function profileWith(values: ReadonlyMap<string, string>): Profile {
  let key = '';
  let parsingKey = '';
  for (const [name, value] of values) {
    const part = `${name}\0${value}\0`;
    key += part;
    if (!IRRELEVANT_TO_PARSING.has(name)) parsingKey += part;
  }
  return { key, values, parsingKey };
}

/** More settings, or longer values, than this are not kept for replay: they pin. */
const SETTINGS_MAX = 300;
const VALUES_LENGTH_MAX = 16 * 1024;

/** Whether these are too many settings, or too long ones, to be kept for replay. */
export function isTooLarge(values: ReadonlyMap<string, string>): boolean {
  if (values.size > SETTINGS_MAX) return true;
  let length = 0;
  for (const [name, value] of values) length += name.length + value.length;
  return length > VALUES_LENGTH_MAX;
}

export const EMPTY_PROFILE: Profile = profileOf(new Map());

/** Makes a profile of settings. The map is not kept. */
export function profileOf(values: ReadonlyMap<string, string>): Profile {
  if (values.size <= 1) return profileWith(new Map(values));
  return profileWith(new Map([...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))));
}

/** `profile` with one setting changed; `undefined` takes it away. */
export function withSetting(profile: Profile, name: string, value: string | undefined): Profile {
  const lower = name.toLowerCase();
  if (profile.values.get(lower) === value) return profile;
  const values = new Map(profile.values);
  if (value === undefined) values.delete(lower);
  else values.set(lower, value);
  return profileOf(values);
}

/** `profile` without these settings. */
export function without(profile: Profile, names: Pick<ReadonlySet<string>, 'has'>): Profile {
  const values = [...profile.values].filter(([name]) => !names.has(name));
  return values.length === profile.values.size ? profile : profileOf(new Map(values));
}

/** `profile` with what `other` has of these settings. */
export function withThoseOf(profile: Profile, other: Profile, names: ReadonlySet<string>): Profile {
  const theirs = [...other.values].filter(([name]) => names.has(name));
  return profileOf(new Map([...profile.values, ...theirs]));
}

/** Equals no setting's value: none can hold a NUL. */
const UNKNOWN = '\0';

/** `profile` after something may have happened to those of its settings that `affected` names. */
export function withUnknown(profile: Profile, affected: (name: string) => boolean): Profile {
  const names = [...profile.values.keys()].filter(affected);
  if (names.length === 0) return profile;
  return profileOf(new Map([...profile.values, ...names.map((name) => [name, UNKNOWN] as const)]));
}

/**
 * The statements that turn a link with profile `from` into one with profile `to`. `set_config`
 * instead of SET, because SET would quote a list such as
 * search_path into one name. `initial` knows what a fresh link has, where PostgreSQL reported it.
 * `local`: they hold for the open transaction alone, and outside of one they do nothing.
 */
export function transition(
  from: Profile,
  to: Profile,
  initial: (name: string) => string | undefined,
  { local }: { readonly local: boolean } = { local: false },
): string[] {
  const statements: string[] = [];
  const assignments: string[] = [];
  const assign = (name: string, value: string) =>
    assignments.push(`pg_catalog.set_config(${quoteText(name)},${quoteText(value)},${local})`);
  // First, because another role may lack the right to change the rest.
  for (const name of IDENTITY) {
    if (from.values.has(name) && from.values.get(name) !== to.values.get(name))
      statements.push(local ? `SET LOCAL ${name} TO DEFAULT` : (RESET_IDENTITY[name] ?? ''));
  }
  for (const name of from.values.keys()) {
    if (to.values.has(name) || IDENTITY.includes(name)) continue;
    const value = initial(name);
    if (value === undefined && local) statements.push(`SET LOCAL ${quoteName(name)} TO DEFAULT`);
    else if (value === undefined) statements.push(`RESET ${quoteName(name)}`);
    else assign(name, value);
  }
  for (const [name, value] of to.values) {
    if (from.values.get(name) !== value && !IDENTITY.includes(name)) assign(name, value);
  }
  // Another session user has no role at first, whatever it was before.
  const losesRole = from.values.get(SESSION_USER) !== to.values.get(SESSION_USER);
  for (const name of IDENTITY.toReversed()) {
    const value = to.values.get(name);
    if (value !== undefined && (losesRole || from.values.get(name) !== value)) assign(name, value);
  }
  if (assignments.length > 0) statements.push(`SELECT ${assignments.join(',')}`);
  return statements;
}

/** `transition` as one simple query, so that it succeeds or fails as a whole. */
export function transitionSql(
  from: Profile,
  to: Profile,
  initial: (name: string) => string | undefined,
): string {
  return transition(from, to, initial).join(';');
}

/**
 * Takes settings back to their defaults for the open transaction, of names that may be nothing but a
 * client's mistake.
 */
export function backToDefaultSql(names: readonly string[]): string {
  const list = names.map(quoteText).join(',');
  const value = 'pg_catalog.set_config(name,reset_val,true)';
  return `SELECT ${value} FROM pg_catalog.pg_settings WHERE pg_catalog.lower(name) OPERATOR(pg_catalog.=) ANY(ARRAY[${list}]::pg_catalog.text[])`;
}

/** Settings that say who acts, in the order in which they are given up. */
const SESSION_USER = 'session_authorization';
export const IDENTITY: readonly string[] = ['role', SESSION_USER];
const RESET_IDENTITY: Readonly<Record<string, string>> = {
  role: 'RESET ROLE',
  session_authorization: 'RESET SESSION AUTHORIZATION',
};

/**
 * The SQL that takes away what another session has left on a link (settings, role, LISTEN, prepared
 * statements), runs the connect query again and sets `to`, as one simple query.
 */
export function cleanSlateSql(to: Profile, connectQuery: string | undefined): string {
  const statements = [
    'RESET SESSION AUTHORIZATION',
    'RESET ALL',
    'UNLISTEN *',
    'DEALLOCATE ALL',
    'CLOSE ALL',
    'SELECT pg_catalog.pg_advisory_unlock_all()',
    'DISCARD TEMP',
    'DISCARD SEQUENCES',
    connectQuery ?? '',
    transitionSql(EMPTY_PROFILE, to, () => undefined),
  ];
  // A line of its own for each: the connect query may end in a comment.
  return statements.filter((statement) => statement !== '').join('\n;');
}
