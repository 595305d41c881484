import type { Link } from '../backend/link';
import type { OwnResult } from '../backend/own-run';
import { STATUS_IDLE } from '../backend/server-status';
import { invariant } from '../errors';
import { preparationSql } from '../session-state/preparation';
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
  const link = admission.pool.lease(session);
  if (link !== undefined) return beginLease(session, link) ? link : undefined;
  if (session.gone) return undefined;
  session.enter('waiting');
  session.toldOfWait = false;
  return undefined;
}

/** The link that a session has waited for is there. */
export function takeGranted(session: Session, link: Link): void {
  const waitedMs = session.context.clock.nowMs() - session.waitingSinceMs;
  if (session.login !== undefined) {
    session.link = link;
    session.login.granted(link);
    return;
  }
  const { admission } = session;
  if (admission !== undefined) {
    admission.database.counters.waitUs += waitedMs * 1000;
    admission.pool.waits.waited(waitedMs);
  }
  if (beginLease(session, link)) session.resumeKept();
}

/** @returns false when the link's settings have to be changed first */
export function beginLease(session: Session, link: Link): boolean {
  session.link = link;
  session.enter('active');
  const cleans = link.changedBy !== 0 && link.changedBy !== session.id;
  const readsSequences = session.admission?.pool.readsSequences === true && session.tracksState;
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

/** The link has been brought to the session's settings, or has refused them. */
function prepared(session: Session, link: Link, result: OwnResult): void {
  if (result.kind === 'done') {
    const news = session.settings.applied(link);
    if (news !== undefined) session.fromLink(news, 0, news.length);
  }
  if (session.phase === 'closed') link.releaseNow();
  else if (result.kind === 'failed') {
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
}
