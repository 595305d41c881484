import { createHash } from 'node:crypto';

/** A request as it came, before anything was decoded. */
export interface SignedRequest {
  readonly method: string;
  /** The target of the request line: path and query. */
  readonly url: string;
  /** Names and values in their order, as often as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | string;
}

/** Decoded parameters of a query, in their order. */
export type Query = readonly (readonly [name: string, value: string])[];

/** @throws URIError when an escape is none */
export function queryOf(url: string): Query {
  const start = url.indexOf('?');
  if (start < 0) return [];
  return url
    .slice(start + 1)
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const [name, value] =
        equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      // A plus is a plus here: signers write a blank as %20.
      return [decodeURIComponent(name), decodeURIComponent(value)] as const;
    });
}

export interface CanonicalOptions {
  /** Lower case, in the order of their names. */
  readonly signedHeaders: readonly string[];
  /** Of the query, what is not signed: the signature itself. */
  readonly unsigned: string | undefined;
  /** S3 only: the path is taken as it came. */
  readonly rawPath: boolean;
  readonly payloadHash: string;
}

/** @see AWS documentation, "Create a signed AWS API request", step 1 */
export function canonicalRequest(request: SignedRequest, options: CanonicalOptions): string {
  const [path = ''] = request.url.split('?', 1);
  return [
    request.method,
    options.rawPath ? path : canonicalPath(path),
    canonicalQuery(queryOf(request.url).filter(([name]) => name !== options.unsigned)),
    ...options.signedHeaders.map((name) => `${name}:${headerValue(request, name)}`),
    '',
    options.signedHeaders.join(';'),
    options.payloadHash,
  ].join('\n');
}

/** Of headers of one name, the values with commas between them; blanks are worth one at most. */
export function headerValue({ headers }: SignedRequest, wanted: string): string {
  return headers
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, ''))
    .join(',');
}

/** Without empty and relative parts, and escaped once more than it came. */
function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const ends = parts.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${parts.map(escaped).join('/')}${ends}`;
}

/** In the order of escaped names, then of escaped values. */
function canonicalQuery(query: Query): string {
  return query
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** By code unit, not as a language sorts; all escaped text is ASCII. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** All but the unreserved characters of RFC 3986. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function sha256Hex(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
