import { type ErrorFields, errorResponse } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { ErrorInstead } from '../errors';
import { isOfReplica } from '../topology/fit-servers';
import type { Session } from './session';

/** Part of a message has been forwarded: nothing may be put behind it. */
export function answerIsCut({ link }: Session): boolean {
  return link !== undefined && !link.busyWithOwn && link.reader.bodyLeft > 0 && !link.dropping;
}

/** Sends one of our errors and closes. It is logged first. `why` is for the log only. */
export function failSession(session: Session, error: ErrorFields, why: string): void {
  if (session.phase === 'closed') return;
  session.context.poolerError(session, error, why);
  if (!session.input.gone && !answerIsCut(session)) session.wire.write(errorResponse(error));
  closeSession(session, error.message);
}

/** The client has been sent an error by which its session does not end. */
export function noteError(session: Session, error: Pick<ErrorInstead, 'code' | 'source'>): void {
  session.context.counts.told(session, error);
  session.trace?.failed(error.code);
}

/** The connection to the server is gone. */
export function failForLostLink(session: Session, link: Link, reason: string): void {
  // Asked while the link is still known: nothing may be put behind half a message.
  const cut = answerIsCut(session);
  session.link = undefined;
  if (session.phase === 'closed') return;
  if (link.fatalForwarded || cut) closeSession(session, `server connection ended: ${reason}`);
  else session.fail('serverLost', '', reason);
}

/** The client has said goodbye (Terminate). */
export function sayGoodbye(session: Session): void {
  const { link } = session;
  const countable = link !== undefined && !link.owed.copyIn && !link.owed.uncertain;
  if (countable && link.owed.ready > 0 && !link.owed.copyBoth) {
    // It asked for something and left in good order: that is finished, not cancelled.
    session.enter('draining');
    return;
  }
  hangUp(session, 'client close request');
}

/** PostgreSQL has answered with an error; the client has been told of it, or of another one `instead`. */
export function serverFailed(
  session: Session,
  link: Link,
  code: string,
  instead?: ErrorInstead,
): void {
  noteError(session, instead ?? { source: 'server', code });
  if (code === '25006' && !isOfReplica(link))
    session.admission?.pool.servers.noticed(link, 'read-only');
  if (session.unanswered !== undefined) session.unanswered.hasFailed = true;
  session.state?.groupFails(link);
  // The ReadyForQuery that it stays for may never come.
  if (session.phase === 'draining' && link.owed.uncertain) endDraining(session, link);
}

/** What a client that has said goodbye had asked for is finished. */
export function endDraining(session: Session, link: Link): void {
  session.state?.leave(link);
  session.link = undefined;
  link.session = undefined;
  link.releaseAtEndOfChunk();
  closeSession(session, 'client close request');
}

/** The client has left by itself: nobody waits for our FIN. */
export function hangUp(session: Session, reason: string): void {
  if (session.phase === 'closed') return;
  if (session.wire.congested || session.wire.tls !== undefined) {
    closeSession(session, reason);
    return;
  }
  session.wire.destroy();
  leave(session, reason);
}

/** Ends the session after what has been written. */
export function closeSession(session: Session, reason: string): void {
  if (session.phase === 'closed') return;
  if (!session.input.gone) {
    session.input.resume();
    session.wire.end();
    session.context.linger(session.wire);
  }
  leave(session, reason);
}

/** The client's wire is closed. */
export function wireClosed(session: Session, cause: Error | undefined): void {
  session.input.gone = true;
  session.context.lingered(session.wire);
  if (session.phase === 'draining') session.link?.resumeReading();
  else leave(session, cause?.message ?? 'client unexpected eof');
}

/** Out of every queue and book; its link goes back. */
function leave(session: Session, reason: string): void {
  if (session.phase === 'closed') return;
  session.meter?.ends();
  session.trace?.left();
  session.login?.left();
  session.split?.leave();
  session.admission?.pool.leave(session);
  const { link } = session;
  session.link = undefined;
  session.enter('closed');
  session.input.clear();
  session.context.sessionClosed(session, reason);
  session.virtual?.left();
  session.state?.left();
  if (link === undefined) return;
  link.session = undefined;
  session.state?.leave(link);
  // The answers that would tell whether it has changed something are not going to be looked at.
  if (!link.owed.settled) link.changedBy = session.id;
  if (!link.busyWithOwn) link.releaseNow();
}
