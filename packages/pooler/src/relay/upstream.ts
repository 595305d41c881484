import { Backend, decodeNotice, decodeParameterStatus, ProtocolViolation } from '@pgweir/protocol';
import { Answer, answerKind } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { LinkSession } from '../backend/link-session';
import { endsConnection, STATUS_IDLE } from '../backend/server-status';
import type { ErrorInstead } from '../errors';
import { COLLECTED_BYTES_MAX } from './body-collector';

/** What to do with a frame from PostgreSQL, by its tag. */
const REFUSE = 0;
const FORWARD = 1;
/** Forward and look at the body. */
const INSPECT = 2;
/** Forward and take note of the tag. */
const NOTE = 3;
/** A notification: for the session that listens, which in transaction mode may be another one. */
const NOTIFY = 4;
/** An answer to a message that may have been our own, or that somebody waits for. */
const EXPECTED = 5;

// Constants of this module: reading them through the package's index costs a call each time.
const COMMAND_COMPLETE = Backend.CommandComplete;
const READY_FOR_QUERY = Backend.ReadyForQuery;
const ERROR_RESPONSE = Backend.ErrorResponse;
const PARAMETER_STATUS = Backend.ParameterStatus;
const ROW_DESCRIPTION = Backend.RowDescription;

/** Length of ReadyForQuery, its header included. */
const READY_BYTES = 6;

const INTEREST = new Uint8Array(256);
for (const tag of [
  Backend.CopyData,
  Backend.CopyDone,
  Backend.CopyOutResponse,
  Backend.DataRow,
  Backend.EmptyQueryResponse,
  Backend.FunctionCallResponse,
  Backend.NoticeResponse,
  Backend.ParameterDescription,
  Backend.PortalSuspended,
]) {
  INTEREST[tag] = FORWARD;
}
INTEREST[Backend.ReadyForQuery] = NOTE;
INTEREST[Backend.ParameterStatus] = INSPECT;
INTEREST[Backend.ErrorResponse] = INSPECT;
INTEREST[Backend.CopyInResponse] = NOTE;
INTEREST[Backend.CopyBothResponse] = NOTE;
INTEREST[Backend.NotificationResponse] = NOTIFY;

for (let tag = 0; tag < 256; tag++) if (answerKind(tag) !== undefined) INTEREST[tag] = EXPECTED;
// Also looked at by itself.
INTEREST[Backend.CommandComplete] = NOTE;

/** What else comes once for an extended message that works. */
const ENDS_ANSWER = new Uint8Array(256);
ENDS_ANSWER[Backend.EmptyQueryResponse] = 1;
ENDS_ANSWER[Backend.PortalSuspended] = 1;

/**
 * Forwards a chunk from PostgreSQL to the session that has the link, in runs that are as long as
 * possible, and keeps the books on the way.
 *
 * @returns the offset up to which the chunk belonged to the session: less than `length` when the
 *   lease ended before its end. The release itself happens after the chunk.
 * @throws ProtocolViolation when the stream makes no sense
 */
export function relayUp(link: Link, session: LinkSession, buffer: Buffer, length: number): number {
  const reader = link.reader;
  let at = 0;
  let runStart = 0;
  while (at < length) {
    const frameStart = at;
    if (reader.bodyLeft > 0) {
      at = reader.takeBody(at, length);
      if (link.collecting) link.collector.add(buffer, frameStart, at);
      if (link.dropping) runStart = at;
    } else {
      at = reader.readHeader(buffer, at, length);
      if (at < 0) {
        forward(link, session, buffer, runStart, frameStart);
        return length;
      }
      const interest = INTEREST[reader.tag] ?? REFUSE;
      if (interest === REFUSE) throw new ProtocolViolation('unexpectedMessage', reader.tag, 0);
      link.dropping = false;
      link.collecting =
        interest === INSPECT ||
        (reader.tag === COMMAND_COMPLETE && reader.bodyLength > length - at);
      const special = interest >= NOTIFY || interest === INSPECT || session.withholds;
      if (special || (reader.tag === COMMAND_COMPLETE && !link.statements.expected.isEmpty))
        beginFrame(link, session, interest);
      else if (reader.tag === READY_FOR_QUERY) link.dropping = session.interposes;
      if (link.dropping) {
        if (!isTakenBack(link, session, buffer, at, length))
          forward(link, session, buffer, runStart, frameStart);
      } else if (reader.headerWasCut) forwardHeader(link, session, reader.headerBytes());
      const bodyStart = at;
      at = reader.takeBody(at, length);
      if (link.dropping) runStart = at;
      else if (reader.headerWasCut) runStart = bodyStart;
      if (link.collecting) {
        link.collector.begin(reader.bodyLength);
        link.collector.add(buffer, bodyStart, at);
      }
    }
    if (reader.bodyLeft > 0) break;
    const tag = reader.tag;
    if (tag === COMMAND_COMPLETE) {
      commandCompleted(link, session, buffer, at);
    } else if (tag === READY_FOR_QUERY) {
      runStart = becameReady(link, session, buffer, runStart, frameStart, at);
      session.ready(link);
      if (link.session !== session) return at;
    } else if (INTEREST[tag] === EXPECTED) {
      if (!link.statements.expected.isEmpty) endExpected(link, tag);
      link.owed.answered++;
    } else if (ENDS_ANSWER[tag] === 1) {
      link.owed.answered++;
      session.meter?.answered();
    } else if (INTEREST[tag] !== FORWARD) {
      takeNote(link, session, tag);
      if (link.session !== session) {
        forward(link, session, buffer, runStart, at);
        return at;
      }
    }
  }
  forward(link, session, buffer, runStart, at);
  return length;
}

