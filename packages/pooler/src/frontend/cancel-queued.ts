import type { Link } from '../backend/link';
import type { Session } from './session';

/**
 * A cancel request with a session's key has arrived: a statement that waits is answered here.
 *
 * @returns the link on which something may run, where there is one
 */
export function cancelQueued(session: Session): 'canceled' | 'idle' | { readonly link: Link } {
  const { link } = session;
  const { suspended } = session.context.orders;
  const isKept = session.input.hasKept && session.replay?.readsLeft !== 0;
  if (suspended && session.phase === 'idle' && isKept) {
    dropKept(session);
    return 'canceled';
  }
  if (session.virtual !== undefined) {
    session.virtual.canceled();
    return 'canceled';
  }
  if (link?.busyWithOwn === true && link.own.forClient) return { link };
  if (link?.busyWithOwn === true && session.login === undefined) {
    session.cancelWanted = session.preparing;
    return session.preparing ? 'canceled' : 'idle';
  }
  if (session.state?.pinning.cancel() === true) return 'canceled';
  if (link !== undefined) return { link };
  if (session.phase !== 'waiting' || session.login !== undefined) return 'idle';
  session.split?.leave();
  session.admission?.pool.leave(session);
  session.enter('idle');
  dropKept(session);
  return 'canceled';
}

/** Answers a statement that has not been sent on as PostgreSQL answers one that is cancelled. */
export function dropKept(session: Session): void {
  session.cancelWanted = false;
  session.meter?.givesUp();
  session.context.log.info('queued statement canceled', { client: session.id });
  session.input.cancelKept();
}
