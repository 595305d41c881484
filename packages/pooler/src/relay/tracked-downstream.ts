import { type FrameReader, Frontend, HEADER_BYTES as HEADER } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { sentOn, takeLink } from '../frontend/lease';
import type { Session } from '../frontend/session';
import { PASS } from '../session-state/relayed';
import type { Message } from '../session-state/statement-messages';
import type { Tracker } from '../session-state/tracker';
import { COLLECTED_BYTES_MAX } from './body-collector';
import { FORWARD_IF_LEASED, INTEREST } from './client-frames';
import { keepFrom } from './kept-frames';
import { learnReads } from './learn-reads';
import { Outgoing } from './outgoing';
import { streamEnd } from './stream-end';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Describe, FunctionCall, Parse, Query, Sync } = Frontend;
const HEADER_BYTES = HEADER;

/** Messages whose bodies are looked at: those that say something about the session's state. */
const LOOKED_AT = new Uint8Array(256);
for (const tag of [Query, FunctionCall, Parse, Bind, Describe, Close]) LOOKED_AT[tag] = 1;

/** Messages after which PostgreSQL says ReadyForQuery. */
const ENDS_GROUP = new Uint8Array(256);
for (const tag of [Query, Sync, FunctionCall]) ENDS_GROUP[tag] = 1;

const OUT = new Outgoing();
const CLOSE_COMPLETE = Buffer.from([0x33, 0, 0, 0, 4]);

/** The message in hand: one object for all, because it is looked at and forgotten. */
const MESSAGE: { -readonly [Name in keyof Message]: Message[Name] } = {
  buffer: CLOSE_COMPLETE,
  start: 0,
  end: 0,
  bodyLength: 0,
};

/**
 * As `relayDown`, for a session whose state is followed: looks at the messages that can change it,
 * renames prepared statements, and lets the client's further messages wait where it has to.
 *
 * @throws ProtocolViolation (08P01) when the stream makes no sense
 */
export function relayTracked(
  session: Session,
  tracker: Tracker,
  buffer: Buffer,
  length: number,
): void {
  const { reader } = session;
  let link = session.link;
  let at = 0;
  OUT.begin(buffer, link);
  while (at < length) {
    const frameStart = at;
    if (reader.bodyLeft > 0) {
      at = reader.takeBody(at, length);
      tracker.lookOn(buffer, frameStart, at);
      if (session.dropping) OUT.skipTo(at);
      else {
        OUT.passTo(at);
        session.unanswered?.add(buffer, frameStart, at);
        session.meter?.goesOn(buffer, frameStart, at);
      }
    } else {
      session.unanswered?.lookBack(link);
      at = readHeader(session, buffer, frameStart, length);
      if (at < 0) {
        at = frameStart;
        break;
      }
      if (endsHere(session, link)) return;
      const { tag } = reader;
      session.dropping =
        session.skipping || (link === undefined && INTEREST[tag] === FORWARD_IF_LEASED);
      if (session.dropping) {
        at = reader.takeBody(at, length);
        OUT.skipTo(at);
      } else {
        at = putMessage(session, tracker, link, buffer, frameStart, at, length);
        if (at < 0) return;
        link ??= OUT.link;
      }
    }
    if (reader.bodyLeft > 0) break;
    const { tag } = reader;
    if (session.dropping && session.skipping) {
      // Cancelled or not, a simple query ends the unnamed statement.
      if (tag === Query) tracker.statements.own.unnamed = undefined;
      session.input.skipped(tag);
    }
    if (ENDS_GROUP[tag] === 1 && link !== undefined && tracker.sent(link, tag)) {
      if (at < length) session.input.keep(buffer.subarray(at, length));
      send(session);
      sentOn(session, link, false);
      return;
    }
  }
  send(session);
  if (link !== undefined) sentOn(session, link, reader.bodyLeft > 0 && !session.dropping);
}

/** The rest of the chunk is not for now, or has been dealt with. */
const CHUNK_DONE = -1;

/**
 * Puts out a message whose header has been read, or what takes its place, and takes a link for it where
 * there is none. The body begins at `at`.
 *
 * @returns the offset behind what is here of the message, or CHUNK_DONE
 */
