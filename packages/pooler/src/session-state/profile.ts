/**
 * The settings in which a session (or a link) differs from what PostgreSQL gives a fresh connection
 * of the pool. Immutable; names in lower case. Two profiles are equal when their keys are.
 */
export interface Profile {
  readonly key: string;
  readonly values: ReadonlyMap<string, string>;
}

export const EMPTY_PROFILE: Profile = profileOf(new Map());

/** Makes a profile of settings. The map is not kept. */
export function profileOf(values: ReadonlyMap<string, string>): Profile {
  if (values.size === 1) {
    const [[name, value] = ['', '']] = values;
    return { key: `${name}\0${value}\0`, values: new Map(values) };
  }
  const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    key: sorted.map(([name, value]) => `${name}\0${value}\0`).join(''),
    values: new Map(sorted),
  };
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

/** Equals no setting's value: none can hold a NUL. */
const UNKNOWN = '\0';

/** `profile` after something may have happened to those of its settings that `affected` names. */
export function withUnknown(profile: Profile, affected: (name: string) => boolean): Profile {
  const names = [...profile.values.keys()].filter(affected);
  if (names.length === 0) return profile;
  return profileOf(new Map([...profile.values, ...names.map((name) => [name, UNKNOWN] as const)]));
}

/**
 * The SQL that turns a link with profile `from` into one with profile `to`, as one simple query (so it
 * succeeds or fails as a whole). `set_config` instead of SET, because SET would quote a list such as
 * search_path into one name. `initial` knows what a fresh link has, where PostgreSQL reported it.
 */
export function transitionSql(
  from: Profile,
  to: Profile,
  initial: (name: string) => string | undefined,
): string {
  const statements: string[] = [];
  const assignments: string[] = [];
  for (const name of from.values.keys()) {
    if (to.values.has(name)) continue;
    const value = initial(name);
    if (value === undefined) statements.push(`RESET ${quoteName(name)}`);
    else assignments.push(`pg_catalog.set_config(${quoteText(name)},${quoteText(value)},false)`);
  }
  for (const [name, value] of to.values) {
    if (from.values.get(name) === value) continue;
    assignments.push(`pg_catalog.set_config(${quoteText(name)},${quoteText(value)},false)`);
  }
  if (assignments.length > 0) statements.push(`SELECT ${assignments.join(',')}`);
  return statements.join(';');
}

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
    connectQuery ?? '',
    transitionSql(EMPTY_PROFILE, to, () => undefined),
  ];
  // A line of its own for each: the connect query may end in a comment.
  return statements.filter((statement) => statement !== '').join('\n;');
}

/** Custom settings contain a dot that separates two names; other names hold no such character. */
function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/**
 * A text literal that means the same whatever client_encoding and standard_conforming_strings the link
 * has: an escape string of ASCII only.
 */
function quoteText(text: string): string {
  let out = "E'";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === "'") out += "''";
    else if (char === '\\') out += '\\\\';
    else if (code >= 0x20 && code < 0x7f) out += char;
    else if (code <= 0xffff) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return `${out}'`;
}
