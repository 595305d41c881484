import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import { countReply } from '../stats/count-reply';
import { beginLease } from './lease';
import type { Session } from './session';
import { endDraining } from './session-end';
import type { Unanswered } from './unanswered';
import { staysOn } from './whole-lease';

/** ReadyForQuery has come for a session: counts, and ends its lease if that is over. */
export function replyEnded(session: Session, link: Link): void {
  takeReply(session, link);
  session.split?.replyEnded();
  if (session.replay?.holdsBack !== true) return;
  session.replay.answered();
  session.resumeKept();
}

function groupAnswered({ admission }: Session, unanswered: Unanswered, nowMs: number): void {
  const { lostAtMs } = unanswered;
  if (lostAtMs !== 0) {
    unanswered.lostAtMs = 0;
    admission?.database.counters.times.pauses.observe((nowMs - lostAtMs) * 1000);
  }
  unanswered.answered();
}

function takeReply(session: Session, link: Link): void {
  const nowMs = session.context.clock.nowMs();
  const { admission, meter, trace, wire } = session;
  meter?.ready(link, { goesOn: session.state?.text.isRestOfText === true });
  if (admission !== undefined) {
    const { counters } = admission.database;
    countReply(counters, link, nowMs);
    if (wire.tls !== undefined) counters.queriesTls++;
  }
  // To the client what goes out in two parts is one.
  if (trace !== undefined && session.state?.text.isPending !== true) trace.answered(link, nowMs);
  if (session.mode === 'statement' && link.status !== STATUS_IDLE) {
    link.retireReason = 'transaction in statement mode';
    session.fail('transactionInStatementMode');
    return;
  }
  if (link.schemaChanged && link.status === STATUS_IDLE) {
    link.schemaChanged = false;
    session.admission?.database.reads?.knowledge.schemaChanged();
  }
  if (session.unanswered !== undefined) groupAnswered(session, session.unanswered, nowMs);
  if (link.status === STATUS_IDLE) session.split?.answered(link);
  if (link.owed.ready > 0) return;
  link.readySinceMs = nowMs;
  session.activeAtMs = nowMs;
  if (session.phase === 'draining') {
    endDraining(session, link);
    return;
  }
  const { state } = session;
  if (state?.text.goesOn(link) === true) return;
  if (!link.owed.settled || link.midFrame || link.owed.copyIn || link.status !== STATUS_IDLE) {
    state?.readyInTransaction(link);
    return;
  }
  link.statements.forgetExpected();
  if (session.mode === 'session' && !session.tracksState) {
    state?.readyInTransaction(link);
    if (link.wasReset && session.admission?.replication === undefined) beginLease(session, link);
    return;
  }
  if (state?.keeps(link) === true) return;
  if (staysOn(session, link)) {
    state?.settled(link, 'free');
    return;
  }
  session.split?.leaseEnds(link);
  session.link = undefined;
  link.session = undefined;
  link.releaseAtEndOfChunk();
  session.enter('idle');
  session.mode = session.admission?.pool.mode ?? session.mode;
  if (state?.holding === true) {
    state.tracker.holding = false;
    session.resumeKept();
  } else session.input.goOn();
}
