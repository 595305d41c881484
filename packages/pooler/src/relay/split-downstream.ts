import { type ErrorFields, errorResponse } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import { errorFields } from '../errors';
import type { ReadWriteSplit } from '../frontend/read-write-split';
import type { Session } from '../frontend/session';
import { groupEnd, routeOfGroup, UNDER_WAY, UNFINISHED } from '../routing/group-route';
import { ownStatement } from '../routing/own-settings';
import type { Tracker } from '../session-state/tracker';
import { isOfReplica } from '../topology/fit-servers';
import { relayTracked } from './tracked-downstream';

/** A group that is longer goes to the primary: it would have to be kept until all of it is here. */
const GROUP_BYTES_MAX = 32 * 1024;

/** Who sends something, and who says where it goes. */
interface Sender {
  readonly session: Session;
  readonly split: ReadWriteSplit;
  readonly tracker: Tracker;
}

/**
 * As `relayTracked`, where reads go to replicas. Where a group of messages goes is decided when the
 * session has no link; then
 *
 * - on the primary everything follows that comes as long as the session has that link,
 * - on a replica one group is under way at a time, and what the client sends behind it is kept: it may be
 *   for the primary.
 *
 * @throws ProtocolViolation (08P01) when the stream makes no sense
 */
export function relaySplit(sender: Sender, buffer: Buffer, length: number): void {
  const { session, tracker } = sender;
  const { link, reader } = session;
  if (link !== undefined && !isOfReplica(link)) {
    relayOnPrimary(sender, link, buffer, length);
    return;
  }
  const isDecided = link === undefined && session.skipping;
  if (isDecided || (link === undefined && reader.bodyLeft > 0)) {
    relayTracked(session, tracker, buffer, length);
    return;
  }
  if (reader.heldLength > 0) {
    const joined = Buffer.concat([reader.takeHeld(), buffer.subarray(0, length)]);
    relaySplit(sender, joined, joined.length);
    return;
  }
  if (link === undefined) {
    begin(sender, buffer, length, groupEnd(buffer, length, reader));
    return;
  }
  const end = groupEnd(buffer, length, reader, UNDER_WAY);
  if (end < 0) relayTracked(session, tracker, buffer, length);
  else relayFirst(sender, buffer, length, end);
}

/** The session keeps its link to the primary: our own statements are ours there, too. */
function relayOnPrimary(sender: Sender, link: Link, buffer: Buffer, length: number): void {
  const { session, tracker } = sender;
  const { owed, status } = link;
  const isBetween = owed.settled && status === STATUS_IDLE && session.reader.atBoundary;
  const end =
    isBetween && !session.skipping ? groupEnd(buffer, length, session.reader) : UNFINISHED;
  if (end < 0 || !takesOwn(sender, buffer, length, end)) {
    relayTracked(session, tracker, buffer, length);
  }
}

/** The session has no link: here it is decided which one it takes. */
function begin(sender: Sender, buffer: Buffer, length: number, end: number): void {
  const { session, split } = sender;
  if (end === UNFINISHED && length < GROUP_BYTES_MAX) {
    session.input.keepUntil(buffer.subarray(0, length), length + 1);
    return;
  }
  if (end > 0 && takesOwn(sender, buffer, length, end)) return;
  const isRead = end >= 0 && end <= GROUP_BYTES_MAX && isForReplica(sender, buffer, end);
  switch (isRead ? split.readArrives() : split.writeArrives()) {
    case 'primary':
      relayTracked(session, sender.tracker, buffer, length);
      return;
    case 'replica':
      split.isJudged = true;
      relayFirst(sender, buffer, length, end);
      split.isJudged = false;
      return;
    default:
      session.input.keep(buffer.subarray(0, length));
  }
}

/** @returns whether the group that ends at `end` is a statement of ours, and has been seen to */
function takesOwn(sender: Sender, buffer: Buffer, length: number, end: number): boolean {
  const { session, split, tracker } = sender;
  const own = ownStatement(buffer, end, split.systemIdentifier);
  if (own === undefined) return false;
  if (session.link === undefined) split.writeArrives();
  if (own.kind === 'rewritten') {
    const bytes = Buffer.concat([own.group, buffer.subarray(end, length)]);
    relayTracked(session, tracker, bytes, bytes.length);
    return true;
  }
  session.input.keep(buffer.subarray(0, length));
  refuse(sender, errorFields('badOwnSetting', `"${own.name}": "${own.value}"`));
  return true;
}

/** The group that is kept is answered with an error of ours, and skipped. */
function refuse({ session }: Sender, error: ErrorFields): void {
  session.context.poolerError(session, error, 'bad setting');
  session.answer(errorResponse(error));
  session.input.skipGroup(STATUS_IDLE);
  session.resumeKept();
}

function isForReplica({ session, split }: Sender, buffer: Buffer, end: number): boolean {
  const { judge, routeContext } = split;
  if (judge === undefined || session.unanswered?.isAgain === true) return false;
  const { prepared } = split;
  return routeOfGroup(buffer, end, { judge, context: routeContext, prepared }) === 'replica';
}

/** The group that ends at `end` goes out, and the rest is kept until it is answered. */
function relayFirst(sender: Sender, buffer: Buffer, length: number, end: number): void {
  const { session, tracker } = sender;
  relayTracked(session, tracker, buffer, end);
  if (end === length) return;
  const isOut = !session.input.hasKept;
  session.input.keep(buffer.subarray(end, length));
  if (isOut) session.resumeKept();
}
