import type { TraceParent } from '../ports/transaction-observer';
import { parseTraceParent } from './trace-parent';

/** Longer ones are not about our setting. */
const TEXT_BYTES_MAX = 300;
const SPACE = 0x20;
const LOWER = 0x20;
const SET =
  /^\s*set\s+(?:(session|local)\s+)?pgweir\.traceparent\s*(?:=|\bto\b)\s*(?:'([^']*)'|\w+)[\s;]*$/i;
const RESET = /^\s*(?:reset\s+(?:all|pgweir\.traceparent)|discard\s+all)[\s;]*$/i;

/** A statement that is nothing but a change of `pgweir.traceparent`. */
export interface ParentChange {
  /** - `reset`: to what the startup packet says; `local`: for the transaction alone */
  readonly kind: 'set' | 'local' | 'reset';
  /** Undefined: none. */
  readonly parent: TraceParent | undefined;
}

/** What the statement `buffer[start, end)` says of the setting, if it does. */
export function parentChange(buffer: Buffer, start: number, end: number): ParentChange | undefined {
  if (end - start > TEXT_BYTES_MAX || !mayBe(buffer, start, end)) return undefined;
  const text = buffer.toString('latin1', start, end);
  const match = SET.exec(text);
  if (match === null) return RESET.test(text) ? { kind: 'reset', parent: undefined } : undefined;
  const [, scope = '', value] = match;
  const isLocal = scope.toLowerCase() === 'local';
  // A word, which can be no traceparent: DEFAULT, most likely.
  if (value === undefined) return { kind: isLocal ? 'local' : 'reset', parent: undefined };
  return { kind: isLocal ? 'local' : 'set', parent: parseTraceParent(value) };
}

/** It begins with SET, RES or DIS: most do not, and need not be looked at. */
function mayBe(buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && (buffer[at] ?? 0) <= SPACE) at++;
  const first = (buffer[at] ?? 0) | LOWER;
  // s, d, r
  if (first !== 0x73 && first !== 0x64 && first !== 0x72) return false;
  const second = (buffer[at + 1] ?? 0) | LOWER;
  const third = (buffer[at + 2] ?? 0) | LOWER;
  if (first === 0x64) return second === 0x69 && third === 0x73;
  return second === 0x65 && third === (first === 0x73 ? 0x74 : 0x73);
}
