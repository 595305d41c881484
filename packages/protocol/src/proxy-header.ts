import { addressBytes, ipAddressText, withoutMapping } from './ip-address';

/** Longest line of version 1, its CR and LF included. */
export const PROXY_LINE_BYTES_MAX = 107;

/**
 * What a header of version 2 may hold behind its first 16 bytes: addresses take 36 of them, and the rest
 * is for what load balancers add (names, certificates), of which nothing is read.
 */
export const PROXY_ADDRESSES_BYTES_MAX = 4096;

/** Where a connection comes from, as a load balancer tells it. */
export type ProxySource =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** It passes on a client whose address it cannot tell as an IP address and a TCP port. */
  | { readonly kind: 'unknown' }
  /** It speaks for itself, for example to see whether we are there. */
  | { readonly kind: 'local' };

/** What the first bytes of a connection are. Owns all its data. */
export type ProxyHeader =
  /** As far as they go they may be the beginning of a header. */
  | { readonly kind: 'partial' }
  /** `length`: bytes of the header; what is behind them is for somebody else. */
  | { readonly kind: 'whole'; readonly source: ProxySource; readonly length: number }
  /** Nothing that follows can make a header of them. */
  | { readonly kind: 'bad'; readonly reason: string };

const LINE_BEGIN = Buffer.from('PROXY ');
const LINE_END = 0x0a;
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_BYTES = 16;
/** Bytes that a log line may show of what is no header. */
const SHOWN_BYTES = 8;

const VERSION = 2;
const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
const STREAM = 1;
/** By family: unspecified, IPv4, IPv6, Unix. Two addresses, and two ports where there are any. */
const ADDRESSES_BYTES: readonly number[] = [0, 12, 36, 216];
const TRANSPORTS = 3;

/**
 * Reads a PROXY header of version 1 or 2, to be called with everything that has come so far until the
 * answer is not `partial`. It is final as soon as it can be: what is held back for it is never more than
 * `PROXY_ADDRESSES_BYTES_MAX + 16` bytes. Never throws; keeps no view of `bytes`.
 *
 * @see https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, sections 2 and 5
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (mayBegin(bytes, SIGNATURE)) return parseBinary(bytes);
  if (mayBegin(bytes, LINE_BEGIN)) return parseLine(bytes);
  return bad(`it begins with ${bytes.toString('hex', 0, SHOWN_BYTES)}`);
}

/** What both have in common, up to the end of the shorter one, is the same. */
function mayBegin(bytes: Buffer, begin: Buffer): boolean {
  const length = Math.min(bytes.length, begin.length);
  return bytes.compare(begin, 0, length, 0, length) === 0;
}

function parseLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, PROXY_LINE_BYTES_MAX).indexOf(LINE_END);
  if (end < 0) {
    if (bytes.length < PROXY_LINE_BYTES_MAX) return { kind: 'partial' };
    return bad(`the line is longer than ${PROXY_LINE_BYTES_MAX} bytes`);
  }
  const line = bytes.toString('latin1', 0, end);
  if (!line.endsWith('\r')) return bad('the line does not end in CR and LF');
  const source = lineSource(line.slice(LINE_BEGIN.length, -1));
  if (typeof source === 'string') return bad(source);
  return { kind: 'whole', source, length: end + 1 };
}

/** @returns why not, as text */
function lineSource(text: string): ProxySource | string {
  const [family, from, to, fromPort, toPort, ...more] = text.split(' ');
  // Whatever else the line says is to be ignored.
  if (family === 'UNKNOWN') return { kind: 'unknown' };
  if (family !== 'TCP4' && family !== 'TCP6') return 'the line names no known protocol';
  const addressLength = family === 'TCP4' ? 4 : 16;
  const source = addressBytes(from ?? '');
  const destination = addressBytes(to ?? '');
  if (source?.length !== addressLength || destination?.length !== addressLength) {
    return `an address in the line is none of ${family}`;
  }
  const port = portOf(fromPort);
  if (port === undefined || portOf(toPort) === undefined) return 'a port in the line is none';
  if (more.length > 0) return 'the line goes on behind its ports';
  return { kind: 'tcp', host: hostOf(source), port };
}

/** Decimal, without leading zeros. */
function portOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0|[1-9]\d{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 0xffff ? port : undefined;
}

function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length > SIGNATURE.length) {
    const version = bytes.readUInt8(12) >>> 4;
    if (version !== VERSION) return bad(`it is of version ${version}`);
  }
  if (bytes.length < FIXED_BYTES) return { kind: 'partial' };
  const command = bytes.readUInt8(12) & 0xf;
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY)
    return bad(`its command is ${command}`);
  const claimed = bytes.readUInt16BE(14);
  if (claimed > PROXY_ADDRESSES_BYTES_MAX) {
    return bad(`${claimed} bytes of addresses, more than ${PROXY_ADDRESSES_BYTES_MAX}`);
  }
  // Of LOCAL the family and all that follows mean nothing.
  const family = command === COMMAND_LOCAL ? 0 : bytes.readUInt8(13) >>> 4;
  const transport = command === COMMAND_LOCAL ? 0 : bytes.readUInt8(13) & 0xf;
  const least = ADDRESSES_BYTES[family];
  if (least === undefined || transport >= TRANSPORTS) {
    return bad(`its protocol is ${bytes.toString('hex', 13, 14)}`);
  }
  if (claimed < least) return bad(`${claimed} bytes of addresses, where ${least} are needed`);
  const length = FIXED_BYTES + claimed;
  if (bytes.length < length) return { kind: 'partial' };
  if (command === COMMAND_LOCAL) return { kind: 'whole', source: { kind: 'local' }, length };
  const source = binarySource(bytes, { family, transport });
  return { kind: 'whole', source, length };
}

/** A header that is whole. Source and destination come first, then both ports. */
function binarySource(
  bytes: Buffer,
  { family, transport }: { readonly family: number; readonly transport: number },
): ProxySource {
  const isIp = family === 1 || family === 2;
  if (!isIp || transport !== STREAM) return { kind: 'unknown' };
  const addressLength = family === 1 ? 4 : 16;
  const address = bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressLength);
  const port = bytes.readUInt16BE(FIXED_BYTES + 2 * addressLength);
  return { kind: 'tcp', host: hostOf([...address]), port };
}

/** As the system would tell the address of a client that came without anybody in between. */
function hostOf(bytes: readonly number[]): string {
  return ipAddressText(withoutMapping(bytes));
}

function bad(reason: string): ProxyHeader {
  return { kind: 'bad', reason };
}
