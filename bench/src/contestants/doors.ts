/** Links of a contestant, each kind with a cap and a role of its own. */
export const POOLS = ['transaction', 'session', 'burst', 'scram'] as const;
export type Pool = (typeof POOLS)[number];
export type Caps = Readonly<Record<Pool, number>>;

/**
 * What poolers may open. Session: one for every client of the widest scenario in that mode. Burst: as
 * many as a fleet of functions gets.
 */
export const CAPS: Caps = { transaction: 20, session: 128, burst: 50, scram: 20 };

/**
 * A way in: what a client gets a link for (a transaction, or as long as it stays), and how it logs
 * in. `scram` and `tls` ask for a password, without and with TLS; both lead to the pool `scram`.
 */
export type Door = 'transaction' | 'session' | 'burst' | 'scram' | 'tls';

export function poolBehind(door: Door): Pool {
  return door === 'tls' ? 'scram' : door;
}

/** Of any pooler, at least, also on a machine that others use. */
export const LOGINS_PER_SECOND = 500;
