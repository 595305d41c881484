import type { BackendMessage } from '../wire/backend-message';
import { describeMessage, noticeFields } from '../wire/backend-message';
import { int16, int32, text } from '../wire/frontend';

/** What a reply has to be: to the byte, or for an error by its code and text. */
export type Expected =
  | { readonly kind: 'message'; readonly tag: string; readonly body: Buffer }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

const TEXT_OID = 25;
const EMPTY = Buffer.alloc(0);

export const PARSED = message('1', EMPTY);
export const BOUND = message('2', EMPTY);
export const CLOSED = message('3', EMPTY);
export const COPY_IN = message('G', Buffer.concat([Buffer.from([0]), int16(1), int16(0)]));
export const COPY_OUT = message('H', COPY_IN.body);
export const COPY_DONE = message('c', EMPTY);

export function message(
  tag: string,
  body: Buffer,
): { readonly kind: 'message'; readonly tag: string; readonly body: Buffer } {
  return { kind: 'message', tag, body };
}

export function ready(status: 'I' | 'T' | 'E'): Expected {
  return message('Z', Buffer.from(status));
}

export function complete(tag: string): Expected {
  return message('C', text(tag));
}

/** One column of type text, computed, in text format. */
export function textColumn(name: string): Expected {
  const parts = [int16(1), text(name), int32(0), int16(0), int32(TEXT_OID), int16(-1), int32(-1)];
  return message('T', Buffer.concat([...parts, int16(0)]));
}

/** A row of one value; null is SQL's NULL. */
export function row(value: string | Buffer | null): Expected {
  if (value === null) return message('D', Buffer.concat([int16(1), int32(-1)]));
  const bytes = Buffer.from(value);
  return message('D', Buffer.concat([int16(1), int32(bytes.length), bytes]));
}

export function copyRow(line: string): Expected {
  return message('d', Buffer.from(`${line}\n`));
}

export function error(code: string, text: string): Expected {
  return { kind: 'error', code, message: text };
}

/** One row of one column `v`, by simple query: description, row, completion, ready. */
export function oneValue(value: string | Buffer, status: 'I' | 'T' = 'I'): readonly Expected[] {
  return [textColumn('v'), row(value), complete('SELECT 1'), ready(status)];
}

/** Why `got` is not `expected`, or undefined when each byte is right. */
export function mismatch(
  got: readonly BackendMessage[],
  expected: readonly Expected[],
): string | undefined {
  const length = Math.max(got.length, expected.length);
  for (let i = 0; i < length; i++) {
    const [is, shall] = [got[i], expected[i]];
    if (is !== undefined && shall !== undefined && fits(is, shall)) continue;
    const came = is === undefined ? 'nothing' : shown(is);
    const due = shall === undefined ? 'nothing' : shownExpected(shall);
    return `message ${i + 1} of ${expected.length}: expected ${due}, came ${came}`;
  }
  return undefined;
}

function fits(is: BackendMessage, shall: Expected): boolean {
  if (shall.kind === 'message') return is.tag === shall.tag && is.body.equals(shall.body);
  if (is.tag !== 'E') return false;
  const { C, M } = noticeFields(is);
  return C === shall.code && M === shall.message;
}

function shown(is: BackendMessage): string {
  if (is.tag === 'E' || is.tag === 'N') return describeMessage(is);
  return `${is.tag} of ${is.body.length} bytes ${JSON.stringify(is.body.toString('latin1', 0, 120))}`;
}

function shownExpected(shall: Expected): string {
  if (shall.kind === 'error') return `error ${shall.code} ${shall.message}`;
  return shown({ tag: shall.tag, body: shall.body });
}
