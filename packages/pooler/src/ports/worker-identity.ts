import type { WelcomeExchange } from './welcome-exchange';

/** What a client is told with BackendKeyData. */
export interface CancelIdentity {
  readonly processId: number;
  readonly key: Buffer;
}

/** Who a pooler is among several that serve the same port. */
export interface WorkerIdentity {
  /** Grows with every worker that is started. */
  readonly number: number;
  /**
   * Takes a cancel request to the worker that gave the key out. `answer` is called once: false when
   * nobody knows the key.
   */
  cancelElsewhere(identity: CancelIdentity, answer: (found: boolean) => void): void;
  /** The clients of this process have changed in number. Called often: do little. */
  clientsChanged(): void;
  /** Absent: every process finds out by itself. */
  readonly welcomes?: WelcomeExchange;
}

/** Clients, as the client-side caps count them. Plain data. */
export interface ClientTotals {
  readonly total: number;
  readonly perUser: readonly (readonly [user: string, clients: number])[];
  readonly perDatabase: readonly (readonly [database: string, clients: number])[];
}
