import type { ErrorFields } from '@pgweir/protocol';
import type { LookUps } from '../auth-query/look-ups';
import type { CancelDesk } from '../cancel/cancel-desk';
import type { ChunkClock } from '../chunk-clock';
import type { Orders } from '../orders';
import type { Database } from '../pool/database';
import type { Pool } from '../pool/pool';
import type { ClientVerifier } from '../ports/client-verifier';
import type { CredentialSource } from '../ports/credential-source';
import type { Logger } from '../ports/logger';
import type { DatabaseName, UserName } from '../ports/names';
import type { SocketPeers } from '../ports/socket-peers';
import type { Wire } from '../ports/transport';
import type { VirtualDatabase } from '../ports/virtual-database';
import type { DatabaseReads } from '../routing/database-reads';
import type { ReplicaPositions } from '../routing/replica-positions';
import type { StateKnowledge } from '../session-state/state-knowledge';
import type { PoolerSettings } from '../settings/settings';
import type { StatementWatch } from '../statements/statement-watch';
import type { ReplicaServer } from '../topology/replica-servers';
import type { Tracing } from '../tracing/tracing';
import type { ClientCounts } from './client-counts';
import type { ScramSecrets } from './scram-secrets';
import type { Session } from './session';

/** What a session needs of the pooler around it. */
export interface SessionContext {
  readonly settings: PoolerSettings;
  readonly clock: ChunkClock;
  readonly log: Logger;
  readonly credentials: CredentialSource;
  readonly lookUps: LookUps;
  readonly verifier: ClientVerifier;
  /** `undefined`: nobody can tell who is at the other end of a Unix socket. */
  readonly socketPeers: SocketPeers | undefined;
  readonly cancels: CancelDesk;
  readonly scramSecrets: ScramSecrets;
  readonly stateKnowledge: StateKnowledge;
  readonly statements: StatementWatch;
  /** Tells which statements only read, in this database. */
  reads(database: Database): DatabaseReads;
  /** How far its replicas are; undefined: nobody knows. */
  positions(database: Database): ReplicaPositions | undefined;
  readonly counts: ClientCounts;
  /** Undefined: nobody wants to hear of transactions. */
  readonly tracing: Tracing | undefined;
  /** What an operator holds back. */
  readonly orders: Orders;
  /** False: there are no new clients any more, and this one has come too late. */
  letsIn(session: Session): boolean;
  /** Counts the session for `max_client_conn`. @returns false when that is one too many */
  countClient(session: Session): boolean;
  virtualDatabase(name: string): VirtualDatabase | undefined;
  /** Those that have been asked for, and those of the configuration. */
  readonly databases: ReadonlyMap<DatabaseName, Database>;
  database(name: DatabaseName): Database | undefined;
  /** The user that the configuration forces upon clients of a database. Creates nothing. */
  forcedUser(name: DatabaseName): UserName | undefined;
  pool(database: Database, user: UserName): Pool;
  /** The pool of links to one replica, for the sessions of `main`. */
  replicaPool(main: Pool, replica: ReplicaServer): Pool;
  clientsOfUser(user: UserName): number;
  clientsOfDatabase(database: DatabaseName): number;
  /**
   * Login succeeded: from here on the session counts for its database, pool and user. In a virtual
   * database there are none of these. `identity`: by which other name the client is known to whoever has
   * vouched for it, for the log.
   */
  admitted(session: Session, identity: string | undefined): void;
  /** Whether a session may begin something that needs a link. */
  readonly opensLinks: boolean;
  /** Logs an error that is about to be sent. */
  poolerError(session: Session, error: ErrorFields, why: string): void;
  sessionClosed(session: Session, reason: string): void;
  /** Sees to it that a wire that was ended does not stay for ever. */
  linger(wire: Wire): void;
  /** The wire is gone by itself. */
  lingered(wire: Wire): void;
  /** Runs it when what is under way now has been dealt with. */
  soon(run: () => void): void;
}
