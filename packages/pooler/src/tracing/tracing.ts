import type { Clock } from '../ports/clock';
import type {
  ObservedTransaction,
  TraceCountView,
  TraceParent,
  TransactionObserver,
} from '../ports/transaction-observer';
import type { PoolerSettings, TraceSettings } from '../settings/settings';

/** Chooses the transactions that are observed, and sees to it that they are not too many. */
export class Tracing {
  readonly #observer: TransactionObserver;
  readonly #clock: Clock;
  /** So many may be observed at once; grows with time up to what one second allows. */
  #tokens = 0;
  #filledAtMs = 0;
  #overLimit = 0;

  constructor(observer: TransactionObserver, clock: Clock) {
    this.#observer = observer;
    this.#clock = clock;
  }

  /** Whether a transaction is observed that turns out to have no parent. */
  draws({ sampleRatio }: TraceSettings): boolean {
    return Math.random() < sampleRatio;
  }

  /**
   * Whether a transaction is observed that is over. The caller has decided where there is one; both are
   * bounded, for whoever may connect may say that all of theirs are wanted.
   */
  chooses(
    { tracing, workerSlot }: Pick<PoolerSettings, 'tracing' | 'workerSlot'>,
    parent: TraceParent | undefined,
    isDrawn: boolean,
  ): boolean {
    if (tracing === undefined || !(parent?.isSampled ?? isDrawn)) return false;
    const share = Math.max(1, tracing.perSecondMax / (workerSlot?.count ?? 1));
    const nowMs = this.#clock.nowMs();
    const grown = ((nowMs - this.#filledAtMs) / 1000) * share;
    this.#tokens = Math.min(share, this.#tokens + grown);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) {
      this.#overLimit++;
      return false;
    }
    this.#tokens--;
    return true;
  }

  ended(transaction: ObservedTransaction): void {
    this.#observer.ended(transaction);
  }

  counts(): readonly TraceCountView[] {
    const counts = this.#observer.counts();
    if (counts.length === 0 && this.#overLimit === 0) return counts;
    return [...counts, { what: 'over_limit', count: this.#overLimit }];
  }
}
