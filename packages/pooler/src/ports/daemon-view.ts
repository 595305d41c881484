import type { HistogramView } from '../stats/histogram';
import type { ClientId, LinkId } from './names';
import type { ClientView, LinkView, WaiterView } from './socket-view';
import type { StatementView } from './statement-view';
import type { TraceCountView } from './transaction-observer';

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
  /** Those of the active, tested and canceled ones that lead to replicas. */
  readonly linksInUseOnReplicas: number;
  /** How long the oldest waiter has waited, milliseconds. */
  readonly waitMaxMs: number;
  /**
   * What is going on and in no total yet, in sum: how long those that wait have waited, queries have run
   * and transactions have been open. With the totals of the database they tell where time goes also
   * while nothing ends.
   */
  readonly waitingMs: number;
  readonly inQueryMs: number;
  readonly inTransactionMs: number;
  /** How long its leases were waited for since start. */
  readonly waits: HistogramView;
}

/** Totals since start. Times in microseconds. */
export interface DatabaseStatsView {
  readonly database: string;
  readonly transactions: number;
  readonly queries: number;
  /** Those of them that came over TLS. */
  readonly queriesTls: number;
  readonly leases: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly transactionUs: number;
  readonly queryUs: number;
  readonly waitUs: number;
  readonly logins: number;
  /** Statements that clients have prepared by name, and how often one was prepared on a link. */
  readonly clientParses: number;
  readonly serverParses: number;
  readonly binds: number;
  /** Sessions that survived the loss of their link: unnoticed, by running a read again, with an error. */
  readonly moved: number;
  readonly retried: number;
  readonly failed: number;
  /** With `read_write_split`: transactions that replicas have run. */
  readonly replicaTransactions: number;
  /** Reads that no replica could take. */
  readonly readsOnPrimary: number;
  /** Reads that a replica has refused, and the primary has run. */
  readonly rerouted: number;
}

/** Cancel requests that are being passed on to a peer. Plain data; a merged view adds them up. */
export interface PeerPoolView {
  readonly peer: number;
  /** The peer has them, and is not done with them. */
  readonly sent: number;
  readonly dialing: number;
  readonly queued: number;
}

/** What reads of one database do at one replica, of all users. Plain data; a merged view adds it up. */
export interface ReplicaView {
  readonly database: string;
  readonly host: string;
  /** A text, which no sum is made of. */
  readonly port: string;
  /** Since start. */
  readonly transactions: number;
  readonly linksActive: number;
  readonly linksIdle: number;
  readonly linksDialing: number;
  readonly clientsWaiting: number;
}

/** A name that has been resolved. */
export interface ResolvedHostView {
  readonly host: string;
  readonly ttlMs: number;
  readonly addresses: readonly string[];
}

