import { HEADER_BYTES } from '@pgweir/protocol';
import type { Session } from '../frontend/session';

/** Keeps a frame, whose header has been read up to `at`, and all that follows. */
export function keepFrom(
  session: Session,
  buffer: Buffer,
  frameStart: number,
  at: number,
  length: number,
): void {
  const { reader } = session;
  if (reader.headerWasCut) {
    session.input.keep(reader.headerBytes());
    session.input.keep(buffer.subarray(at, length));
  } else {
    session.input.keep(buffer.subarray(frameStart, length));
  }
  reader.reset();
}

/**
 * Keeps the beginning of a frame, whose header has been read up to `at`, until there are `enough` bytes of
 * its body.
 */
export function keepUntilEnough(
  session: Session,
  buffer: Buffer,
  { at, length, enough }: { readonly at: number; readonly length: number; readonly enough: number },
): void {
  const { reader } = session;
  const frame = Buffer.concat([reader.headerBytes(), buffer.subarray(at, length)]);
  reader.reset();
  session.input.keepUntil(frame, HEADER_BYTES + enough);
}
