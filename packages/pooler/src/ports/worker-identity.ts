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
  /** The same in all workers, for as long as any of them lives; hides their numbers in cancel keys. */
  readonly cancelSecret: Buffer;
  /**
   * Takes a cancel request to the worker that gave the key out; `worker` is its number modulo
   * `WORKER_NUMBERS_APART`. `answer` is called once: false when nobody knows the key.
   */
  cancelElsewhere(worker: number, identity: CancelIdentity, answer: (found: boolean) => void): void;
  /**
   * The daemon has taken over from another one, whose keys know nothing of these workers: such a key
   * may seem to be one of this worker.
   */
  readonly afterRestart?: boolean;
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
