import type { TraceParent } from '../ports/transaction-observer';
import { blockCommentEnd } from '../routing/comment-ends';
import { SEMICOLON, SLASH, STAR } from '../sql/bytes';
import { parseTraceParent } from './trace-parent';

/** As far as is looked into a text, from its beginning and from its end. */
export const LOOKED_BYTES = 2048;
const COMMENTS_MAX = 4;
const SPACE = 0x20;
const NAME = Buffer.from('traceparent');
/** A key of sqlcommenter: values are quoted, and percent-encoded where they need to be. */
const KEY = /(?:^|[\s,])traceparent\s*=\s*'([^']*)'/;
const OPENING = Buffer.from('/*');
const CLOSING = Buffer.from('*/');

/** The `traceparent` in a comment in front of a statement, `buffer[start, end)`. */
export function parentInFront(buffer: Buffer, start: number, end: number): TraceParent | undefined {
  const limit = Math.min(end, start + LOOKED_BYTES);
  let at = start;
  for (let left = COMMENTS_MAX; left > 0; left--) {
    while (at < limit && (buffer[at] ?? 0) <= SPACE) at++;
    if (buffer[at] !== SLASH || buffer[at + 1] !== STAR) return undefined;
    const behind = blockCommentEnd(buffer, at, limit);
    if (behind < 0) return undefined;
    const found = parentIn(buffer, at + OPENING.length, behind - CLOSING.length);
    if (found !== undefined) return found;
    at = behind;
  }
  return undefined;
}

/**
 * The `traceparent` in the comment that a statement ends with, of which these are the last bytes,
 * `buffer[start, end)`. A text of which the last two bytes close a comment has no string there.
 */
export function parentBehind(buffer: Buffer, start: number, end: number): TraceParent | undefined {
  let at = end;
  while (at > start && isBlank(buffer[at - 1] ?? 0)) at--;
  if (buffer[at - 1] !== SLASH || buffer[at - 2] !== STAR) return undefined;
  const from = Math.max(start, at - LOOKED_BYTES);
  const opening = buffer.subarray(from, at - CLOSING.length).lastIndexOf(OPENING);
  if (opening < 0) return undefined;
  return parentIn(buffer, from + opening + OPENING.length, at - CLOSING.length);
}

function isBlank(byte: number): boolean {
  return byte <= SPACE || byte === SEMICOLON;
}

function parentIn(buffer: Buffer, start: number, end: number): TraceParent | undefined {
  const comment = buffer.subarray(start, Math.max(start, end));
  if (comment.indexOf(NAME) < 0) return undefined;
  const value = KEY.exec(comment.toString('latin1'))?.[1];
  return value === undefined ? undefined : parseTraceParent(value);
}
