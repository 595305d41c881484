import type { ServerAddress } from '../observation';

/** The right to one connection to PostgreSQL. */
export interface ProbePermit {
  /** Called once, after the socket of the connection has closed. */
  release(): void;
}

/** What is said to who wants to connect. */
export type PermitAnswer =
  | { readonly kind: 'granted'; readonly permit: ProbePermit }
  /** Not now and not later; `reason` is for people. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Asked before any connection to PostgreSQL is opened, so that the cap counts those of probes too. */
export interface ProbePermits {
  /**
   * Calls `answer` at most once, possibly within this call, and may let it wait for as long as the
   * cap is reached. Returns the way to give up waiting: no answer comes after that. Harmless later.
   */
  acquire(address: ServerAddress, answer: (answer: PermitAnswer) => void): () => void;
}
