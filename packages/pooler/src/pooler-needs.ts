import type { ClientVerifier } from './ports/client-verifier';
import type { Clock } from './ports/clock';
import type { CredentialSource } from './ports/credential-source';
import type { LinkBudget } from './ports/link-budget';
import type { Logger } from './ports/logger';
import type { PositionSource } from './ports/position-source';
import type { Resolver } from './ports/resolver';
import type { ServerPasswords } from './ports/server-passwords';
import type { SocketPeers } from './ports/socket-peers';
import type { TopologySource } from './ports/topology-source';
import type { TransactionObserver } from './ports/transaction-observer';
import type { Transport } from './ports/transport';
import type { VirtualDatabase } from './ports/virtual-database';
import type { CancelIdentity, WorkerIdentity } from './ports/worker-identity';
import type { PoolerSettings } from './settings/settings';
import type { SqlKnowledge } from './sql/classify';

/** Everything that the pooler gets from outside. */
export interface PoolerNeeds {
  readonly settings: PoolerSettings;
  readonly credentials: CredentialSource;
  readonly verifier: ClientVerifier;
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly budget: LinkBudget;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sql: SqlKnowledge;
  readonly virtualDatabases: readonly VirtualDatabase[];
  /** Absent: all passwords for logins to PostgreSQL are configured, or learned from clients. */
  readonly serverPasswords?: ServerPasswords;
  /** Absent: the servers are those that the configuration names, and nobody knows their roles. */
  readonly topology?: TopologySource;
  /** Absent: nobody knows how far replicas are, and none of them is fit for a read. */
  readonly positions?: PositionSource;
  /** Absent: nobody can tell who is at the other end of a Unix socket. */
  readonly socketPeers?: SocketPeers;
  /** Absent: nobody wants to hear of transactions. */
  readonly observer?: TransactionObserver;
  /** Absent: nobody else serves this port. */
  readonly worker?: WorkerIdentity;
  /**
   * Takes a cancel request to the daemon before this one, some clients of which are still there.
   * `answer` as `WorkerIdentity` has it. Where there are workers, their supervisor does that.
   */
  readonly cancelBefore?: (identity: CancelIdentity, answer: (found: boolean) => void) => void;
}

/**
 * - `serving`: everything works
 * - `retiring`: accepts nobody, for another process does; whoever is connected notices nothing
 * - `draining-clients`: no new connections; those that are here stay until they leave, and may log in
 * - `draining-links`: no new clients, no new leases; leases that exist are finished
 * - `stopped`: everything has been closed
 */
export type PoolerState =
  | 'serving'
  | 'retiring'
  | 'draining-clients'
  | 'draining-links'
  | 'stopped';
