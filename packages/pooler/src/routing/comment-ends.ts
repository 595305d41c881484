import { CARRIAGE_RETURN, NEWLINE, SLASH, STAR } from '../sql/bytes';
import { NO_SHAPE } from './literals';

/** Where the line ends that the comment at `start` goes to. */
export function lineCommentEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buffer[at] !== NEWLINE && buffer[at] !== CARRIAGE_RETURN) at++;
  return at;
}

/** Behind the comment that begins at `start`, in which there may be others. */
export function blockCommentEnd(buffer: Buffer, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at + 1 < end; at++) {
    const byte = buffer[at];
    const next = buffer[at + 1];
    if (byte === SLASH && next === STAR) {
      depth++;
      at++;
    } else if (byte === STAR && next === SLASH) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return NO_SHAPE;
}
