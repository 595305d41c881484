import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  canonicalRequest,
  headerValue,
  queryOf,
  type SignedRequest,
  sha256Hex,
} from './canonical-request';
import type { AwsKey, AwsKeys } from './keys';

/** Names of AWS's errors, as its XML services spell them. */
export type SigV4Refusal =
  | 'SignatureDoesNotMatch'
  | 'InvalidClientTokenId'
  | 'ExpiredToken'
  /** Too old or from the future; some services call this SignatureDoesNotMatch. */
  | 'RequestExpired'
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature';

export type SigV4Verdict =
  | { readonly kind: 'signed'; readonly by: AwsKey; readonly form: 'header' | 'presigned' }
  | { readonly kind: 'refused'; readonly code: SigV4Refusal; readonly message: string };

export interface SigV4Rules {
  readonly keys: AwsKeys;
  /** As in the credential scope: `sts`, `secretsmanager`, `rds-db`. */
  readonly service: string;
  readonly region: string;
  readonly nowMs: number;
  /**
   * How long a presigned request is good for. `as-signed`: as X-Amz-Expires says, a week at most.
   * A number: that long whatever X-Amz-Expires says, as STS does. Default `as-signed`.
   */
  readonly presignedLifeMs?: 'as-signed' | number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** How far clocks may be apart, and how old a request with a signature in its header may be. */
const SKEW_MS = 5 * 60_000;
const WEEK_S = 7 * 86_400;

/** What the client says about its signature. */
interface Claim {
  readonly form: 'header' | 'presigned';
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** 20150830T123600Z */
  readonly date: string;
  readonly token: string | undefined;
  readonly expiresS: number | undefined;
}

/**
 * Checks a signature of Signature Version 4, in the Authorization header or in the query, from the bytes
 * of the request alone. Knows nothing of AWS's SDK.
 *
 * @see AWS documentation, "AWS Signature Version 4 for API requests"
 */
export function verifySigV4(request: SignedRequest, rules: SigV4Rules): SigV4Verdict {
  try {
    const claim = claimOf(request);
    const signedMs = msOf(claim.date);
    const by = checkScope(claim, rules);
    checkTime({ claim, signedMs }, rules);
    checkSignature(request, claim, { key: by, service: rules.service });
    return { kind: 'signed', by, form: claim.form };
  } catch (error) {
    if (error instanceof URIError) return refusal('IncompleteSignature', 'The URL is malformed');
    if (error instanceof Refused) return refusal(error.code, error.message);
    throw error;
  }
}

class Refused extends Error {
  readonly code: SigV4Refusal;

  constructor(code: SigV4Refusal, message: string) {
    super(message);
    this.code = code;
  }
}

function refusal(code: SigV4Refusal, message: string): SigV4Verdict {
  return { kind: 'refused', code, message };
}

function claimOf(request: SignedRequest): Claim {
  const header = headerValue(request, 'authorization');
  const query = queryOf(request.url);
  const isPresigned = query.some(([name]) => name.toLowerCase().startsWith('x-amz-signature'));
  if (header !== '' && isPresigned) {
    throw new Refused('IncompleteSignature', 'There are two signatures');
  }
  if (header !== '') return headerClaim(request, header);
  if (isPresigned) return presignedClaim(query);
  throw new Refused('MissingAuthenticationToken', 'Request is missing Authentication Token');
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^ ,]+), ?SignedHeaders=([^ ,]+), ?Signature=([^ ,]+)$/;

function headerClaim(request: SignedRequest, header: string): Claim {
  const [, credential = '', signedHeaders = '', signature = ''] = AUTHORIZATION.exec(header) ?? [];
  if (signature === '') {
    throw new Refused('IncompleteSignature', 'The Authorization header is incomplete');
  }
  const token = headerValue(request, 'x-amz-security-token');
  return {
    ...{ form: 'header', credential, signedHeaders, signature, expiresS: undefined },
    date: headerValue(request, 'x-amz-date'),
    token: token === '' ? undefined : token,
  };
}

const PRESIGNED = [
  ...['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires'],
  ...['X-Amz-SignedHeaders', 'X-Amz-Signature', 'X-Amz-Security-Token'],
];

function presignedClaim(query: readonly (readonly [string, string])[]): Claim {
  const given = new Map<string, string>();
  for (const [name, value] of query) {
    if (!PRESIGNED.includes(name)) continue;
    if (given.has(name)) throw new Refused('IncompleteSignature', `${name} comes twice`);
    given.set(name, value);
  }
  const get = (name: string): string => {
    const value = given.get(name);
    if (value === undefined) throw new Refused('IncompleteSignature', `${name} is missing`);
    return value;
  };
  if (get('X-Amz-Algorithm') !== ALGORITHM) {
    throw new Refused('IncompleteSignature', 'X-Amz-Algorithm is not supported');
  }
  const expires = given.get('X-Amz-Expires');
  if (expires !== undefined && !/^\d{1,6}$/.test(expires)) {
    throw new Refused('IncompleteSignature', 'X-Amz-Expires should be a number');
  }
  return {
    form: 'presigned',
    credential: get('X-Amz-Credential'),
    signedHeaders: get('X-Amz-SignedHeaders'),
    signature: get('X-Amz-Signature'),
    date: get('X-Amz-Date'),
    token: given.get('X-Amz-Security-Token'),
    expiresS: expires === undefined ? undefined : Number(expires),
  };
}

