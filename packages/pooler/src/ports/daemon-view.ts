import type { ClientId, LinkId } from './names';

/** How many of what one pool holds. Plain data; a merged view adds them up. */
export interface PoolView {
  readonly database: string;
  readonly user: string;
  readonly poolMode: string;
  readonly clientsActive: number;
  readonly clientsIdle: number;
  readonly clientsWaiting: number;
  readonly clientsCanceling: number;
  readonly linksActive: number;
  readonly linksIdle: number;
  readonly linksTested: number;
  readonly linksDialing: number;
  readonly linksClosing: number;
  readonly linksBeingCanceled: number;
  /** Leased beyond the transaction, for a named reason. */
  readonly linksPinned: number;
  /** How long the oldest waiter has waited, milliseconds. */
  readonly waitMaxMs: number;
}

/** Totals since start. Times in microseconds. */
export interface DatabaseStatsView {
  readonly database: string;
  readonly transactions: number;
  readonly queries: number;
  readonly leases: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly transactionUs: number;
  readonly queryUs: number;
  readonly waitUs: number;
  readonly logins: number;
}

export interface ClientView {
  readonly id: ClientId;
  readonly database: string;
  readonly user: string;
  readonly state: string;
  readonly address: string;
  readonly port: number;
  readonly connectedAtMs: number;
  readonly tls: string;
  readonly applicationName: string;
  readonly link: LinkId | undefined;
}

/** A client that keeps its link beyond its transaction. */
export interface PinView {
  readonly client: ClientId;
  readonly database: string;
  /** Of the client. */
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly link: LinkId;
  readonly reasons: readonly string[];
  /** The statement that began it: one line, shortened, without literals and comments. */
  readonly statement: string;
  /** When it began, in the time of the wall. */
  readonly sinceMs: number;
}

/** How often a reason has pinned a client of a database since start. */
export interface PinCountView {
  readonly database: string;
  readonly reason: string;
  readonly count: number;
}

/** One process that carries traffic. */
export interface WorkerView {
  /** Which of the `workers` places it fills. */
  readonly slot: number;
  readonly number: number;
  readonly pid: number;
  /** What it does, or `not answering`. */
  readonly state: string;
  readonly clients: number;
  readonly links: number;
  readonly startedAtMs: number;
  /** How often the process of this place has had to be replaced. */
  readonly restarts: number;
}

/** What has happened since start: these numbers never fall. */
export interface TotalsView {
  readonly stats: readonly DatabaseStatsView[];
  readonly pinCounts: readonly PinCountView[];
}

/** A plain-data picture of a pooler, or of all of them together, at one moment. */
export interface DaemonSnapshot extends TotalsView {
  readonly state: string;
  readonly clientsTotal: number;
  readonly linksTotal: number;
  readonly pools: readonly PoolView[];
  readonly clients: readonly ClientView[];
  readonly pins: readonly PinView[];
  /** Empty in the picture of one process. */
  readonly workers: readonly WorkerView[];
}

/** How console, metrics and dashboard see the daemon: never through live objects. */
export interface DaemonView {
  snapshot(): Promise<DaemonSnapshot>;
}
