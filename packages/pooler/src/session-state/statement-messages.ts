import { Frontend } from '@pgweir/protocol';

const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;

/** What ends a text. */
export const NUL = Buffer.alloc(1);

/** What Close and Describe speak of: `S`, a prepared statement. */
export const STATEMENT_KIND = 0x53;
export const STATEMENT = Buffer.from([STATEMENT_KIND]);

/** The name of the unnamed statement, as it stands in messages. */
export const UNNAMED = Buffer.from([0]);

/** A message with this tag and a body made of these parts. The caller owns it. */
export function frameOf(tag: number, ...parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame[0] = tag;
  frame.writeInt32BE(length + LENGTH_BYTES, 1);
  let at = HEADER_BYTES;
  for (const part of parts) {
    part.copy(frame, at);
    at += part.length;
  }
  return frame;
}

/** A message of the client, or its beginning: `buffer[start, end)` of a body of `bodyLength` bytes. */
export interface Message {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly bodyLength: number;
}

/**
 * Where the NUL stands that ends the name which begins at `start`; -1 when `buffer[start, end)` has none.
 * Names are short: to look by oneself costs less than to ask `indexOf`, a native function.
 */
export function nameEndAt(buffer: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (buffer[at] === 0) return at;
  return -1;
}

/** Whether the names that begin at these places are the same, and both end before `end`. */
export function isSameName(buffer: Buffer, one: number, other: number, end: number): boolean {
  for (let at = 0; other + at < end; at++) {
    if (buffer[one + at] !== buffer[other + at]) return false;
    if (buffer[one + at] === 0) return true;
  }
  return false;
}

/** The length field of the message that begins at `at`, whatever it says. */
export function lengthAt(buffer: Buffer, at: number): number {
  const high = ((buffer[at + 1] ?? 0) << 24) | ((buffer[at + 2] ?? 0) << 16);
  return (high | ((buffer[at + 3] ?? 0) << 8) | (buffer[at + 4] ?? 0)) >>> 0;
}

/** What is longer is compared by a native function. */
const SHORT_BYTES_MAX = 200;

/** Whether `buffer[start, end)` is the same as `bytes`. */
export function isSame(bytes: Buffer, buffer: Buffer, start: number, end: number): boolean {
  const { length } = bytes;
  if (length !== end - start) return false;
  if (length > SHORT_BYTES_MAX) return bytes.compare(buffer, start, end) === 0;
  for (let at = 0; at < length; at++) if (bytes[at] !== buffer[start + at]) return false;
  return true;
}

const { Bind, Close, Describe, Execute, Parse, Sync } = Frontend;
/** The name under which statements of our own run that must leave the unnamed one alone. */
const OWN_NAME = Buffer.from('pgweir_own\0');
const NO_PARAMETERS = Buffer.alloc(6);
const NO_LIMIT = Buffer.alloc(4);
/** What Close speaks of: `P`, a portal. */
const PORTAL = Buffer.from([0x50]);
const CLOSE_OWN: readonly Buffer[] = [
  frameOf(Close, STATEMENT, OWN_NAME),
  frameOf(Close, PORTAL, OWN_NAME),
];

/** Parse, Bind and Execute of a statement of our own, which leave what is unnamed alone. */
export function ownMessages(sql: string): readonly [parse: Buffer, bind: Buffer, execute: Buffer] {
  return [
    frameOf(Parse, OWN_NAME, Buffer.from(`${sql}\0\0\0`)),
    frameOf(Bind, OWN_NAME, OWN_NAME, NO_PARAMETERS),
    frameOf(Execute, OWN_NAME, NO_LIMIT),
  ];
}

/** The same as a group of its own; what one that has failed has left is in nobody's way. */
export function ownGroup(sql: string): readonly Buffer[] {
  return [...CLOSE_OWN, ...ownMessages(sql), ...CLOSE_OWN, frameOf(Sync)];
}

/** The formats of parameters and of columns: all text, which is what no number at all means. */
const ALL_TEXT = Buffer.alloc(2);
const ONE = Buffer.from([0, 1]);

/** As `ownGroup`, with one parameter as text, a description of the rows, and at most `rowsMax` of them. */
export function ownQuestion(
  sql: string,
  parameter: string,
  { rowsMax }: { readonly rowsMax: number },
): readonly Buffer[] {
  const value = Buffer.from(parameter);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(value.length);
  const limit = Buffer.alloc(LENGTH_BYTES);
  limit.writeInt32BE(rowsMax);
  return [
    ...CLOSE_OWN,
    frameOf(Parse, OWN_NAME, Buffer.from(`${sql}\0\0\0`)),
    frameOf(Bind, OWN_NAME, OWN_NAME, ALL_TEXT, ONE, length, value, ALL_TEXT),
    frameOf(Describe, PORTAL, OWN_NAME),
    frameOf(Execute, OWN_NAME, limit),
    ...CLOSE_OWN,
    frameOf(Sync),
  ];
}
