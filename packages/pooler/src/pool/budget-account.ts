import type { LinkWant } from '../ports/link-budget';
import type { DatabaseName, PoolKey, UserName } from '../ports/names';

export type LimitKind = 'pool' | 'database' | 'user';

/** In the order in which they are looked at: what frees a link of a pool frees it for the others too. */
export const LIMIT_KINDS: readonly LimitKind[] = ['pool', 'database', 'user'];

/** What can stand in the way of a link: one of those, or a server that has as many as it may. */
export type LimitName = LimitKind | 'server';

/** Every limit of a holder; 0 means unlimited. */
export interface LinkLimits {
  readonly poolLinksMax: number;
  readonly databaseLinksMax: number;
  readonly userLinksMax: number;
}

/** What a holder can be asked for, wherever it lives: in this process or at the end of a channel. */
export interface HolderSide {
  /** When its longest-idle link became idle, as far as it is known; undefined: it has none to spare. */
  longestIdleSinceMs(): number | undefined;
  /**
   * Asks it to close its longest-idle link if that has been idle for `idleMsMin`. `answer` is called
   * once, maybe within this call: whether a link is on its way out.
   */
  giveUpIdleLink(idleMsMin: number, answer: (gaveUp: boolean) => void): void;
  /** Asks it to close one link as soon as its lease ends. */
  yieldLink(): void;
  /** A link that it was to yield, and has not yielded yet, is not needed any more. */
  keepYieldedLink(): void;
}

interface HolderNames {
  readonly pool: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
}

/** One holder of links in the books of the budget: a pool of one process. */
export class HolderAccount {
  readonly pool: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
  /** The limits that count its links, as keys. */
  readonly keys: Readonly<Record<LimitKind, string>>;
  readonly side: HolderSide;
  /** Permits that it has. */
  links = 0;
  /** How many of its links count at which servers, as keys. */
  readonly servers = new Map<string, number>();
  /** When it was last asked to yield, in the order of such requests. */
  yieldedAt = 0;

  constructor({ pool, database, user }: HolderNames, side: HolderSide) {
    this.pool = pool;
    this.database = database;
    this.user = user;
    this.side = side;
    this.keys = {
      pool: limitKey('pool', pool),
      database: limitKey('database', database),
      user: limitKey('user', user),
    };
  }

  isUnder(key: string): boolean {
    const { pool, database, user } = this.keys;
    return pool === key || database === key || user === key || this.servers.has(key);
  }

  /** Every limit that counts its links. */
  *everyKey(): Generator<string> {
    for (const kind of LIMIT_KINDS) yield this.keys[kind];
    yield* this.servers.keys();
  }
}

export function limitKey(kind: LimitName, name: string): string {
  return `${kind}\0${name}`;
}

export function limitOf(limits: LinkLimits | LinkWant, kind: LimitKind): number {
  if (kind === 'pool') return limits.poolLinksMax;
  return kind === 'database' ? limits.databaseLinksMax : limits.userLinksMax;
}
