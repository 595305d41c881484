import { DatabaseTimes } from './database-times';

/** Plain counters of one database, since start. Times in microseconds. */
export class DatabaseCounters {
  transactions = 0;
  queries = 0;
  /** Those of them that came over TLS. */
  queriesTls = 0;
  leases = 0;
  receivedBytes = 0;
  sentBytes = 0;
  transactionUs = 0;
  queryUs = 0;
  waitUs = 0;
  logins = 0;
  clientParses = 0;
  serverParses = 0;
  binds = 0;
  /** Sessions that lost their link and heard nothing of it: they had nothing under way. */
  moved = 0;
  /** What they had sent was run once more on another link, unseen. */
  retried = 0;
  /** They got an error, or were closed. */
  failed = 0;
  /** With `read_write_split`: transactions that replicas have run. */
  replicaTransactions = 0;
  /** Reads that no replica could take. */
  readsOnPrimary = 0;
  /** Reads that a replica has refused, and the primary has run. */
  rerouted = 0;
  readonly times = new DatabaseTimes();
  /** How often clients were pinned, by reason. */
  readonly pins = new Map<string, number>();

  /** A client has been pinned for one more reason. */
  pinned(reason: string): void {
    this.pins.set(reason, (this.pins.get(reason) ?? 0) + 1);
  }
}
