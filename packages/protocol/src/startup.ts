import { isUtf8 } from 'node:buffer';
import { int32, wireText } from './message-writer';

/**
 * What a first packet may hold behind its length field, bytes; PostgreSQL's limit. A packet may
 * therefore claim a length of at most four more.
 */
export const STARTUP_BYTES_MAX = 10_000;

/** Sizes of a cancel key, bytes: 4 in protocol 3.0, up to 256 from 3.2 on. */
export const CANCEL_KEY_BYTES_MIN = 4;
export const CANCEL_KEY_BYTES_MAX = 256;

/** Begins the names of protocol options, which are no parameters of the session. */
const PROTOCOL_OPTION_PREFIX = '_pq_.';

const LENGTH_BYTES = 4;
const PROTOCOL_MAJOR = 3;
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

/** What a client asks for with its first packet. Owns all its data. */
export type StartupRequest =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gss' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly key: Buffer }
  | {
      readonly kind: 'startup';
      readonly major: 3;
      readonly minor: number;
      /** In the order sent; of a name that comes twice, the last value. */
      readonly parameters: ReadonlyMap<string, string>;
      /** Names that begin with `_pq_.`, prefix included. */
      readonly protocolOptions: readonly string[];
    }
  | { readonly kind: 'unsupported'; readonly major: number; readonly minor: number }
  | {
      readonly kind: 'malformed';
      readonly reason: string;
      /** The packet's first eight bytes in hex, for the log and the client. */
      readonly header: string;
    };

/**
 * Total length that a first packet claims, its length field included. Not checked: it may be negative,
 * too small or over `STARTUP_BYTES_MAX + 4`.
 *
 * @param length bytes of `buffer` that are filled
 * @returns undefined while fewer than four bytes are there
 */
export function startupLength(buffer: Buffer, length: number): number | undefined {
  return length < LENGTH_BYTES ? undefined : buffer.readInt32BE(0);
}

/**
 * Reads a whole first packet, length field included. Never throws; keeps no view of `packet`.
 *
 * @see PostgreSQL documentation, anchors protocol-flow-start-up and protocol-message-formats
 */
export function parseStartup(packet: Buffer): StartupRequest {
  const claimed = startupLength(packet, packet.length);
  if (claimed !== packet.length || claimed < 8 || claimed - LENGTH_BYTES > STARTUP_BYTES_MAX)
    return malformed(packet, 'invalid length of startup packet');
  const code = packet.readUInt32BE(4);
  switch (code) {
    case SSL_REQUEST:
    case GSS_REQUEST:
      if (packet.length !== 8) return malformed(packet, 'invalid length of startup packet');
      return { kind: code === SSL_REQUEST ? 'ssl' : 'gss' };
    case CANCEL_REQUEST:
      return parseCancel(packet);
    default:
      return parseVersioned(packet, { major: code >>> 16, minor: code & 0xffff });
  }
}

function parseCancel(packet: Buffer): StartupRequest {
  const keyLength = packet.length - 12;
  if (keyLength < CANCEL_KEY_BYTES_MIN || keyLength > CANCEL_KEY_BYTES_MAX)
    return malformed(packet, 'invalid length of query cancel packet');
  return {
    kind: 'cancel',
    processId: packet.readInt32BE(8),
    key: Buffer.from(packet.subarray(12)),
  };
}

type Version = { readonly major: number; readonly minor: number };

function parseVersioned(packet: Buffer, { major, minor }: Version): StartupRequest {
  if (major !== PROTOCOL_MAJOR) return { kind: 'unsupported', major, minor };
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  const list = packet.subarray(8);
  // Names and values end in a NUL, which no other character contains: as a whole they are as valid as
  // one by one.
  if (!isUtf8(list))
    return malformed(packet, 'invalid byte sequence for encoding "UTF8" in startup packet');
  // The last NUL leaves an empty text behind it, and the one that ends the list one before that.
  const texts = list.toString('utf8').split('\0');
  const end = texts.length - 2;
  if (end < 0 || end % 2 !== 0) return missingTerminator(packet);
  for (let i = 0; i < end; i += 2) {
    const name = texts[i] ?? '';
    if (name === '') return missingTerminator(packet);
    if (name.startsWith(PROTOCOL_OPTION_PREFIX)) protocolOptions.push(name);
    else parameters.set(name, texts[i + 1] ?? '');
  }
  if (texts[end] !== '' || texts[end + 1] !== '') return missingTerminator(packet);
  return { kind: 'startup', major: PROTOCOL_MAJOR, minor, parameters, protocolOptions };
}

function missingTerminator(packet: Buffer): StartupRequest {
  return malformed(packet, 'invalid startup packet layout: expected terminator as last byte');
}

function malformed(packet: Buffer, reason: string): StartupRequest {
  return { kind: 'malformed', reason, header: packet.toString('hex', 0, 8) };
}

/** A StartupMessage. Names must not be empty: an empty name ends the list. */
export function startupPacket(
  parameters: Iterable<readonly [string, string]>,
  version: Version,
): Buffer {
  let text = '';
  for (const [name, value] of parameters) {
    if (name === '') throw new RangeError('a startup parameter needs a name');
    text += `${wireText(name)}\0${wireText(value)}\0`;
  }
  const code = (version.major << 16) | version.minor;
  return untagged(int32(code), Buffer.from(`${text}\0`, 'utf8'));
}

export function sslRequestPacket(): Buffer {
  return untagged(int32(SSL_REQUEST));
}

export function cancelRequestPacket(processId: number, key: Buffer): Buffer {
  return untagged(int32(CANCEL_REQUEST), int32(processId), key);
}

function untagged(...parts: readonly Buffer[]): Buffer {
  let length = LENGTH_BYTES;
  for (const part of parts) length += part.length;
  return Buffer.concat([int32(length), ...parts], length);
}