/**
 * ReadyForQuery: sends on what stands in front of it, and itself where it is for the client now.
 *
 * @returns where the bytes that are not sent yet begin
 */
function becameReady(
  link: Link,
  session: LinkSession,
  buffer: Buffer,
  runStart: number,
  frameStart: number,
  at: number,
): number {
  // The only byte of the body is the last one of the frame.
  link.status = buffer[at - 1] ?? 0;
  link.statements.expected.groupEnded();
  if (link.reader.bodyLength !== 1 || !link.owed.becameReady())
    throw new ProtocolViolation('unexpectedMessage', READY_FOR_QUERY, 0);
  if (link.dropping) {
    const refused = session.mode === 'statement' && link.status !== STATUS_IDLE;
    if (!refused && !session.withholds) session.sayReady(link);
    return runStart;
  }
  if (session.mode === 'statement') {
    // The error that the session sends for an open transaction takes the place of this message.
    const whole = at - frameStart === READY_BYTES;
    const refused = whole && link.status !== STATUS_IDLE;
    forward(link, session, buffer, runStart, refused ? frameStart : at);
    return at;
  }
  if (link.owed.ready > 0 && !session.tellsAnswersApart) return runStart;
  forward(link, session, buffer, runStart, at);
  return at;
}

/** Decides whether a frame of these kinds goes to the client, and whether its body is wanted. */
function beginFrame(link: Link, session: LinkSession, interest: number): void {
  const { expected } = link.statements;
  const { tag } = link.reader;
  if (tag === PARAMETER_STATUS || tag === READY_FOR_QUERY) {
    link.dropping = session.withholds || (tag === READY_FOR_QUERY && session.interposes);
  } else if (interest === NOTIFY) {
    link.dropping = session.mode !== 'session' || session.tracksState;
    link.collecting = link.dropping;
  } else if (tag === ERROR_RESPONSE && session.renamesStatements) {
    link.dropping = link.reader.bodyLength <= COLLECTED_BYTES_MAX;
    if (expected.head(Answer.Error) !== undefined) link.dropping = true;
  } else if (!expected.isEmpty) {
    const kind = answerKind(tag) ?? Answer.Error;
    const ours = kind === Answer.Bind || kind === Answer.Command;
    const head = ours ? expected.ownHead(kind, link.owed.answered) : expected.head(kind);
    link.dropping = head?.swallow === true;
    if (head?.wantsDescription === true && tag === ROW_DESCRIPTION) link.collecting = true;
  }
}

/**
 * Whether the frame whose body begins at `at` is an error that the client is not to hear of, because
 * another server is asked instead: then it hears nothing of what stands in front of it either.
 */
function isTakenBack(
  link: Link,
  session: LinkSession,
  buffer: Buffer,
  at: number,
  length: number,
): boolean {
  const { bodyLength, tag } = link.reader;
  if (tag !== ERROR_RESPONSE || at + bodyLength > length) return false;
  const { code } = decodeNotice(buffer.subarray(at, at + bodyLength));
  return session.takesBack(link, code);
}

/** An answer that somebody may wait for has come. */
function endExpected(link: Link, tag: number): void {
  const { expected } = link.statements;
  const kind = answerKind(tag) ?? Answer.Error;
  const { answered } = link.owed;
  const head = kind === Answer.Bind ? expected.ownHead(kind, answered) : expected.head(kind);
  if (head === undefined) return;
  expected.takeHead();
  if (head.arrived === undefined) return;
  head.arrived(tag === ROW_DESCRIPTION ? link.collector.take() : undefined);
}

/** Command tags after which a connection is not as it was: what they begin with. */
const STATE_TAGS = ['SET', 'LISTEN', 'PREPARE', 'LOAD'].map((tag) => Buffer.from(tag));
/** Those that go back to defaults. */
const RESET_TAGS = ['RESET', 'DISCARD'].map((tag) => Buffer.from(tag));
/** Those after which no prepared statement is left. */
const DROP_TAGS = ['DEALLOCATE ALL'].map((tag) => Buffer.from(tag));
const DEALLOCATE_TAGS = ['DEALLOCATE'].map((tag) => Buffer.from(tag));
const DISCARD_ALL_TAGS = ['DISCARD ALL'].map((tag) => Buffer.from(tag));

