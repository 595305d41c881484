import type { Random } from '../../random';

/** A setting that sessions set, and values of which PostgreSQL shows exactly what was set. */
export interface SettingKind {
  readonly name: string;
  /** In SET: a list of schemas is not one text. Default: in quotes. */
  readonly literal?: (value: string) => string;
  /** Other ways to set it, besides SET and set_config. */
  readonly forms?: readonly ((value: string) => string)[];
  /** @param who a number that is this session's own */
  value(random: Random, who: number): string;
}

/** Schemas and roles of their own for so many sessions; further ones share. */
export const TENANTS = 64;

export function tenantOf(who: number): string {
  return `t${who % TENANTS}`;
}

/** Seconds east of UTC on 2024-06-01 of what `SET TimeZone` is given. */
const KNOWN_ZONES: Readonly<Record<string, number>> = {
  UTC: 0,
  'Asia/Tokyo': 9 * 3600,
  'America/Phoenix': -7 * 3600,
  'Asia/Kathmandu': 20_700,
};

const quoted = (value: string): string => `'${value}'`;

export const SETTING_KINDS: readonly SettingKind[] = [
  custom('my.a'),
  custom('my.b'),
  { name: 'my.tenant', value: (_, who) => tenantOf(who) },
  {
    name: 'TimeZone',
    value: zone,
    forms: [(value) => `SET TIME ZONE '${value}'`, (value) => `SET LOCAL TIME ZONE '${value}'`],
  },
  {
    name: 'search_path',
    literal: (value) => value,
    value: (random, who) => random.pick(searchPaths(tenantOf(who))),
  },
  { name: 'work_mem', value: (random, who) => `${unround(random, who, 1024)}kB` },
  { name: 'statement_timeout', value: (random, who) => `${unround(random, who, 1000)}ms` },
  { name: 'lock_timeout', value: (random, who) => `${unround(random, who, 1000)}ms` },
  { name: 'application_name', value: (random, who) => `app${who}.${random.between(0, 9)}` },
  {
    name: 'DateStyle',
    value: (random) => random.pick(['ISO, MDY', 'ISO, DMY', 'SQL, DMY', 'German, DMY']),
  },
  {
    name: 'IntervalStyle',
    value: (random) => random.pick(['postgres', 'iso_8601', 'sql_standard']),
  },
  {
    name: 'client_encoding',
    value: (random) => random.pick(['UTF8', 'LATIN1', 'WIN1252']),
    forms: [(value) => `SET NAMES '${value}'`],
  },
  { name: 'standard_conforming_strings', value: (random) => random.pick(['on', 'off']) },
  { name: 'extra_float_digits', value: (random) => String(random.between(-5, 3)) },
  { name: 'bytea_output', value: (random) => random.pick(['hex', 'escape']) },
  { name: 'enable_seqscan', value: (random) => random.pick(['on', 'off']) },
  {
    name: 'default_transaction_isolation',
    value: (random) => random.pick(['read committed', 'repeatable read']),
    forms: [(value) => `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ${value}`],
  },
];

/** The text after `SET name =`. */
export function literalOf(kind: SettingKind, value: string): string {
  return (kind.literal ?? quoted)(value);
}

/** Seconds east of UTC. */
export function offsetOf(zoneName: string): number {
  const known = KNOWN_ZONES[zoneName];
  if (known !== undefined) return known;
  const [, sign = '', hours = '', minutes = '0'] = /^<.*>([+-])(\d+):(\d+)$/.exec(zoneName) ?? [];
  const total = Number(hours) * 3600 + Number(minutes) * 60;
  // POSIX counts westwards.
  return sign === '-' ? total : -total;
}

/** A zone that nobody else has, or one that many have. */
function zone(random: Random, who: number): string {
  if (random.chance(0.3)) return random.pick(Object.keys(KNOWN_ZONES));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = two(1 + (Math.floor(who / 60) % 11));
  // PostgreSQL takes no seconds here.
  return `<ZON${who}>${random.pick(['+', '-'])}${hours}:${two(who % 60)}`;
}

function searchPaths(tenant: string): readonly string[] {
  return [
    tenant,
    `${tenant}, public`,
    `${tenant}x, ${tenant}`,
    'public',
    '"$user", public',
    `nosuch_${tenant}`,
    `nosuch_${tenant}, ${tenant}x`,
  ];
}

function custom(name: string): SettingKind {
  return { name, value: (random, who) => `s${who}:${random.hex()}` };
}

/** A number that is the session's own, and that is shown in the unit it was given in. */
function unround(random: Random, who: number, unit: number): number {
  const number = 100_000 + who * 16 + random.between(0, 14);
  return number % unit === 0 ? number + 1 : number;
}
