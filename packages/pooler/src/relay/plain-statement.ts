import { Frontend, HEADER_BYTES as HEADER } from '@pgweir/protocol';
import { sentOn, takeLink } from '../frontend/lease';
import type { Session } from '../frontend/session';
import { createsTemp } from '../session-state/temp-path';
import { look } from '../sql/look';
import { LOOK_EXITS } from '../sql/marks';
import { relayDown } from './downstream';

// Constants of this module: reading them through the package's index costs a call each time.
const { Query, Terminate } = Frontend;
const HEADER_BYTES = HEADER;
const LENGTH_BYTES = 4;

/**
 * Forwards what needs nobody who follows the session's state: a chunk that is one whole simple query
 * whose text leaves nothing behind, or that begins with a goodbye. Only for a session of which nothing
 * is followed yet, and which does not survive the loss of its link. Many clients never say anything else,
 * and those that come for one statement are spared the making of what follows them.
 *
 * @returns false when the chunk is something else; nothing has been done then
 */
export function relayPlain(session: Session, buffer: Buffer, length: number): boolean {
  if (length < HEADER_BYTES || session.skipping || !session.reader.atBoundary) return false;
  if (buffer[0] === Terminate) {
    relayDown(session, buffer, length);
    return true;
  }
  if (!isPlainQuery(session, buffer, length)) return false;
  const link = session.link ?? takeLink(session);
  if (link === undefined) {
    session.input.keep(buffer.subarray(0, length));
    return true;
  }
  const { owed, statements } = link;
  owed.sent(Query);
  session.meter?.sent(link, Query, buffer, HEADER_BYTES, length, length - HEADER_BYTES);
  statements.unnamed.settle(undefined);
  statements.groupEnds();
  if (!link.write(buffer, 0, length)) session.input.pause();
  sentOn(session, link, false);
  return true;
}

function isPlainQuery(session: Session, buffer: Buffer, length: number): boolean {
  if (buffer[0] !== Query || session.refusesSimpleQuery) return false;
  // Not `readInt32BE`, which looks at its arguments once more.
  const high = ((buffer[1] ?? 0) << 24) | ((buffer[2] ?? 0) << 16);
  const bodyLength = (high | ((buffer[3] ?? 0) << 8) | (buffer[4] ?? 0)) - LENGTH_BYTES;
  if (bodyLength !== length - HEADER_BYTES || bodyLength === 0) return false;
  if (!session.tracksState) return true;
  const end = buffer[length - 1] === 0 ? length - 1 : length;
  if ((look(buffer, HEADER_BYTES, end) & ~LOOK_EXITS) !== 0) return false;
  return !createsTemp(session.settings.profile);
}
