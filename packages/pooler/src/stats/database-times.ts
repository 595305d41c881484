import type { DatabaseTimesView, MeasuredTime } from '../ports/daemon-view';
import { Histogram, type HistogramView, mergeHistograms, NOTHING_OBSERVED } from './histogram';

/** How long things took that the sessions of one database had to wait for, since start. */
export class DatabaseTimes {
  /** Of transactions, from the first message to the ReadyForQuery that ends one. */
  readonly transactions = new Histogram();
  /** Of leases that were waited for while no server could take them, as in a failover. */
  readonly held = new Histogram();
  /** Of reads that no replica was fit for, until one was or the primary was asked. */
  readonly replicaWaits = new Histogram();
  /** From the loss of a link to the answer, from another one, to what was under way on it. */
  readonly pauses = new Histogram();
  /** Of queries, from when they are sent on to their ReadyForQuery; undefined: nobody has asked for it. */
  queries: Histogram | undefined;
  /** For leases of pools that are forgotten by now. */
  #leaseWaitsBefore = NOTHING_OBSERVED;

  /** What was measured stays, whatever is wanted now. */
  measureQueries(isWanted: boolean | undefined): void {
    if (isWanted === true) this.queries ??= new Histogram();
  }

  /** A pool of the database is forgotten; what it has counted is not. */
  poolEnds(leaseWaits: Histogram): void {
    this.#leaseWaitsBefore = mergeHistograms([this.#leaseWaitsBefore, leaseWaits.view()]);
  }

  /** `leaseWaits`: of the pools that there are now. */
  views(database: string, leaseWaits: readonly Histogram[]): readonly DatabaseTimesView[] {
    const now = leaseWaits.map((each) => each.view());
    const all: Readonly<Record<Exclude<MeasuredTime, 'query'>, HistogramView>> = {
      failover_pause: this.pauses.view(),
      held: this.held.view(),
      lease_wait: mergeHistograms([this.#leaseWaitsBefore, ...now]),
      replica_wait: this.replicaWaits.view(),
      transaction: this.transactions.view(),
    };
    const views = MEASURED_TIMES.map((what) => ({ database, what, ...all[what] }));
    const { queries } = this;
    if (queries === undefined) return views;
    return [...views, { database, what: 'query', ...queries.view() }];
  }
}

const MEASURED_TIMES = [
  ...(['lease_wait', 'held', 'failover_pause', 'replica_wait', 'transaction'] as const),
];
