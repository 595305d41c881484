import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { Session } from './session';

/**
 * Whether a session keeps its link between transactions because it is in session mode. Where its state
 * is followed it could do with another one, and does when the link is to go or a primary is awaited.
 */
export function staysOn({ admission, mode, tracksState }: Session, link: Link): boolean {
  if (mode !== 'session') return false;
  if (!tracksState || admission === undefined) return true;
  return link.retireReason === undefined && !admission.pool.servers.held;
}

/** Gives the link back if only session mode keeps it: nothing is under way, and nothing left on it. */
export function letGo(session: Session, link: Link): void {
  const { mode, phase, reader, state } = session;
  if (mode !== 'session' || state === undefined || staysOn(session, link)) return;
  if (phase !== 'active' || session.link !== link || session.preparing || !reader.atBoundary)
    return;
  if (state.pinned || state.tracker.watch.pending || state.holding || session.input.hasKept) return;
  const { owed } = link;
  if (!owed.settled || owed.copyIn || link.status !== STATUS_IDLE || link.busyWithOwn) return;
  if (!link.midFrame && link.reader.bodyLeft === 0) state.settled(link, 'free');
}
