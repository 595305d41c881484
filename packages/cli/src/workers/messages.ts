import type {
  Address,
  BudgetFromWorker,
  BudgetToWorker,
  ClientId,
  ClientTotals,
  DaemonSnapshot,
  Holds,
  ServerLeases,
  SnapshotPart,
  StatementView,
  TotalsView,
} from '@pgweir/pooler';
import type { Picture } from '../admin/show/item';
import type { Overrides } from '../config/load';
import type { FileText } from '../config/recorded-files';
import type { LogFlags } from '../daemon-options';
import type { Order } from '../operator';
import type { ShutdownKind } from '../signals';
import type { PositionAsk, PositionNews } from './position-exchange';
import type { ServerNoticed, TopologyNews } from './received-topology';
import type { TokenNews } from './token-board';
import type { WelcomeNews } from './welcome-board';

/** Questions with an answer: what is asked, and what comes back. Plain data. */
export interface Question<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
}

/** A cancel request as it travels: the key in hexadecimal digits. */
export interface CancelAsk {
  /** Whose key it may be: its number modulo `WORKER_NUMBERS_APART`. */
  readonly worker: number;
  readonly processId: number;
  readonly key: string;
}

/** What all workers have in force, from a reload on. */
export interface Configuration {
  readonly files: readonly FileText[];
  /** Grows with every reload. */
  readonly generation: number;
  /** What SET has changed. */
  readonly overrides: Overrides;
}

/** What an operator has ordered, as it travels. `database` null: all. */
export type TrafficAsk =
  | { readonly kind: 'hold'; readonly holds: Holds }
  | {
      readonly kind: 'untilQuiet' | 'reconnect' | 'untilRenewed' | 'kill';
      readonly database: string | null;
    }
  | { readonly kind: 'untilFlushed' | 'resetStatements' }
  | { readonly kind: 'killClient'; readonly client: ClientId };

/** What the supervisor asks a worker. */
export interface AskedOfWorker {
  readonly snapshot: Question<{ readonly parts: readonly SnapshotPart[] }, DaemonSnapshot>;
  /** False: not so, or not found. */
  readonly traffic: Question<TrafficAsk, boolean>;
  /** How many links to a server are lent. */
  readonly leases: Question<ServerLeases, number>;
  /** False: not this worker's key. */
  readonly cancel: Question<CancelAsk, boolean>;
  /** Loads these files and applies them. False: it could not, and goes on as before. */
  readonly configure: Question<Configuration, boolean>;
}

/** What a worker asks the supervisor: commands of its console, and foreign cancel keys. */
export interface AskedOfSupervisor {
  readonly view: Question<{ readonly parts: readonly SnapshotPart[] }, Picture>;
  readonly set: Question<{ readonly key: string; readonly value: string }, boolean>;
  /** Why it was not carried out; null: it was. */
  readonly order: Question<Order, string | null>;
  readonly cancel: Question<CancelAsk, boolean>;
  readonly reload: Question<Record<string, never>, boolean>;
  readonly shutDown: Question<{ readonly how: ShutdownKind }, boolean>;
  /** What stood in the way; null: nothing, every worker has been replaced. */
  readonly replaceWorkers: Question<Record<string, never>, string | null>;
}

/** One port: whoever listens to it, and the descriptor for that in the worker. */
export interface InheritedPort {
  readonly address: Address;
  readonly descriptor: number;
}

/** Everything that a worker needs to know at its start. */
export interface WorkerStart {
  readonly slot: number;
  readonly slots: number;
  readonly number: number;
  readonly configPath: string;
  readonly cwd: string;
  /** The files with which the daemon was started: they decide what no reload changes. */
  readonly firstFiles: readonly FileText[];
  /** Those of the last reload. */
  readonly files: readonly FileText[];
  readonly generation: number;
  readonly overrides: Overrides;
  readonly holds: Holds;
  readonly topology: TopologyNews;
  /** As `WorkerIdentity` has it, in hexadecimal digits. */
  readonly cancelSecret: string;
  readonly afterRestart: boolean;
  readonly logFlags: LogFlags;
  readonly ports: readonly InheritedPort[];
}

/** What the supervisor tells a worker. */
export type ToldToWorker =
  | { readonly kind: 'start'; readonly start: WorkerStart }
  | { readonly kind: 'ping' }
  | { readonly kind: 'reopen-log' }
  | { readonly kind: 'other-clients'; readonly others: ClientTotals }
  /** Another worker accepts in its place: it ends when its clients have left. */
  | { readonly kind: 'retire' }
  | { readonly kind: 'drain'; readonly until: 'clients-left' | 'links-closed' }
  | { readonly kind: 'stop' }
  /** What other workers have learned. */
  | WelcomeNews
  | TokenNews
  | TopologyNews
  | PositionNews
  | BudgetToWorker;

/** What a worker tells the supervisor. */
export type ToldToSupervisor =
  /** It listens to its channel. Never changed: a worker may be of a program that was installed later. */
  | { readonly kind: 'hello'; readonly version: string }
  | { readonly kind: 'up' }
  /** It could not start, and ends. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'pong' }
  | { readonly kind: 'clients'; readonly clients: ClientTotals }
  /** A descriptor has been passed beside the channel. */
  | { readonly kind: 'passed' }
  /** It has nothing left to do, and ends; what it has done goes into the totals. */
  | ({
      readonly kind: 'farewell';
      readonly statements: readonly StatementView[];
    } & TotalsView)
  | WelcomeNews
  | TokenNews
  | PositionAsk
  | ServerNoticed
  | BudgetFromWorker;

/** The descriptor over which a worker passes others. Its ports come behind it. */
export const PASSING_DESCRIPTOR = 4;
export const FIRST_PORT_DESCRIPTOR = 5;
