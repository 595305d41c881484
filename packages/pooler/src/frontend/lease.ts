import type { Link } from '../backend/link';
import type { OwnResult } from '../backend/own-run';
import { STATUS_IDLE } from '../backend/server-status';
import { invariant } from '../errors';
import { preparationSql } from '../session-state/preparation';
import { countWait } from '../stats/count-wait';
import { isOfReplica } from '../topology/fit-servers';
import type { Admission } from './admission';
import { dropKept } from './cancel-queued';
import type { Session } from './session';

/** A link for a statement, or undefined: then the statement has to be kept. */
export function takeLink(session: Session): Link | undefined {
  const { admission } = session;
  invariant(admission !== undefined, 'session without admission');
  // A client that does not read its last answer must not be given another one.
  if (session.wire.congested) return undefined;
  if (!session.context.opensLinks) {
    session.fail('serverShuttingDown');
    return undefined;
  }
  session.meter?.waits(session.context.clock.nowMs());
  const link = leaseFrom(session, admission);
  if (link !== undefined) return beginLease(session, link) ? link : undefined;
  if (session.gone) return undefined;
  session.enter('waiting');
  session.toldOfWait = false;
  return undefined;
}

function leaseFrom(session: Session, { pool: main }: Admission): Link | undefined {
  const { split } = session;
  if (split?.pool === undefined) return main.lease(session);
  const link = split.pool.lease(session);
  if (link === undefined) split.wait.goesOn();
  // Refused within that call: it is the primary's turn.
  const isLeft = link === undefined && split.pool === undefined && !session.gone;
  return isLeft ? main.lease(session) : link;
}

/** A session that has left the replica, and may have waited for it, takes a link to the primary. */
export function takeInstead(session: Session): void {
  const { admission } = session;
  // Otherwise whoever has just asked for the link asks again.
  if (session.phase !== 'waiting' || admission === undefined) return;
  const sinceMs = session.waitingSinceMs;
  const link = admission.pool.lease(session);
  if (link !== undefined) takeGranted(session, link);
  // It has waited all the time.
  else session.waitingSinceMs = sinceMs;
}

/** The link that a session has waited for is there. */
export function takeGranted(session: Session, link: Link): void {
  if (session.login !== undefined) {
    session.link = link;
    session.login.granted(link);
    return;
  }
  const { admission, context, waitingSinceMs: sinceMs } = session;
  if (admission !== undefined)
    countWait(admission, link, { sinceMs, nowMs: context.clock.nowMs() });
  if (session.split?.takes(link) === false) {
    session.link = link;
    session.enter('active');
    // Not within this call: the next in the queue may be no better off, and so on.
    context.soon(() => giveBack(session, link));
    return;
  }
  if (beginLease(session, link)) session.resumeKept();
}

/** The replica is not fit any more: what has waited for it goes another way. */
function giveBack(session: Session, link: Link): void {
  if (session.link !== link || session.phase !== 'active') return;
  const sinceMs = session.waitingSinceMs;
  session.endLeaseNow(link);
  session.split?.wait.countsFrom(sinceMs);
  session.resumeKept();
}

/** @returns false when the link's settings have to be changed first */
export function beginLease(session: Session, link: Link): boolean {
  session.link = link;
  session.enter('active');
  session.trace?.leased();
  const cleans = link.changedBy !== 0 && link.changedBy !== session.id;
  const readsSequences = session.tracksState && hidesSequences(session, link);
  const sql = preparationSql(link, session.id, session.settings.profile, { readsSequences });
  if (sql === undefined) {
    link.wasReset = false;
    return true;
  }
  link.limitTime({
    nowMs: session.context.clock.nowMs(),
    limitMs: session.context.settings.serverConnectTimeoutMs,
  });
  session.preparing = true;
  link.runOwn(sql, (result) => {
    session.preparing = false;
    link.deadlineMs = 0;
    if (result.kind === 'done' && cleans) link.statements.clear();
    if (result.kind === 'done' && readsSequences) link.sequencesOf = session.id;
    prepared(session, link, result);
  });
  return false;
}

/** What `currval` tells on the link has to be the session's own doing. */
function hidesSequences(session: Session, link: Link): boolean {
  if (session.mode !== 'session') return session.admission?.pool.readsSequences === true;
  // The reset query has seen to the first one. What was drawn on it, another one must not make up.
  if (session.hadLink) return true;
  session.hadLink = true;
  link.sequencesOf = session.id;
  return false;
}

/** The link has been brought to the session's settings, or has refused them. */
function prepared(session: Session, link: Link, result: OwnResult): void {
  if (result.kind === 'done') {
    const news = session.settings.applied(link);
    if (news !== undefined) session.fromLink(news, 0, news.length);
  }
  if (session.phase === 'closed') link.releaseNow();
  else if (result.kind === 'failed' && session.split !== undefined && isOfReplica(link)) {
    // It may not have what they name, or not yet.
    session.endLeaseNow(link);
    session.split.refusesSettings();
    if (session.cancelWanted && session.input.hasKept) dropKept(session);
    else session.resumeKept();
  } else if (result.kind === 'failed') {
    session.failWith({ ...result.error, severity: 'FATAL' }, 'settings were refused');
  } else if (session.cancelWanted && session.input.hasKept) {
    if (session.mode !== 'session' && session.state?.pinned !== true) session.endLeaseNow(link);
    dropKept(session);
  } else {
    session.cancelWanted = false;
    session.resumeKept();
  }
}

/** After a chunk has been sent on. `midFrame`: its last frame is not complete. */
export function sentOn(session: Session, link: Link, midFrame: boolean): void {
  link.midFrame = midFrame;
  if (session.link !== link) return;
  if (link.owed.settled) {
    // Something that PostgreSQL does not answer, outside of everything: copy leftovers.
    const ends = session.mode !== 'session' && session.state?.pinned !== true && !link.busyWithOwn;
    if (!midFrame && link.status === STATUS_IDLE && ends) session.endLeaseNow(link);
    return;
  }
  if (link.queryStartMs !== 0) return;
  link.queryStartMs = session.context.clock.nowMs();
  if (link.transactionStartMs === 0) link.transactionStartMs = link.queryStartMs;
  session.activeAtMs = link.queryStartMs;
  session.trace?.sent(link, link.queryStartMs);
}
