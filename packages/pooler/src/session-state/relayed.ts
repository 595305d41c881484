import type { ErrorInstead } from '../errors';
import type { Outgoing } from '../relay/outgoing';

/** What becomes of a client's message on its way to PostgreSQL. */
export type Relayed =
  /** It goes out as it is. */
  | { readonly kind: 'pass' }
  /** Something else has been put in its place. */
  | { readonly kind: 'replaced' }
  /** Not before what is owed has come, or what `begin` begins is over. */
  | { readonly kind: 'wait'; readonly begin?: () => void }
  /** PostgreSQL has to fail in its place, and the client gets this ErrorResponse. */
  | { readonly kind: 'refuse'; readonly error: ErrorInstead };

export const PASS: Relayed = { kind: 'pass' };
export const REPLACED: Relayed = { kind: 'replaced' };
export const WAIT: Relayed = { kind: 'wait' };

/** How a statement is asked for. */
export interface Asked {
  readonly protocol: 'simple' | 'extended';
  readonly out: Outgoing;
  readonly text: () => string;
}
