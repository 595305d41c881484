import { traceOf } from '../tracing/session-trace';
import type { Admission } from './admission';
import { ReadWriteSplit } from './read-write-split';
import type { Session } from './session';
import { Unanswered } from './unanswered';

/** What today's settings say about a session that has logged in. `isNew`: it has not been answered yet. */
export function applyLimits(
  session: Session,
  admission: Admission,
  { isNew }: { readonly isNew: boolean },
): void {
  const { database, pool, user } = admission;
  const { split } = session;
  const { settings } = session.context;
  session.limits = database.limitsOf(user, settings);
  session.meter = session.context.statements.meterOf(session, admission);
  session.reader.bodyBytesMax = settings.packetBytesMax;
  if (session.hasOwnLink) session.mode = 'session';
  else if (session.link === undefined) session.mode = pool.mode;
  const { sessionState, preparedStatementsMax } = pool.limits;
  const shares = session.mode !== 'session';
  // In the middle of something it is not known what has been sent.
  if (session.link === undefined && session.replay === undefined) {
    const mayMove = shares || (pool.servers.mayFailOver && !session.hasOwnLink);
    const isKept = mayMove && database.followsRoles;
    const splits = isKept && shares && splitsReads(admission);
    if (splits) session.split ??= new ReadWriteSplit(session, admission, { isNew });
    else session.split = undefined;
    session.unanswered = isKept ? (session.unanswered ?? new Unanswered()) : undefined;
  }
  const survives = session.unanswered !== undefined;
  session.leaksState = shares && sessionState === 'leak';
  session.tracksState = shares ? !session.leaksState : survives;
  const isRewritten = session.tracksState || preparedStatementsMax > 0;
  // What it is still to hear it hears, whatever has been changed meanwhile.
  session.follows = session.aftermath !== undefined || survives || (shares && isRewritten);
  session.trace = traceOf(session, admission);
  // By today's rules from now on.
  if (split !== undefined && session.split === undefined) split.turnOff();
}

/** Reads of its sessions go to replicas. Not where state is leaked: it would be missed there. */
export function splitsReads({ database, pool }: Admission): boolean {
  return database.settings.readWriteSplit && pool.limits.sessionState !== 'leak';
}
