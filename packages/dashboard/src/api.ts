/**
 * What the page and the daemon say to each other: answers of `/dashboard/api/…` are these types as JSON.
 * Times are milliseconds unless a name says otherwise; `…AtMs` is the time of the wall.
 */

/** GET `now`: the daemon over all its workers at one moment. */
export interface Now {
  readonly atMs: number;
  readonly version: string;
  /** `serving`, `draining` … */
  readonly state: string;
  readonly startedAtMs: number;
  readonly clients: number;
  readonly links: number;
  readonly holds: HoldsNow;
  readonly pools: readonly PoolNow[];
  /** Pools that are not in `pools`, because there are too many. */
  readonly poolsLeftOut: number;
  readonly clusters: readonly ClusterNow[];
  /** The newest first. */
  readonly failovers: readonly FailoverNow[];
  readonly workers: readonly WorkerNow[];
  readonly secrets: readonly SecretNow[];
  readonly serverCaps: readonly ServerCapNow[];
  readonly pinCounts: readonly PinCountNow[];
  readonly orders: readonly OrderNow[];
  /** Only when they are asked for: `?with=waiters,pins,statements`. */
  readonly waiters?: Part<WaiterNow>;
  readonly pins?: Part<PinNow>;
  readonly statements?: Statements;
}

/** The first of many. */
export interface Part<Row> {
  readonly rows: readonly Row[];
  /** How many there are in all. */
  readonly total: number;
}

export interface HoldsNow {
  readonly paused: boolean;
  readonly suspended: boolean;
  readonly pausedDatabases: readonly string[];
  readonly disabledDatabases: readonly string[];
}

export interface PoolNow {
  readonly database: string;
  readonly user: string;
  readonly mode: string;
  /** The most links that it may have; 0: not known. */
  readonly size: number;
  /** All of its clients: those that wait, too. */
  readonly clients: number;
  readonly waiting: number;
  readonly waitMaxMs: number;
  readonly linksActive: number;
  readonly linksIdle: number;
  /** Being dialed, cleaned or closed. */
  readonly linksOther: number;
  readonly pinned: number;
}

export interface ClusterNow {
  readonly databases: readonly string[];
  readonly failover: string;
  readonly primary: string | undefined;
  readonly alarms: readonly string[];
  readonly promotion: string | undefined;
  readonly servers: readonly ServerNow[];
}

export interface ServerNow {
  readonly host: string;
  readonly port: number;
  readonly role: string;
  readonly health: string;
  readonly outOfService: string | undefined;
  readonly isBanned: boolean;
  readonly timeline: number | undefined;
  /** Primary: flushed; replica: replayed. */
  readonly position: string | undefined;
  readonly lagBytes: number | undefined;
  readonly lagMs: number | undefined;
  readonly connections: number | undefined;
  readonly connectionsMax: number | undefined;
  readonly probeMs: number | undefined;
  readonly probeAgeMs: number | undefined;
}

export interface FailoverNow {
  readonly databases: readonly string[];
  readonly beganAtMs: number;
  readonly seen: string;
  readonly oldPrimary: string | undefined;
  readonly newPrimary: string | undefined;
  readonly outcome: string;
  readonly isPlanned: boolean;
  readonly heldMs: number;
  readonly moved: number;
  readonly retried: number;
  readonly failed: number;
}

export interface WorkerNow {
  readonly slot: number;
  readonly number: number;
  readonly pid: number;
  readonly state: string;
  readonly clients: number;
  readonly links: number;
  readonly startedAtMs: number;
  readonly restarts: number;
}

export interface SecretNow {
  readonly place: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  readonly version: string | undefined;
  readonly versionAgeMs: number | undefined;
  readonly isPending: boolean;
  readonly readAgeMs: number | undefined;
  readonly fault: string | undefined;
}

export interface ServerCapNow {
  readonly server: string;
  readonly links: number;
  readonly linksMax: number;
  readonly maxConnections: number;
}

export interface PinCountNow {
  readonly database: string;
  readonly reason: string;
  readonly count: number;
}

export interface WaiterNow {
  readonly client: number;
  readonly database: string;
  readonly user: string;
  readonly position: number;
  readonly waitedMs: number;
}