/** CommandComplete, whose last byte is in front of `end`. */
function commandCompleted(link: Link, session: LinkSession, buffer: Buffer, end: number): void {
  const { owed, statements } = link;
  const readyBefore = owed.ready;
  owed.commandCompleted();
  // Syncs that the COPY has swallowed.
  for (let left = readyBefore - owed.ready; left > 0; left--) statements.expected.groupVanished();
  owed.answered++;
  if (link.dropping) {
    statements.expected.takeHead();
    link.collecting = false;
  } else if (link.collecting) {
    const body = link.collector.take();
    noteCommand(link, session, body, 0, body.length);
    session.meter?.completed(link, body, 0, body.length);
  } else {
    noteCommand(link, session, buffer, end - link.reader.bodyLength, end);
    session.meter?.completed(link, buffer, end - link.reader.bodyLength, end);
  }
}

/**
 * Takes note of a statement that changes state beyond its transaction, by the body of its
 * CommandComplete.
 */
function noteCommand(
  link: Link,
  session: LinkSession,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  const first = buffer[start];
  const second = buffer[start + 1];
  // CREATE, DROP; ALTER
  if (
    ((first === 0x43 || first === 0x44) && second === 0x52) ||
    (first === 0x41 && second === 0x4c)
  )
    link.schemaChanged = true;
  // SELECT, INSERT, UPDATE, DELETE, BEGIN, COMMIT: decided by one or two bytes, without a loop.
  if (first === 0x53 && buffer[start + 2] !== 0x54) return;
  if (first === 0x49 || first === 0x55 || first === 0x42 || first === 0x43) return;
  if (beginsWithOne(DROP_TAGS, buffer, start, end)) session.statementsDropped(link, false);
  else if (beginsWithOne(DEALLOCATE_TAGS, buffer, start, end)) session.statementDeallocated();
  else if (beginsWithOne(DISCARD_ALL_TAGS, buffer, start, end))
    session.statementsDropped(link, true);
  if (session.leaksState) return;
  if (beginsWithOne(RESET_TAGS, buffer, start, end)) {
    link.changedBy = session.id;
    if (!session.tracksState) link.noteReset();
  } else if (beginsWithOne(STATE_TAGS, buffer, start, end)) {
    link.changedBy = session.id;
  }
}

function beginsWithOne(
  tags: readonly Buffer[],
  buffer: Buffer,
  start: number,
  end: number,
): boolean {
  for (const tag of tags) {
    const tagEnd = start + tag.length;
    if (end > tagEnd && buffer.compare(tag, 0, tag.length, start, tagEnd) === 0) return true;
  }
  return false;
}

function takeNote(link: Link, session: LinkSession, tag: number): void {
  switch (tag) {
    case Backend.CopyInResponse:
      link.owed.copyInBegan();
      session.copyInBegan(link);
      return;
    case Backend.CopyBothResponse:
      link.owed.copyBothBegan();
      return;
    case Backend.ErrorResponse: {
      link.owed.failed();
      const body = link.collector.takeNotice();
      const error = decodeNotice(body);
      const isLast = endsConnection(error);
      if (isLast) link.endCode = error.code;
      const isSurvived = isLast && session.survives(error.code);
      if (link.dropping && (isSurvived || session.takesBack(link, error.code))) {
        link.endCode = error.code;
        link.retireReason ??= `server: ${error.message}`;
        link.ended();
        return;
      }
      const instead = noteFailure(link, session, error.code, body);
      if (endsConnection(error)) {
        link.fatalForwarded = true;
        link.retireReason ??= `server: ${error.message}`;
      }
      session.meter?.failed();
      session.failed(link, error.code, instead);
      return;
    }
    case Backend.ParameterStatus: {
      const { name, value } = decodeParameterStatus(link.collector.take());
      if (link.parameterChanged(name, value)) session.parameterChanged(link, name, value);
      else if (!session.leaksState) link.changedBy = session.id;
      return;
    }
    case Backend.NotificationResponse:
      if (link.dropping) session.notified(link, link.collector.take());
      return;
    default:
      return;
  }
}

/**
 * An ErrorResponse: what is left of its group is not answered any more.
 *
 * @returns what the client has been told in its place, if anything
 */
function noteFailure(
  link: Link,
  session: LinkSession,
  code: string,
  body: Buffer,
): ErrorInstead | undefined {
  const { expected } = link.statements;
  const error = expected.head(Answer.Error)?.error;
  // A plan that did not fit its tables any more.
  if (code === '0A000' || code === '26000') link.statements.distrust();
  // Before the names of what has failed are forgotten.
  const message = link.dropping ? (error?.bytes ?? session.inClientsWords(body)) : undefined;
  if (!expected.isEmpty) expected.groupFailed(link.owed.answered);
  if (message !== undefined) forward(link, session, message, 0, message.length);
  return link.dropping ? error : undefined;
}

function forward(
  link: Link,
  session: LinkSession,
  buffer: Buffer,
  start: number,
  end: number,
): void {
  if (start >= end) return;
  if (!session.fromLink(buffer, start, end)) link.pauseReading();
}

function forwardHeader(link: Link, session: LinkSession, header: Buffer): void {
  if (!session.fromLink(header, 0, header.length)) link.pauseReading();
}
