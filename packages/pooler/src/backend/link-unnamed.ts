import type { ClientId } from '../ports/names';
import { type SharedStatement, UNKNOWN_STATEMENT } from '../session-state/shared-statement';

const NOBODY = 0;

/** One message that has made, or ended, the unnamed statement. Whoever sent it tells what became of it. */
export class UnnamedChange {
  statement: SharedStatement | undefined;
  /** The client that parsed it. */
  by: number = NOBODY;
  /** The group of messages that it stands in. */
  group = 0;
  fate: 'owed' | 'taken' | 'skipped' | 'failed' = 'owed';
  /** As long as it is owed: what would be there without it. */
  before: UnnamedChange | undefined;

  /** It was what was there already. */
  isRepeated = false;

  answered(): void {
    this.fate = 'taken';
    this.before = undefined;
  }

  /** `itself`: it has failed; otherwise something in front of it in its group. */
  failed(itself: boolean): void {
    if (itself) this.fate = 'failed';
    else this.fate = this.isRepeated ? 'taken' : 'skipped';
  }
}

/**
 * The unnamed statement as it is on one link. Messages that change it are noted when they go out; as
 * PostgreSQL may yet skip them, other groups must not rely on them before they have been answered.
 */
export class LinkUnnamed {
  #last: UnnamedChange | undefined;

  /** What is there, if everything that is owed is taken. */
  #current(): UnnamedChange | undefined {
    let last = this.#last;
    while (last?.fate === 'skipped') last = last.before;
    // A Parse that fails leaves none.
    if (last?.fate === 'failed') last = undefined;
    this.#last = last;
    return last;
  }

  /** Whether what a message of this group finds is known. */
  isKnown(group: number): boolean {
    const current = this.#current();
    return current === undefined || current.fate !== 'owed' || current.group === group;
  }

  /** Whether a message of this group finds the statement, as this client has parsed it. */
  is(statement: SharedStatement, by: ClientId, group: number): boolean {
    const current = this.#current();
    if (current?.statement !== statement || current.by !== by) return false;
    return current.fate !== 'owed' || current.group === group;
  }

  /** Whether a message of this group finds none for certain. */
  isNone(group: number): boolean {
    const current = this.#current();
    return current === undefined || (current.statement === undefined && this.isKnown(group));
  }

  /** A message goes out that makes it this one. What becomes of it has to be told to the change. */
  becomes(statement: SharedStatement | undefined, by: number, group: number): UnnamedChange {
    const current = this.#current();
    const isRepeated =
      current?.fate === 'taken' && current.statement === statement && current.by === by;
    const change = isRepeated ? current : new UnnamedChange();
    change.isRepeated = isRepeated;
    change.fate = 'owed';
    change.group = group;
    if (isRepeated) return change;
    change.statement = statement;
    change.by = by;
    change.before = current;
    this.#last = change;
    return change;
  }

  /** It is this one for certain: nothing is owed, or a simple query has ended it. */
  settle(statement: SharedStatement | undefined, by: number = NOBODY): void {
    if (statement === undefined) {
      this.#last = undefined;
      return;
    }
    const change = new UnnamedChange();
    change.statement = statement;
    change.by = by;
    change.fate = 'taken';
    this.#last = change;
  }

  /** Nobody will hear any more what has become of messages. */
  forgetOwed(): void {
    if (this.#current()?.fate === 'owed') this.settle(UNKNOWN_STATEMENT);
  }
}
