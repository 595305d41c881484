import {
  ALGORITHM,
  API_VERSION,
  escaped,
  isServerName,
  LIFE_SECONDS_MAX,
  SIGNED_HEADERS,
  stsHost,
  TOKEN_CHARACTERS_MAX,
  TOKEN_PREFIX,
} from './token-form';

/** Which tokens are looked at; all others are refused before anybody is asked. */
export interface IdentityRules {
  /** Names of this pgweir, in lower case. */
  readonly serverNames: readonly string[];
  /** Regions whose STS may be asked. */
  readonly regions: readonly string[];
}

/** A request to STS, made anew from what a token says. `path` is a secret. */
export interface StsRequest {
  /** A regional endpoint that the rules know. */
  readonly host: string;
  /** With the query. */
  readonly path: string;
  readonly serverName: string;
  /** By the wall clock; from then on the token proves nothing. */
  readonly expiresAtMs: number;
}

export type ReadToken =
  | { readonly kind: 'ok'; readonly request: StsRequest }
  /** `why` is for the log: it shows nothing that could be used. */
  | { readonly kind: 'refused'; readonly why: string };

/** As far may the clock of the client be ahead of ours: what AWS allows itself. */
export const AHEAD_MS_MAX = 300_000;

const PARAMETERS = [
  ...['Action', 'Version', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires'],
  ...['X-Amz-SignedHeaders', 'X-Amz-Signature', 'X-Amz-Security-Token'],
] as const;
type Parameter = (typeof PARAMETERS)[number];
type Parameters = ReadonlyMap<Parameter, string>;

/** Long-term keys have none; all others have to be there. */
const OPTIONAL: Parameter = 'X-Amz-Security-Token';

/** Only thrown and caught in here. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Whether a password wants to be a token of this kind. */
export function isIdentityToken(password: string): boolean {
  return password.startsWith(TOKEN_PREFIX);
}

/**
 * Takes a token apart: `pgweir-iam-v1.` and, in base64url, `https://sts.REGION.amazonaws.com/?...#NAME`.
 * Nothing of it is used but values that were understood; the request is put together anew from them.
 */
export function readToken(text: string, rules: IdentityRules, wallMs: number): ReadToken {
  try {
    return { kind: 'ok', request: read(text, rules, wallMs) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'refused', why: error.message };
  }
}

function read(text: string, rules: IdentityRules, wallMs: number): StsRequest {
  if (text.length > TOKEN_CHARACTERS_MAX) {
    throw new Refusal(`the token has more than ${TOKEN_CHARACTERS_MAX} characters`);
  }
  const { host, query, name } = partsOf(text);
  const region = rules.regions.find((known) => stsHost(known) === host);
  if (region === undefined) {
    throw new Refusal(`${shown(host)} is no endpoint of STS of a region in iam_sts_regions`);
  }
  if (!rules.serverNames.includes(name)) {
    const whom = isServerName(name) ? shown(name) : 'another name';
    throw new Refusal(`the token is for ${whom}, which is not in iam_server_name`);
  }
  const parameters = parametersOf(query);
  const expiresAtMs = checkedLife(parameters, wallMs);
  checkSigning(parameters, region);
  const rebuilt = PARAMETERS.flatMap((parameter) => {
    const value = parameters.get(parameter);
    return value === undefined ? [] : [`${parameter}=${escaped(value)}`];
  });
  return { host, path: `/?${rebuilt.join('&')}`, serverName: name, expiresAtMs };
}

function partsOf(text: string) {
  const encoded = text.slice(TOKEN_PREFIX.length);
  if (!isIdentityToken(text) || !/^[A-Za-z0-9_-]+={0,2}$/.test(encoded)) {
    throw new Refusal('the token is not base64url');
  }
  const url = Buffer.from(encoded, 'base64url').toString('latin1');
  const match = /^https:\/\/([a-z0-9.-]{1,253})\/\?([!-"$-~]+)#([!-~]{1,253})$/.exec(url);
  if (match === null) {
    throw new Refusal('the token holds no URL like https://sts.REGION.amazonaws.com/?...#NAME');
  }
  const [, host = '', query = '', name = ''] = match;
  return { host, query, name };
}

function parametersOf(query: string): Parameters {
  const found = new Map<Parameter, string>();
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    const known = PARAMETERS.find((parameter) => parameter === name);
    if (known === undefined)
      throw new Refusal(`${shownName(name)} is no parameter that is allowed`);
    if (found.has(known)) throw new Refusal(`${known} is there twice`);
    found.set(known, checkedValue(pair.slice(at + 1), known));
  }
  const missing = PARAMETERS.find((name) => name !== OPTIONAL && !found.has(name));
  if (missing !== undefined) throw new Refusal(`${missing} is missing`);
  return found;
}

/** Names that were ever used are no secret; others may be pieces of one, if the token is broken. */
function shownName(name: string): string {
  const isUsual = /^X-Amz-[A-Za-z0-9-]{1,16}$/i.test(name) || /^(action|version)$/i.test(name);
  return isUsual ? shown(name) : 'something';
}

/** Signers escape everything else. */
function checkedValue(escapedValue: string, name: Parameter): string {
  if (!/^(?:[A-Za-z0-9._~-]|%[2-7][0-9A-Fa-f])+$/.test(escapedValue)) {
    throw new Refusal(`${name} is not escaped as it should be`);
  }
  const value = escapedValue.replace(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  if (!FORMS[name].test(value)) throw new Refusal(`${name} ${FAULTS[name] ?? 'is malformed'}`);
  return value;
}

const FORMS: Readonly<Record<Parameter, RegExp>> = {
  Action: /^GetCallerIdentity$/,
  Version: new RegExp(`^${API_VERSION}$`),
  'X-Amz-Algorithm': new RegExp(`^${ALGORITHM}$`),
  'X-Amz-Credential': /^[A-Za-z0-9_]{16,128}\/\d{8}\/[a-z0-9-]{1,32}\/sts\/aws4_request$/,
  'X-Amz-Date': /^\d{8}T\d{6}Z$/,
  'X-Amz-Expires': /^[1-9]\d{0,5}$/,
  'X-Amz-SignedHeaders': new RegExp(`^${SIGNED_HEADERS}$`),
  'X-Amz-Signature': /^[0-9a-f]{64}$/,
  'X-Amz-Security-Token': /^[A-Za-z0-9+/=_-]+$/,
};

const FAULTS: Partial<Record<Parameter, string>> = {
  Action: 'is not GetCallerIdentity',
  'X-Amz-SignedHeaders': `is not ${SIGNED_HEADERS}`,
  'X-Amz-Credential': 'is not for STS',
};

/** @returns when the token ends: STS does not look at X-Amz-Expires */
function checkedLife(parameters: Parameters, wallMs: number): number {
  const dateMs = timeOf(parameters.get('X-Amz-Date') ?? '');
  if (dateMs === undefined) throw new Refusal('X-Amz-Date is no time');
  if (dateMs > wallMs + AHEAD_MS_MAX) {
    const ahead = Math.round((dateMs - wallMs) / 1000);
    throw new Refusal(`the token is not yet valid: it is dated ${ahead} s ahead of our clock`);
  }
  const asked = Number(parameters.get('X-Amz-Expires'));
  const expiresAtMs = dateMs + Math.min(asked, LIFE_SECONDS_MAX) * 1000;
  if (wallMs >= expiresAtMs) {
    const seconds = Math.round((wallMs - expiresAtMs) / 1000);
    throw new Refusal(`the token has expired ${seconds} s ago by our clock`);
  }
  return expiresAtMs;
}

/** `20261128T111632Z`; undefined: there is no such time. */
function timeOf(text: string): number | undefined {
  const iso = text.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5.000Z');
  const ms = Date.parse(iso);
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms;
}

function checkSigning(parameters: Parameters, region: string): void {
  const [, date, signedRegion = ''] = (parameters.get('X-Amz-Credential') ?? '').split('/');
  if (signedRegion !== region) {
    throw new Refusal(`the token is signed for ${signedRegion}, and wants STS of ${region}`);
  }
  if (date !== parameters.get('X-Amz-Date')?.slice(0, 8)) {
    throw new Refusal('X-Amz-Credential and X-Amz-Date are of different days');
  }
}

/** Of what a stranger has sent. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