/** Whose key it is, and whether it is meant for this service. */
function checkScope(claim: Claim, rules: SigV4Rules): AwsKey {
  const parts = claim.credential.split('/');
  const [id = '', day, region, service, terminator] = parts;
  if (parts.length !== 5 || terminator !== 'aws4_request') {
    throw new Refused('IncompleteSignature', 'Credential must have five parts');
  }
  const mismatch = (what: string): Refused =>
    new Refused('SignatureDoesNotMatch', `Credential should be scoped to ${what}`);
  if (region !== rules.region) throw mismatch(`a valid region, not '${region}'.`);
  if (service !== rules.service) throw mismatch(`correct service: '${rules.service}'.`);
  if (day !== claim.date.slice(0, 8)) throw mismatch('the day of the date of the request.');
  const key = rules.keys.find(id);
  if (key === undefined || key.sessionToken !== claim.token) {
    const text = 'The security token included in the request is invalid.';
    throw new Refused('InvalidClientTokenId', text);
  }
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= rules.nowMs) {
    throw new Refused('ExpiredToken', 'The security token included in the request is expired');
  }
  return key;
}

/** Of a date as 20150830T123600Z. */
function msOf(date: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)?.slice(1);
  if (parts === undefined) {
    throw new Refused('IncompleteSignature', "Authorization requires existence of 'X-Amz-Date'");
  }
  const [year = 0, month = 0, ...rest] = parts.map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

function checkTime(
  { claim, signedMs }: { readonly claim: Claim; readonly signedMs: number },
  { nowMs, presignedLifeMs = 'as-signed' }: SigV4Rules,
): void {
  if (signedMs > nowMs + SKEW_MS) {
    const limit = `${stamp(nowMs + SKEW_MS)} (${stamp(nowMs)} + 5 min.)`;
    const text = `Signature not yet current: ${claim.date} is still later than ${limit}`;
    throw new Refused('RequestExpired', text);
  }
  const lifeMs = claim.form === 'header' ? SKEW_MS : presignedLife(claim, presignedLifeMs);
  if (signedMs + lifeMs < nowMs) {
    const limit = `${stamp(nowMs - lifeMs)} (${stamp(nowMs)} - ${Math.round(lifeMs / 60_000)} min.)`;
    const text = `Signature expired: ${claim.date} is now earlier than ${limit}`;
    throw new Refused('RequestExpired', text);
  }
}

function presignedLife({ expiresS }: Claim, rule: 'as-signed' | number): number {
  if (rule !== 'as-signed') return rule;
  if (expiresS === undefined || expiresS < 1 || expiresS > WEEK_S) {
    throw new Refused('IncompleteSignature', 'X-Amz-Expires must be less than a week');
  }
  return expiresS * 1000;
}

/** 20150830T123600Z */
function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function checkSignature(
  request: SignedRequest,
  claim: Claim,
  { key, service }: { readonly key: AwsKey; readonly service: string },
): void {
  const signedHeaders = checkedHeaders(request, claim);
  const payloadHash = sha256Hex(request.body);
  const claimedHash = headerValue(request, 'x-amz-content-sha256');
  const mayBeUnsigned = service === 's3' && claimedHash === 'UNSIGNED-PAYLOAD';
  if (claimedHash !== '' && claimedHash !== payloadHash && !mayBeUnsigned) {
    const text = 'The provided x-amz-content-sha256 header does not match what was computed.';
    throw new Refused('SignatureDoesNotMatch', text);
  }
  const canonical = canonicalRequest(request, {
    signedHeaders,
    unsigned: claim.form === 'presigned' ? 'X-Amz-Signature' : undefined,
    rawPath: service === 's3',
    payloadHash: mayBeUnsigned ? claimedHash : payloadHash,
  });
  const scope = claim.credential.slice(claim.credential.indexOf('/') + 1);
  const toSign = [ALGORITHM, claim.date, scope, sha256Hex(canonical)].join('\n');
  const expected = Buffer.from(hmac(signingKey(key, scope), toSign).toString('hex'));
  const given = Buffer.from(claim.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    const text =
      'The request signature we calculated does not match the signature you provided. Check your ' +
      'AWS Secret Access Key and signing method. Consult the service documentation for details.';
    throw new Refused('SignatureDoesNotMatch', text);
  }
}

/** Host, and all of AWS's own headers, must be signed; each signed one must be there. */
function checkedHeaders(request: SignedRequest, claim: Claim): readonly string[] {
  const names = claim.signedHeaders.split(';');
  const inOrder = [...new Set(names)].sort();
  if (inOrder.join(';') !== claim.signedHeaders.toLowerCase()) {
    throw new Refused('IncompleteSignature', 'SignedHeaders are not in order');
  }
  const come = new Set(request.headers.map(([name]) => name.toLowerCase()));
  const forgotten = [...come].find((name) => name.startsWith('x-amz-') && !names.includes(name));
  if (!names.includes('host') || forgotten !== undefined) {
    const what = forgotten ?? 'host';
    throw new Refused('SignatureDoesNotMatch', `'${what}' must be a 'SignedHeader'`);
  }
  const absent = names.find((name) => !come.has(name));
  if (absent !== undefined) {
    throw new Refused('SignatureDoesNotMatch', `The signed header '${absent}' is not there`);
  }
  return names;
}

function signingKey(key: AwsKey, scope: string): Buffer {
  return scope
    .split('/')
    .reduce<Buffer>((last, part) => hmac(last, part), Buffer.from(`AWS4${key.secretAccessKey}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
