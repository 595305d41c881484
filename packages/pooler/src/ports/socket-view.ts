import type { Replication } from '../frontend/admission';
import type { ClientId, LinkId } from './names';

/** One connection, of a client or to PostgreSQL. Times are those of the wall. */
export interface SocketView {
  readonly database: string;
  readonly user: string;
  readonly replication: Replication | 'none';
  /** In PgBouncer's words. */
  readonly state: string;
  /** The other side: an IP address, or `unix`. */
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly connectedAtMs: number;
  /** When the last request began. */
  readonly requestedAtMs: number;
  /** How long it has waited for a link. */
  readonly waitMs: number;
  /** It is closed as soon as it is free. */
  readonly closing: boolean;
  /** The process of PostgreSQL, or of a client on the same machine; 0: not known. */
  readonly processId: number;
  readonly tls: string;
  readonly applicationName: string;
  readonly preparedStatements: number;
  /** Bytes that the other side has not taken yet exist. */
  readonly congested: boolean;
}

export interface ClientView extends SocketView {
  readonly id: ClientId;
  readonly link: LinkId | undefined;
}

export interface LinkView extends SocketView {
  readonly id: LinkId;
  readonly client: ClientId | undefined;
}

/** A session in a wait queue. */
export interface WaiterView {
  readonly client: ClientId;
  readonly database: string;
  readonly user: string;
  /** From 1. */
  readonly position: number;
  readonly waitedMs: number;
  readonly poolMode: string;
}