function putMessage(
  session: Session,
  tracker: Tracker,
  leased: Link | undefined,
  buffer: Buffer,
  frameStart: number,
  at: number,
  length: number,
): number {
  const { reader } = session;
  const { tag } = reader;
  const looked = LOOKED_AT[tag] === 1;
  if (looked && reader.headerWasCut) {
    const joined = Buffer.concat([reader.headerBytes(), buffer.subarray(at, length)]);
    reader.reset();
    relayTracked(session, tracker, joined, joined.length);
    return CHUNK_DONE;
  }
  const enough = Math.min(reader.bodyLength, COLLECTED_BYTES_MAX);
  if (looked && length - at < enough) {
    leaveRest(session, leased, buffer.subarray(frameStart, length), HEADER_BYTES + enough);
    return CHUNK_DONE;
  }
  MESSAGE.buffer = buffer;
  MESSAGE.start = at;
  MESSAGE.end = Math.min(at + reader.bodyLength, length);
  MESSAGE.bodyLength = reader.bodyLength;
  const begins = looked && ENDS_GROUP[tag] !== 1 && leased?.owed.unsynced !== true;
  const wanted = begins ? tracker.groupBegins(tag, MESSAGE, length) : 0;
  if (wanted > 0) {
    leaveRest(session, leased, buffer.subarray(frameStart, length), wanted);
    return CHUNK_DONE;
  }
  let link = leased;
  if (link === undefined) {
    if (tag === Close && tracker.statements.closeHere(MESSAGE)) {
      const end = reader.takeBody(at, length);
      OUT.skipTo(end);
      session.answer(CLOSE_COMPLETE);
      return end;
    }
    link = takeLink(session);
    if (link === undefined) {
      keepFrom(session, buffer, frameStart, at, length);
      return CHUNK_DONE;
    }
    OUT.link = link;
  }
  const relayed = looked ? tracker.message(link, tag, MESSAGE, OUT) : PASS;
  if (relayed.kind === 'wait') {
    tracker.touched = true;
    if (relayed.begin === undefined) tracker.holding = true;
    keepFrom(session, buffer, frameStart, at, length);
    send(session);
    relayed.begin?.();
    if (!link.busyWithOwn) sentOn(session, link, false);
    return CHUNK_DONE;
  }
  if (relayed.kind === 'refuse') {
    tracker.refuse(link, tag, relayed.error, OUT);
    session.dropping = true;
  }
  const isEnd = (relayed.kind !== 'refuse' || ENDS_GROUP[tag] === 1) && noteSent(link, tag);
  if (reader.headerWasCut) putHeader(reader, at);
  const end = reader.takeBody(at, length);
  noteMessage(session, tracker, link, isEnd, end);
  if (relayed.kind === 'pass') OUT.passTo(end);
  else OUT.skipTo(end);
  return end;
}

/**
 * The message in hand goes out, up to `end`: has it measured, and keeps it in case the link is lost, each
 * where that is wanted.
 */
function noteMessage(
  session: Session,
  tracker: Tracker,
  link: Link,
  isEnd: boolean,
  end: number,
): void {
  const { meter, reader, unanswered } = session;
  const { bodyLength, buffer, start } = MESSAGE;
  meter?.sent(link, reader.tag, buffer, start, end, bodyLength);
  if (unanswered === undefined) return;
  if (session.split?.isJudged !== true) learnReads(session, tracker, reader.tag, MESSAGE);
  unanswered.sent(session, link, isEnd).add(buffer, start, end);
}

/** The header, of which the chunk has only the end, in front of `at`. */
function putHeader(reader: FrameReader, at: number): void {
  OUT.bytes(reader.headerBytes(), 0, HEADER_BYTES);
  OUT.skipTo(at);
}

/** @returns whether the message ends its group */
function noteSent({ owed, statements }: Link, tag: number): boolean {
  const { ready } = owed;
  owed.sent(tag);
  // A Sync in the middle of a COPY ends nothing.
  if (owed.ready === ready) return false;
  statements.groupEnds();
  return true;
}

/** @returns the offset behind the header, or -1 when the chunk ended first */
function readHeader(session: Session, buffer: Buffer, at: number, length: number): number {
  const { reader } = session;
  try {
    return reader.readHeader(buffer, at, length);
  } catch (error) {
    send(session);
    if (session.link !== undefined) sentOn(session, session.link, false);
    throw error;
  }
}

/** Whether the frame whose header was read ends the stream: what stands in front of it is sent. */
function endsHere(session: Session, link: Link | undefined): boolean {
  const end = streamEnd(session);
  if (end === undefined) return false;
  send(session);
  if (link !== undefined) sentOn(session, link, false);
  end();
  return true;
}

/** Keeps the beginning of a frame until there is enough of it to be looked at. */
function leaveRest(session: Session, link: Link | undefined, rest: Buffer, wanted: number): void {
  session.reader.reset();
  send(session);
  session.input.keepUntil(rest, wanted);
  if (link !== undefined) sentOn(session, link, false);
}

function send(session: Session): void {
  if (!OUT.send()) session.input.pause();
}