export interface PinNow {
  readonly client: number;
  readonly database: string;
  readonly user: string;
  readonly address: string;
  readonly reasons: readonly string[];
  readonly statement: string;
  readonly sinceMs: number;
}

/** `off`: `statement_stats` is. */
export type Statements = { readonly kind: 'off' } | ({ readonly kind: 'on' } & Part<StatementNow>);

/** One normalised statement since start. Times of one call, in milliseconds. */
export interface StatementNow {
  readonly database: string;
  readonly user: string;
  readonly fingerprint: string;
  readonly statement: string;
  readonly calls: number;
  readonly rows: number;
  readonly errors: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly p95Ms: number;
  readonly waitMs: number;
}

/** An order that somebody gave on the page. */
export interface OrderNow {
  readonly id: number;
  /** As on the console: `PAUSE app`. */
  readonly text: string;
  readonly givenAtMs: number;
  readonly state: 'under way' | 'done' | 'refused';
  /** Why it was refused. */
  readonly problem: string | undefined;
}

/**
 * GET `history`: samples after number `since` of one pool (`database` and `user`) or of all of them,
 * and with them where the time of that database, or of all, went.
 */
export interface History {
  /** The number of the last sample; numbers only grow while the daemon lives. */
  readonly last: number;
  /** Changes when the daemon has been started again: numbers begin anew. */
  readonly epoch: number;
  readonly intervalMs: number;
  readonly atMs: readonly number[];
  /** Null: there was no such pool then. */
  readonly pools: Columns<PoolColumn>;
  readonly time: Columns<TimeColumn>;
}

export type Columns<Name extends string> = Readonly<Record<Name, readonly (number | null)[]>>;

export const POOL_COLUMNS = [
  ...(['clients', 'waiting', 'linksActive', 'linksIdle', 'linksOther', 'pinned'] as const),
  /** Of the leases of that time; microseconds. */
  'waitP95Us',
] as const;
export type PoolColumn = (typeof POOL_COLUMNS)[number];

/**
 * Sessions on average: those that wait for a link, those for which PostgreSQL works, and those in a
 * transaction while PostgreSQL waits for them. Then rates per second.
 */
export const TIME_COLUMNS = [
  'queue',
  'postgres',
  'application',
  'transactions',
  'queries',
] as const;
export type TimeColumn = (typeof TIME_COLUMNS)[number];

/** GET `sparks`: the last samples of every pool after number `since`. */
export interface Sparks {
  readonly last: number;
  readonly epoch: number;
  readonly pools: readonly Spark[];
}

export interface Spark {
  readonly database: string;
  readonly user: string;
  readonly linksActive: readonly (number | null)[];
  readonly waiting: readonly (number | null)[];
}

/** GET `settings`: those of `[pgbouncer]` in the order of their names. */
export interface SettingRow {
  readonly name: string;
  readonly value: string | null;
  readonly default: string | null;
  readonly differs: boolean;
  /** A reload can change it. */
  readonly reloadable: boolean;
  readonly help: string;
}

/** GET `session`. */
export interface SessionState {
  /** What the page may do: nothing but look; orders once signed in; orders. */
  readonly orders: 'off' | 'locked' | 'open';
  /** Nothing else is answered before somebody has signed in. */
  readonly isPrivate: boolean;
  /** To be sent with each order, in the header `x-pgweir-token`. Empty unless `orders` is `open`. */
  readonly token: string;
}

/** POST `session` with this as JSON signs in; the answer is a SessionState. POST `sign-out`: out. */
export interface SignIn {
  readonly password: string;
}

/** POST `orders`. `database` undefined: all. The answer is an OrderNow. */
export type PageOrder =
  | { readonly kind: 'pause' | 'resume' | 'reconnect'; readonly database?: string | undefined }
  | { readonly kind: 'disable' | 'enable'; readonly database: string }
  | { readonly kind: 'ban' | 'unban'; readonly host: string }
  | { readonly kind: 'reload' };

/** Every answer that is none of the above, with a status of 400 or more. */
export interface Refusal {
  readonly error: string;
}

export const TOKEN_HEADER = 'x-pgweir-token';
