/**
 * The life of a session.
 *
 * - `startup`: nothing but the startup packet is expected; `tls`: handshake under way
 * - `login`: proving who it is, or waiting for what its welcome needs
 * - `idle`: between transactions, no link; `waiting`: in a pool's queue; `active`: has a lease
 * - `draining`: the client has said goodbye, its last statement is being finished
 * - `virtual`: talks to a virtual database (the admin console)
 */
export type SessionPhase =
  | 'startup'
  | 'tls'
  | 'login'
  | 'idle'
  | 'waiting'
  | 'active'
  | 'draining'
  | 'virtual'
  | 'closed';

/** Every legal move; anything else is a broken invariant. */
export const SESSION_MOVES: Readonly<Record<SessionPhase, readonly SessionPhase[]>> = {
  startup: ['tls', 'login', 'closed'],
  tls: ['startup', 'closed'],
  login: ['idle', 'waiting', 'virtual', 'closed'],
  idle: ['waiting', 'active', 'closed'],
  waiting: ['active', 'login', 'idle', 'closed'],
  active: ['idle', 'waiting', 'login', 'draining', 'closed'],
  draining: ['closed'],
  virtual: ['closed'],
  closed: [],
};

/** Whether a move is legal. Those of every transaction first: to look into the table costs more. */
export function mayMove(from: SessionPhase, to: SessionPhase): boolean {
  if (from === 'active' && to === 'idle') return true;
  if (from === 'idle' && to === 'active') return true;
  return SESSION_MOVES[from].includes(to);
}
