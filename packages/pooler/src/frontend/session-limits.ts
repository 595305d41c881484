import type { Admission } from './admission';
import type { Session } from './session';
import { Unanswered } from './unanswered';

/** What today's settings say about a session that has logged in. */
export function applyLimits(session: Session, { database, pool, user }: Admission): void {
  const { settings } = session.context;
  session.limits = database.limitsOf(user, settings);
  session.reader.bodyBytesMax = settings.packetBytesMax;
  if (session.hasOwnLink) session.mode = 'session';
  else if (session.link === undefined) session.mode = pool.mode;
  const { sessionState, preparedStatementsMax } = pool.limits;
  const shares = session.mode !== 'session';
  // In the middle of something it is not known what has been sent.
  if (session.link === undefined) {
    const isKept = shares && database.followsRoles;
    session.unanswered = isKept ? (session.unanswered ?? new Unanswered()) : undefined;
  }
  session.leaksState = shares && sessionState === 'leak';
  session.tracksState = shares && !session.leaksState;
  const isRewritten = session.tracksState || preparedStatementsMax > 0;
  const survives = session.unanswered !== undefined;
  // What it is still to hear it hears, whatever has been changed meanwhile.
  session.follows = session.aftermath !== undefined || (shares && (isRewritten || survives));
}
