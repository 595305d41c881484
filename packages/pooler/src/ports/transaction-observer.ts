import type { ClientId } from './names';
import type { ServerRole } from './topology-source';
import type { Address } from './transport';

/**
 * The span of a caller, as `traceparent` names it.
 *
 * @see W3C Trace Context, anchor traceparent-header
 */
export interface TraceParent {
  /** 32 hexadecimal digits in lower case, not all of them 0. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** The caller's own span is recorded. */
  readonly isSampled: boolean;
}

/** The server that has run a transaction, or the last part of it. */
export interface ObservedServer {
  /** As the configuration names it, or the directory of a Unix socket. */
  readonly host: string;
  /** Where it really is. */
  readonly address: Address;
  /** `unknown` where roles are not followed. */
  readonly role: ServerRole;
  /** Of PostgreSQL. */
  readonly processId: number;
}

/**
 * One transaction of a client, from its first byte to the ReadyForQuery that ends it. Plain data.
 * `waitMs`, `serverMs` and `clientMs` together are the whole of it; moments are those of the wall.
 */
export interface ObservedTransaction {
  readonly database: string;
  readonly user: string;
  readonly client: ClientId;
  readonly clientAddress: Address;
  readonly applicationName: string;
  readonly poolMode: string;
  /** The first that a statement of it has named, or its session before. */
  readonly parent: TraceParent | undefined;
  /** Others that its statements have named. */
  readonly others: readonly TraceParent[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** With us: queued for a link, held back, the link being made ready. */
  readonly waitMs: number;
  /** With PostgreSQL: from what has been sent to all that answers it. */
  readonly serverMs: number;
  /** With the client: between an answer and the next message. */
  readonly clientMs: number;
  /** When it had a link; undefined: it had one from before, or never one. */
  readonly leasedAtMs: number | undefined;
  /** When its link was lost for the last time; undefined: never. */
  readonly lostAtMs: number | undefined;
  readonly lostLinks: number;
  /** Messages that run something: Query, Execute, FunctionCall. */
  readonly statements: number;
  /** Undefined: nothing of it has reached one. */
  readonly server: ObservedServer | undefined;
  /** SQLSTATE of the error that it has ended with. */
  readonly sqlstate: string | undefined;
  /** Its session was over before it was. */
  readonly isCut: boolean;
}

/** What has become of spans since start: one row for each word. Merged views add them up. */
export interface TraceCountView {
  readonly what: 'exported' | 'dropped' | 'over_limit';
  readonly count: number;
}

/** Hears of transactions that have been chosen, when they are over. */
export interface TransactionObserver {
  /** Called between a client's answer and its next message: do little, wait for nothing. */
  ended(transaction: ObservedTransaction): void;
  /** Empty as long as nobody has asked for traces. */
  counts(): readonly TraceCountView[];
}
