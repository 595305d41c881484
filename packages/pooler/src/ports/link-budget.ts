import type { DatabaseName, PoolKey, ServerName, UserName } from './names';
import type { Address } from './transport';

/** What a pool wants to open, and every limit that applies. 0 in a limit means unlimited. */
export interface LinkWant {
  readonly pool: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
  /** Links this pool may have, the reserve included when it may be used. */
  readonly poolLinksMax: number;
  readonly databaseLinksMax: number;
  readonly userLinksMax: number;
  /** The servers that it may lead to, as `serverName` names them: it counts at each of them. */
  readonly servers?: readonly ServerName[];
  /** Nobody waits for it: it is for `min_pool_size`. It gets free room only, nobody makes room for it. */
  readonly forMinimum?: boolean;
}

/** The right to one connection to PostgreSQL. Give it back when PostgreSQL's side is gone. */
export interface Permit {
  /** Unique in the whole daemon, for its life. */
  readonly id: number;
  readonly want: LinkWant;
  /**
   * The socket is connected, and nothing has been sent on it: whoever watches over links gets what it
   * needs to see PostgreSQL's side go, should this process die.
   *
   * @returns false when that was not possible: then nothing may be sent
   */
  connected(descriptor: number | undefined): boolean;
  /** This is the server that is dialed: from now on it counts at no other one. */
  leadsTo(server: ServerName): void;
  /** Its server has said what its own `max_connections` is. */
  serverAllows(maxConnections: number): void;
  /** PostgreSQL has let us in; from now on a cancel request reaches this connection. */
  established(target: CancelTarget): void;
  release(): void;
}

/** Where and with what to cancel what runs on one connection. */
export interface CancelTarget {
  /** The very address that the connection leads to. */
  readonly address: Address;
  /** The name that was asked for, for TLS verification. */
  readonly hostName: string;
  /** The connection speaks TLS, so the cancel request does too. */
  readonly tls: boolean;
  /** Whose servers it leads to: the entry of the configuration says how TLS is spoken with them. */
  readonly database: DatabaseName;
  readonly processId: number;
  readonly key: Buffer;
}

export type RefusalReason = 'pool' | 'database' | 'user' | 'server' | 'closed';

/** How much of one server links may have, over all entries that lead to it. */
export interface ServerShare {
  /** Of its own `max_connections`: 1 to 100. */
  readonly percent: number;
  /** Somebody asks it all the time how it is: on one connection, which counts. */
  readonly watched: boolean;
}

export type ServerShares = ReadonlyMap<ServerName, ServerShare>;

/** The answer to a want. `wait` may be followed by `granted` later, through the same callback. */
export type BudgetAnswer =
  | { readonly kind: 'granted'; readonly permit: Permit }
  | { readonly kind: 'wait'; readonly limit: RefusalReason }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/** A want that has not been granted. */
export interface PendingWant {
  /** Leaves the queue; no further answer comes. Idempotent, harmless after a grant. */
  withdraw(): void;
}

/**
 * Asked before any connection to PostgreSQL is opened, so that no cap is ever passed. Serves
 * pending wants fairly. May ask holders to give an idle link up for the sake of another pool.
 */
export interface LinkBudget {
  /** `answer` may be called within this call. */
  request(want: LinkWant, answer: (answer: BudgetAnswer) => void): PendingWant;
  /** Registers who can give up idle links. Returns the way to leave. */
  register(holder: LinkHolder): () => void;
  /** `holder` has a link that nobody of its own waits for. May call `holder.giveUpIdleLink`. */
  idleAvailable(holder: LinkHolder): void;
  /** `holder` is closing a link that it was asked to yield. */
  yielded(holder: LinkHolder): void;
  /** Called a few times a second: sees to it that no pool is starved by busy ones. */
  relieve(): void;
}

/** A pool, as the budget sees it. */
export interface LinkHolder {
  readonly pool: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
  /** When the longest-idle link became idle (clock ms); undefined when it has none to spare. */
  longestIdleSinceMs(): number | undefined;
  /** Closes the longest-idle link for another pool's sake. False when there is none. */
  giveUpIdleLink(): boolean;
  /** Closes one link for another pool's sake as soon as its lease ends; then `LinkBudget.yielded`. */
  yieldLink(): void;
  /** A link that was to be yielded, and has not been yet, is not needed any more. */
  keepYieldedLink(): void;
}
