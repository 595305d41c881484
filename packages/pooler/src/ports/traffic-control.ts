import type { ClientId, DatabaseName } from './names';

/** What an operator holds back at the moment. Plain data. */
export interface Holds {
  /** Every database is paused. */
  readonly paused: boolean;
  readonly pausedDatabases: readonly string[];
  /** Nobody new gets into these. */
  readonly disabledDatabases: readonly string[];
  /** Nothing that clients send goes any further. */
  readonly suspended: boolean;
}

export const NOTHING_HELD: Holds = {
  paused: false,
  pausedDatabases: [],
  disabledDatabases: [],
  suspended: false,
};

/**
 * What an operator can have done with the traffic, of one process or of all of them together.
 * `database` undefined: of every one. A command that waits resolves when what it waits for is so.
 */
export interface TrafficControl {
  /** Puts these holds in force instead of those before, also for databases that come later. */
  hold(holds: Holds): Promise<void>;
  /**
   * Waits until a paused database has no link any more, PostgreSQL's side included.
   *
   * @returns false when it is not paused any more
   */
  untilQuiet(database: string | undefined): Promise<boolean>;
  /** Waits until clients have taken what was sent to them, and drops who takes too long. */
  untilFlushed(): Promise<void>;
  /** Has every link closed as soon as it is free. */
  reconnect(database: string | undefined): Promise<void>;
  /** Waits until no link is left that is to be closed. */
  untilRenewed(database: string | undefined): Promise<void>;
  /** Drops all clients and links. */
  kill(database: string | undefined): Promise<void>;
  /** Drops one client. @returns false when there is none with this id */
  killClient(id: ClientId): Promise<boolean>;
  /** Counts of statements begin at nothing again. */
  resetStatements(): Promise<void>;
  /** How many links to a server are lent to clients now, in these databases. */
  countLeases(of: ServerLeases): Promise<number>;
}

/** Plain data. */
export interface ServerLeases {
  readonly databases: readonly DatabaseName[];
  readonly host: string;
  readonly port: number;
}
