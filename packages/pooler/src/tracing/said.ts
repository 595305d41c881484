import type { TraceParent } from '../ports/transaction-observer';

/** More that one transaction names are not kept, behind the first. */
const OTHERS_MAX = 8;

/** What a client has said in a group of messages, or in a transaction of them. */
export class Said {
  /** Messages that run something. */
  statements = 0;
  /** Of them, those that do nothing but name a parent. */
  changes = 0;
  /** Made when one is named: mostly none is. */
  named: TraceParent[] | undefined;

  /** A statement names it. */
  name(parent: TraceParent): void {
    this.named ??= [];
    const { named } = this;
    const isKnown = named.some(
      ({ spanId, traceId }) => spanId === parent.spanId && traceId === parent.traceId,
    );
    if (!isKnown && named.length <= OTHERS_MAX) named.push(parent);
  }

  /** Another group is of the same transaction. */
  add({ statements, changes, named }: Said): void {
    this.statements += statements;
    this.changes += changes;
    for (const parent of named ?? []) this.name(parent);
  }

  forget(): void {
    this.statements = 0;
    this.changes = 0;
    this.named = undefined;
  }
}
