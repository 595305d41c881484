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

/** A plain-data picture of a pooler, or of all of them together, at one moment. */
export interface DaemonSnapshot {
  readonly state: string;
  readonly clientsTotal: number;
  readonly linksTotal: number;
  readonly pools: readonly PoolView[];
  readonly stats: readonly DatabaseStatsView[];
  readonly clients: readonly ClientView[];
  /** Empty in the picture of one process. */
  readonly workers: readonly WorkerView[];
}

/** How console, metrics and dashboard see the daemon: never through live objects. */
export interface DaemonView {
  snapshot(): Promise<DaemonSnapshot>;
}
