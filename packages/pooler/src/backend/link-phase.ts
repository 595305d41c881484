/**
 * The life of a link.
 *
 * - `dialing`: socket being connected; `login`: startup packet sent
 * - `idle`: ready for a lease; `leased`: lent to a session
 * - `resetting`: busy with our own statements (check, reset, rollback, cancel of what a client left)
 * - `canceling`: clean, but a cancel request for it is still under way
 * - `closing`: we have said goodbye and wait for PostgreSQL's end of the stream
 * - `closed`: gone on both sides
 */
export type LinkPhase =
  | 'dialing'
  | 'login'
  | 'idle'
  | 'leased'
  | 'resetting'
  | 'canceling'
  | 'closing'
  | 'closed';

/** Every legal move; anything else is a broken invariant. */
export const LINK_MOVES: Readonly<Record<LinkPhase, readonly LinkPhase[]>> = {
  dialing: ['login', 'closing', 'closed'],
  login: ['idle', 'resetting', 'leased', 'closing', 'closed'],
  idle: ['leased', 'resetting', 'closing', 'closed'],
  leased: ['idle', 'leased', 'resetting', 'canceling', 'closing', 'closed'],
  resetting: ['idle', 'leased', 'canceling', 'closing', 'closed'],
  canceling: ['idle', 'leased', 'resetting', 'closing', 'closed'],
  closing: ['closed'],
  closed: [],
};

/** Whether a move is legal. Those of every transaction first: to look into the table costs more. */
export function mayMove(from: LinkPhase, to: LinkPhase): boolean {
  if (from === 'leased' && (to === 'leased' || to === 'idle')) return true;
  if (from === 'idle' && to === 'leased') return true;
  return LINK_MOVES[from].includes(to);
}
