import { decodeBase64 } from './base64';
import { randomText } from './random-text';
import { hmacSha256 } from './sha256';

/*
 * The text of SCRAM messages. It is handled as latin1, one character a byte, so that the signed text is
 * byte for byte what was sent, whatever the encoding of the parts that we ignore.
 */

/** The mechanisms that PostgreSQL knows. PLUS binds the login to the TLS channel. */
export const ScramMechanism = {
  plain: 'SCRAM-SHA-256',
  plus: 'SCRAM-SHA-256-PLUS',
} as const;

export type ScramMechanismName = (typeof ScramMechanism)[keyof typeof ScramMechanism];

export type ScramFailure = { readonly kind: 'failed'; readonly reason: string };

export function failed(reason: string): ScramFailure {
  return { kind: 'failed', reason };
}

/** The one kind of channel binding that PostgreSQL uses. */
export const CHANNEL_BINDING_TYPE = 'tls-server-end-point';

/** As many as PostgreSQL and libpq send. */
const NONCE_BYTES = 18;

export function newNonce(): string {
  return Buffer.from(randomText(NONCE_BYTES), 'latin1').toString('base64');
}

/** Printable ASCII without the comma, at least one character (RFC 5802, section 5.1). */
export function isNonce(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}

/** The message's text, or undefined when it is empty or holds a NUL. */
export function messageText(data: Buffer): string | undefined {
  return data.length === 0 || data.includes(0) ? undefined : data.toString('latin1');
}

/** The value of the attribute `name` if `part` is that attribute. */
export function attribute(part: string | undefined, name: string): string | undefined {
  return part?.startsWith(`${name}=`) ? part.slice(name.length + 1) : undefined;
}

/** The same, for a value in base64. */
export function base64Attribute(part: string | undefined, name: string): Buffer | undefined {
  const value = attribute(part, name);
  return value === undefined ? undefined : decodeBase64(value);
}

/** Extensions that we do not know may follow and are ignored, if they look like attributes. */
export function areExtensions(parts: readonly string[]): boolean {
  return parts.every((part) => /^[A-Za-z]=/.test(part));
}

/** HMAC of the three messages that both sides have seen. */
export function signature(
  key: Buffer,
  exchange: {
    readonly clientFirstBare: string;
    readonly serverFirst: string;
    readonly clientFinalWithoutProof: string;
  },
): Buffer {
  const { clientFirstBare, serverFirst, clientFinalWithoutProof } = exchange;
  const text = `${clientFirstBare},${serverFirst},${clientFinalWithoutProof}`;
  return hmacSha256(key, Buffer.from(text, 'latin1'));
}

/** The value of `c=`: the GS2 header and, with PLUS, the binding data behind it. */
export function channelBindingValue(gs2Header: string, data: Buffer | undefined): string {
  const header = Buffer.from(gs2Header, 'latin1');
  return (data === undefined ? header : Buffer.concat([header, data])).toString('base64');
}
