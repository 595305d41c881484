import type {
  ObservedTransaction,
  TraceCountView,
  TransactionObserver,
} from '../../src/ports/transaction-observer';

/** Keeps the transactions that it hears of. */
export class TransactionLog implements TransactionObserver {
  readonly all: ObservedTransaction[] = [];

  ended(transaction: ObservedTransaction): void {
    this.all.push(transaction);
  }

  counts(): readonly TraceCountView[] {
    return [{ what: 'exported', count: this.all.length }];
  }

  /** The only one since the last call. */
  takeOne(): ObservedTransaction {
    const [one, another] = this.all.splice(0);
    if (one === undefined || another !== undefined) throw new Error('not one transaction');
    return one;
  }
}