/** What stands behind the first dot of such names. */
export interface ResolvedZoneView {
  readonly zone: string;
  /** 0: not known yet. */
  readonly serial: number;
  /** Names of hosts in it. */
  readonly hosts: number;
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

/** Clients that have come and gone since start, by entry. Merged views add them up. */
export interface ClientTrafficView {
  readonly entry: string;
  /** Have said which database they want; those who want none of the configuration count at `*`. */
  readonly received: number;
  readonly succeeded: number;
  readonly failedAuth: number;
  readonly closed: number;
}

/** What has happened at one server for one entry since start, as `TargetCounters` has it. */
export interface TargetTrafficView {
  readonly entry: string;
  readonly server: string;
  readonly requests: number;
  readonly requestsTls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly replies: number;
  readonly replyUs: number;
}

/** Clients of one entry that have been let in and are there now. */
export interface EntryClientsView {
  readonly entry: string;
  readonly clients: number;
  readonly clientsTls: number;
}

/** Links of one entry to one server that are there now. */
export interface TargetLinksView {
  readonly entry: string;
  readonly server: string;
  /** PostgreSQL has let them in. */
  readonly links: number;
  readonly linksTls: number;
  readonly borrowed: number;
  readonly inTransaction: number;
  readonly pinned: number;
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

/** What a `DatabaseTimesView` is about. */
export type MeasuredTime =
  | 'lease_wait'
  | 'held'
  | 'failover_pause'
  | 'replica_wait'
  | 'transaction'
  /** Only while `measuresQueries` is on, or was. */
  | 'query';

/** How long something took that sessions of one database did, or waited for, since start. */
export interface DatabaseTimesView extends HistogramView {
  readonly database: string;
  readonly what: MeasuredTime;
}

/** Errors that clients of one entry have been sent since start. */
export interface ErrorCountView {
  /** As in `ClientTrafficView`. */
  readonly entry: string;
  /** Who has made them: pgweir, or PostgreSQL. */
  readonly source: 'pgweir' | 'server';
  /** `other`: those beyond the first few dozen of the source. */
  readonly sqlstate: string;
  readonly count: number;
}

/** Logins since start, those to the console among them. */
export interface AuthCountView {
  /** Of `auth_type` or a rule; `none`: refused before there was one. */
  readonly method: string;
  readonly result: 'ok' | 'failed';
  readonly count: number;
}

/** Cancel requests since start. */
export interface CancelCountView {
  /**
   * - `received`: from a client or a peer
   * - `unknown`: nobody has that key
   * - `sent`: to PostgreSQL, for clients and at the end of a limit of time
   */
  readonly what: 'received' | 'unknown' | 'sent';
  readonly count: number;
}

/** Connections that are there now, by their encryption. */
export interface TlsCountView {
  readonly side: 'client' | 'server';
  /** `none`, or as in `TlsInfo`. */
  readonly version: string;
  readonly count: number;
}

/** What one process of the daemon uses. Times in microseconds. */
export interface ProcessView {
  /** `daemon`: it is the only one. */
  readonly role: 'daemon' | 'supervisor' | 'worker';
  /** Of a worker; otherwise 0. */
  readonly slot: number;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly userCpuUs: number;
  readonly systemCpuUs: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Open ones, and how many there may be; undefined: the system does not tell. */
  readonly descriptors: number | undefined;
  readonly descriptorsMax: number | undefined;
  /** How late timers are: how long something else held everything up. */
  readonly loopDelay: HistogramView;
}

/** What has happened since start: these numbers never fall. */
export interface TotalsView {
  readonly stats: readonly DatabaseStatsView[];
  readonly pinCounts: readonly PinCountView[];
  readonly clientTraffic: readonly ClientTrafficView[];
  readonly targetTraffic: readonly TargetTrafficView[];
  readonly times: readonly DatabaseTimesView[];
  readonly errors: readonly ErrorCountView[];
  readonly auths: readonly AuthCountView[];
  readonly cancels: readonly CancelCountView[];
  /** Empty where nobody has asked for traces. */
  readonly traces: readonly TraceCountView[];
}

/** Of something that has done nothing. */
export const NO_TOTALS: TotalsView = {
  stats: [],
  pinCounts: [],
  clientTraffic: [],
  targetTraffic: [],
  times: [],
  errors: [],
  auths: [],
  cancels: [],
  traces: [],
};

/** The totals alone. */
export function totalsOf(all: TotalsView): TotalsView {
  const { stats, pinCounts, clientTraffic, targetTraffic, times } = all;
  const { errors, auths, cancels, traces } = all;
  return { stats, pinCounts, clientTraffic, targetTraffic, times, errors, auths, cancels, traces };
}

/** A plain-data picture of a pooler, or of all of them together, at one moment. */
export interface DaemonSnapshot extends TotalsView {
  readonly state: string;
  readonly clientsTotal: number;
  readonly linksTotal: number;
  readonly pools: readonly PoolView[];
  readonly entryClients: readonly EntryClientsView[];
  readonly targetLinks: readonly TargetLinksView[];
  readonly tls: readonly TlsCountView[];
  /** Of databases with `read_write_split`, those that have been read from. */
  readonly replicas: readonly ReplicaView[];
  /** Of peers that have something to do. */
  readonly peerPools: readonly PeerPoolView[];
  /** Clients of virtual databases. */
  readonly consoleClients: number;
  /** Clients that are not let in yet. */
  readonly loginsTotal: number;
  /** These and those that follow are empty unless they are asked for. */
  readonly clients: readonly ClientView[];
  readonly links: readonly LinkView[];
  readonly waiters: readonly WaiterView[];
  readonly resolvedHosts: readonly ResolvedHostView[];
  /** Come with `resolvedHosts`. */
  readonly resolvedZones: readonly ResolvedZoneView[];
  readonly pins: readonly PinView[];
  readonly statements: readonly StatementView[];
  readonly processes: readonly ProcessView[];
  /** Empty in the picture of one process. */
  readonly workers: readonly WorkerView[];
}

/** Of something that does nothing. */
export const NOTHING_SEEN: DaemonSnapshot = {
  state: 'stopped',
  clientsTotal: 0,
  linksTotal: 0,
  consoleClients: 0,
  loginsTotal: 0,
  pools: [],
  entryClients: [],
  targetLinks: [],
  tls: [],
  replicas: [],
  peerPools: [],
  ...NO_TOTALS,
  clients: [],
  links: [],
  waiters: [],
  resolvedHosts: [],
  resolvedZones: [],
  pins: [],
  statements: [],
  processes: [],
  workers: [],
};

/** What of a picture can be large. */
export type SnapshotPart =
  | 'clients'
  | 'links'
  | 'waiters'
  | 'resolvedHosts'
  | 'pins'
  | 'statements'
  | 'processes';

/** How console, metrics and dashboard see the daemon: never through live objects. */
export interface DaemonView {
  /** With these parts and no others of those that can be large. */
  snapshot(parts: readonly SnapshotPart[]): Promise<DaemonSnapshot>;
}
