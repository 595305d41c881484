import type { MemberView } from './ports/member-source';

/** A server's address as the configuration writes it. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A position in the write-ahead log. */
export type Lsn = bigint;

/** What one probe has seen. Times are of the monotonic clock, milliseconds. */
export interface Observation {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  readonly systemIdentifier: string;
  readonly inRecovery: boolean;
  /** undefined: could not be told (yet) */
  readonly timeline: number | undefined;
  /** default_transaction_read_only or in recovery */
  readonly readOnly: boolean;
  /** Primary: what is flushed, what is inserted. Replica: what is received, what is replayed. */
  readonly flushed: Lsn | undefined;
  readonly inserted: Lsn | undefined;
  readonly received: Lsn | undefined;
  readonly replayed: Lsn | undefined;
  /** Replica: age of the last replayed commit, ms; 0 when everything received is replayed. */
  readonly replayLagMs: number | undefined;
  /** How often its name has come to lead to another machine; undefined: it is no name. */
  readonly moves?: number;
  /** What it says of the cluster, where members tell who belongs to it. */
  readonly view?: MemberView;
  readonly connections: number;
  readonly connectionsMax: number;
}

export type ProbeResult =
  | { readonly kind: 'seen'; readonly observation: Observation }
  | {
      readonly kind: 'failed';
      readonly atMs: number;
      readonly reason: string;
      /**
       * PostgreSQL refused for now (57P03, 53300) or the machine refused the connection, or nothing
       * came in time.
       */
      readonly why: 'refused' | 'timeout' | 'busy' | 'rejected' | 'lost';
      /** It is the password, or the user, that PostgreSQL does not take. */
      readonly isPasswordRefused?: boolean;
      /** PostgreSQL is being started (57P03): whatever it did before has ended. */
      readonly isStarting?: boolean;
    };
