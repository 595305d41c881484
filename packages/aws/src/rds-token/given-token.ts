/** A token for RDS that somebody else has made, as far as it can be read. Whether it is good, RDS says. */
export interface GivenToken {
  readonly host: string;
  readonly port: number;
  /** As whom it logs in. */
  readonly user: string;
  /** When it was signed, by its own account; of the wall clock. */
  readonly signedAtMs: number;
  readonly lifeMs: number;
}

export type ReadToken =
  | { readonly kind: 'token'; readonly token: GivenToken }
  /** `why` is for the log and shows nothing of it. */
  | { readonly kind: 'bad'; readonly why: string };

/** With the session token of temporary credentials they have some 2 KB. */
const TOKEN_BYTES_MAX = 8192;
const LIFE_S_MAX = 900;
const PLACE = /^([a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?):(\d{1,5})\/\?(.+)$/i;
const PARAMETERS_MAX = 16;

/** Each of these exactly once, in any case. RDS knows what others mean, if there are any. */
const NEEDED = [
  ...['action', 'dbuser', 'x-amz-algorithm', 'x-amz-credential', 'x-amz-date'],
  ...['x-amz-expires', 'x-amz-signedheaders', 'x-amz-signature'],
] as const;
type Needed = (typeof NEEDED)[number];

const FORMS: Readonly<Record<Needed, RegExp>> = {
  action: /^connect$/,
  dbuser: /^.{1,255}$/s,
  'x-amz-algorithm': /^AWS4-HMAC-SHA256$/,
  'x-amz-credential': /^[^/]{1,128}\/\d{8}\/[a-z0-9-]{1,64}\/rds-db\/aws4_request$/,
  'x-amz-date': /^\d{8}T\d{6}Z$/,
  'x-amz-expires': /^\d{1,3}$/,
  'x-amz-signedheaders': /^host$/,
  'x-amz-signature': /^[0-9a-f]{64}$/,
};

/** Whether a password has the form of a token for RDS, and nothing else has it. */
export function looksLikeRdsToken(password: string): boolean {
  return /^[^\s/?#@]{1,255}:\d{1,5}\/\?/.test(password);
}

/** Reads a token, and refuses what RDS would refuse for its form alone. */
export function readRdsToken(text: string): ReadToken {
  if (Buffer.byteLength(text) > TOKEN_BYTES_MAX) {
    return bad(`longer than ${TOKEN_BYTES_MAX} bytes`);
  }
  const place = PLACE.exec(text);
  const [, host = '', port = '', query = ''] = place ?? [];
  if (place === null || Number(port) < 1 || Number(port) > 65_535) {
    return bad('not of the form host:port/?...');
  }
  const parameters = readQuery(query);
  if (typeof parameters === 'string') return bad(parameters);
  for (const name of NEEDED) {
    const value = parameters.get(name);
    if (value === undefined) return bad(`no ${name}`);
    if (!FORMS[name].test(value)) return bad(`${name} is not that of a login to RDS`);
  }
  const value = (name: Needed): string => parameters.get(name) ?? '';
  const signedAtMs = dateOf(value('x-amz-date'));
  const lifeS = Number(value('x-amz-expires'));
  if (signedAtMs === undefined) return bad('x-amz-date is no date');
  if (lifeS < 1 || lifeS > LIFE_S_MAX) return bad(`x-amz-expires is not 1 to ${LIFE_S_MAX}`);
  if (value('x-amz-credential').split('/')[1] !== value('x-amz-date').slice(0, 8)) {
    return bad('x-amz-credential is of another day than x-amz-date');
  }
  const user = value('dbuser');
  const token = { host: host.toLowerCase(), port: Number(port), user, signedAtMs };
  return { kind: 'token', token: { ...token, lifeMs: lifeS * 1000 } };
}

/** By names in lower case; or what is wrong. */
function readQuery(query: string): ReadonlyMap<string, string> | string {
  const parts = query.split('&');
  if (parts.length > PARAMETERS_MAX) return `more than ${PARAMETERS_MAX} parameters`;
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const [, name = '', text = ''] = /^([A-Za-z0-9-]{1,64})=([^=\s]*)$/.exec(part) ?? [];
    const value = decoded(text);
    if (name === '' || value === undefined) return 'a parameter that cannot be read';
    const key = name.toLowerCase();
    if (parameters.has(key)) return 'a parameter that is there twice';
    parameters.set(key, value);
  }
  return parameters;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function dateOf(text: string): number | undefined {
  const iso = text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const ms = Date.parse(iso);
  // A day that no month has would be one of the next.
  const isReal = !Number.isNaN(ms) && new Date(ms).toISOString() === iso.replace('Z', '.000Z');
  return isReal ? ms : undefined;
}

function bad(why: string): ReadToken {
  return { kind: 'bad', why: `RDS token: ${why}` };
}
