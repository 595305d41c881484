import { Frontend, ProtocolViolation } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { sentOn, takeLink } from '../frontend/lease';
import type { Session } from '../frontend/session';
import {
  BODY_BYTES_MAX,
  FORWARD_IF_LEASED,
  INTEREST,
  LENGTH_BYTES,
  REFUSE,
  TERMINATE,
} from './client-frames';

// A constant of this module: reading it through the package's index costs a call each time.
const QUERY = Frontend.Query;

/**
 * Forwards a chunk from a client to its link, in runs that are as long as possible; asks for a link
 * where one is needed. What can't go on yet is kept by the session (`ClientInput.keep`).
 *
 * @throws ProtocolViolation (08P01) when the stream makes no sense
 */
export function relayDown(session: Session, buffer: Buffer, length: number): void {
  const reader = session.reader;
  let link = session.link;
  let at = 0;
  let runStart = 0;
  while (at < length) {
    const frameStart = at;
    if (reader.bodyLeft === 0) {
      try {
        at = reader.readHeader(buffer, at, length);
      } catch (error) {
        flushFrames(session, link, buffer, runStart, frameStart);
        throw error;
      }
      if (at < 0) {
        at = frameStart;
        break;
      }
      const { tag } = reader;
      const interest = INTEREST[tag] ?? REFUSE;
      if (reader.bodyLength > (BODY_BYTES_MAX[tag] ?? 0) && interest !== REFUSE) {
        flushFrames(session, link, buffer, runStart, frameStart);
        throw new ProtocolViolation('badFrameLength', tag, reader.bodyLength + LENGTH_BYTES);
      }
      if (interest === REFUSE || interest === TERMINATE) {
        flushFrames(session, link, buffer, runStart, frameStart);
        if (interest === TERMINATE) session.terminated();
        else throw new ProtocolViolation('unexpectedMessage', tag, 0);
        return;
      }
      if (tag === QUERY && session.refusesSimpleQuery) {
        flushFrames(session, link, buffer, runStart, frameStart);
        session.fail('simpleQueryDisabled');
        return;
      }
      session.dropping = session.skipping || (link === undefined && interest === FORWARD_IF_LEASED);
      if (!session.dropping) {
        if (link === undefined) {
          link = takeLink(session);
          if (link === undefined) {
            if (reader.headerWasCut) {
              session.input.keep(reader.headerBytes());
              session.input.keep(buffer.subarray(at, length));
            } else {
              session.input.keep(buffer.subarray(frameStart, length));
            }
            reader.reset();
            return;
          }
        }
        link.owed.sent(tag);
      } else {
        flush(session, link, buffer, runStart, frameStart);
      }
      if (reader.headerWasCut && !session.dropping)
        flushHeader(session, link, reader.headerBytes());
      if (reader.headerWasCut || session.dropping) runStart = at;
    }
    const bodyStart = at;
    at = reader.takeBody(at, length);
    if (session.meter !== undefined) measure(session, link, buffer, frameStart, bodyStart, at);
    if (session.dropping) {
      runStart = at;
      if (reader.bodyLeft === 0 && session.skipping) session.input.skipped(reader.tag);
    }
  }
  flush(session, link, buffer, runStart, at);
  if (link !== undefined) sentOn(session, link, reader.bodyLeft > 0 && !session.dropping);
}

/** `buffer[start, end)` has come of a body; its frame began here unless `frameStart` is `start`. */
function measure(
  { dropping, meter, reader: { bodyLength, tag } }: Session,
  link: Link | undefined,
  buffer: Buffer,
  frameStart: number,
  start: number,
  end: number,
): void {
  if (dropping || link === undefined) return;
  if (frameStart === start) meter?.goesOn(buffer, start, end);
  else meter?.sent(link, tag, buffer, start, end, bodyLength);
}

function flush(
  session: Session,
  link: Link | undefined,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  if (start >= end || link === undefined) return;
  if (!link.write(buffer, start, end)) session.input.pause();
}

/** Sends what stands in front of a frame that ends the stream: PostgreSQL owes answers for it. */
function flushFrames(
  session: Session,
  link: Link | undefined,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  flush(session, link, buffer, start, end);
  if (link !== undefined) sentOn(session, link, false);
}

function flushHeader(session: Session, link: Link | undefined, header: Buffer): void {
  if (link !== undefined && !link.write(header)) session.input.pause();
}
