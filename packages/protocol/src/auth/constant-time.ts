import { timingSafeEqual } from 'node:crypto';
import { sha256 } from './sha256';

/** Whether two texts are equal, in a time that tells neither their contents nor where they differ. */
export function equalTexts(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** The same for latin1 texts whose length is no secret. */
export function equalTokens(a: string, b: string): boolean {
  return equalBytes(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}

/** Whether `actual` is `expected`. Only the length of `expected`, which is public, shows in the time. */
export function equalBytes(actual: Buffer, expected: Buffer): boolean {
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function digest(text: string): Buffer {
  return sha256(Buffer.from(text));
}
