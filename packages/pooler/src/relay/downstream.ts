import { Frontend, ProtocolViolation } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { Session } from '../frontend/session';

/** What to do with a frame from a client, by its tag. */
const REFUSE = 0;
/** Needs a link, goes through. */
const FORWARD = 1;
/** Goes through where there is a link; PostgreSQL ignores it outside of a COPY, and so do we. */
const FORWARD_IF_LEASED = 2;
const TERMINATE = 3;

const INTEREST = new Uint8Array(256);
for (const tag of [
  Frontend.Bind,
  Frontend.Close,
  Frontend.Describe,
  Frontend.Execute,
  Frontend.FunctionCall,
  Frontend.Parse,
  Frontend.Query,
  Frontend.Sync,
]) {
  INTEREST[tag] = FORWARD;
}
for (const tag of [Frontend.CopyData, Frontend.CopyDone, Frontend.CopyFail, Frontend.Flush]) {
  INTEREST[tag] = FORWARD_IF_LEASED;
}
INTEREST[Frontend.Terminate] = TERMINATE;

// A constant of this module: reading it through the package's index costs a call each time.
const QUERY = Frontend.Query;

/** PostgreSQL's own limits for a length field; a longer message would cost the link. */
const LARGE_MESSAGE_BYTES_MAX = 0x3ffffffe;
const SMALL_MESSAGE_BYTES_MAX = 10_000;
const LENGTH_BYTES = 4;

const BODY_BYTES_MAX = new Int32Array(256).fill(SMALL_MESSAGE_BYTES_MAX - LENGTH_BYTES);
for (const tag of [
  Frontend.Bind,
  Frontend.CopyData,
  Frontend.FunctionCall,
  Frontend.Parse,
  Frontend.Query,
]) {
  BODY_BYTES_MAX[tag] = LARGE_MESSAGE_BYTES_MAX - LENGTH_BYTES;
}
// A Flush with a body fails, and PostgreSQL then skips everything up to a Sync; that would be the next
// client's statement, for nothing is owed for a Flush.
BODY_BYTES_MAX[Frontend.Flush] = 0;

/**
 * Forwards a chunk from a client to its link, in runs that are as long as possible; asks for a link
 * where one is needed. What can't go on yet is kept by the session (`session.keep`).
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
          link = session.takeLink();
          if (link === undefined) {
            if (reader.headerWasCut) {
              session.keep(reader.headerBytes());
              session.keep(buffer.subarray(at, length));
            } else {
              session.keep(buffer.subarray(frameStart, length));
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
    at = reader.takeBody(at, length);
    if (session.dropping) {
      runStart = at;
      if (reader.bodyLeft === 0 && session.skipping) session.skipped(reader.tag);
    }
  }
  flush(session, link, buffer, runStart, at);
  if (link !== undefined) session.sentOn(link, reader.bodyLeft > 0 && !session.dropping);
}

function flush(
  session: Session,
  link: Link | undefined,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  if (start >= end || link === undefined) return;
  if (!link.write(buffer, start, end)) session.pauseForLink();
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
  if (link !== undefined) session.sentOn(link, false);
}

function flushHeader(session: Session, link: Link | undefined, header: Buffer): void {
  if (link !== undefined && !link.write(header)) session.pauseForLink();
}
