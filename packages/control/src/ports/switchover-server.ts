import type { Lsn } from '../observation';

/** What a server of a switchover says of its write-ahead log. */
export interface LogEnd {
  readonly inRecovery: boolean;
  /**
   * Primary: up to where it has flushed, which is what standbys can get. Standby: up to where it has
   * replayed.
   */
  readonly reached: Lsn;
  /**
   * All that it has. Primary: up to where it has inserted; transactions that are open keep that ahead.
   * Standby: what it has received, and at least what it has replayed.
   */
  readonly written: Lsn;
  /** Standby: it is connected to a server that it receives from. */
  readonly receives: boolean;
}

/** One server of a switchover: asked, and told, one thing at a time. Rejects with a reason for people. */
export interface SwitchoverServer {
  logEnd(deadlineMs: number): Promise<LogEnd>;
  /** Whether the role that asks may promote it. */
  mayPromote(deadlineMs: number): Promise<boolean>;
  /** Resolves when PostgreSQL has been told; that it is primary, `logEnd` says. */
  promote(deadlineMs: number): Promise<void>;
  /**
   * As `promote`, but nothing happens, and it rejects, where PostgreSQL gets to it later than `validMs`
   * after this call: it looks at its own clock, so whatever holds this process or the network up.
   */
  promoteWithin(validMs: number, deadlineMs: number): Promise<void>;
  /** The next question comes on a new connection: one that is refused says that the server ends. */
  reconnect(): void;
  close(): void;
}
