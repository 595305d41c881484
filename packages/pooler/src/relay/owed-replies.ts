import { Frontend } from '@pgweir/protocol';

// Constants of this module: reading them through the package's index costs a call each time.
const {
  Bind,
  Close,
  CopyData,
  CopyDone,
  CopyFail,
  Describe,
  Execute,
  FunctionCall,
  Parse,
  Query,
  Sync,
} = Frontend;

type ReadyKind = 'none' | 'query' | 'sync';

/**
 * Counts what PostgreSQL still owes on one link, from the tags of what was sent and what came back.
 * The link may change hands only when `settled`.
 *
 * ReadyForQuery is owed for each Query, FunctionCall and Sync. Extended messages without a Sync owe
 * one later (`unsynced`). Two things make the count unknowable from outside; then `uncertain` is set
 * for good and the link has to be closed after its lease instead of being reused:
 * - Syncs that PostgreSQL reads during COPY FROM STDIN are ignored, unless the COPY fails before
 *   they were read;
 * - a Query behind unsynced extended messages is skipped when one of those fails.
 *
 * @see PostgreSQL documentation, anchors protocol-flow-ext-query and protocol-flow-copy
 */
export class OwedReplies {
  /** How many ReadyForQuery are owed. */
  ready = 0;
  /** Extended messages were sent after the last Sync. */
  unsynced = false;
  /** How many extended messages were sent after the last Sync. */
  messagesInGroup = 0;
  /** An Execute was sent since somebody has set this to false. */
  executes = false;
  /** How many of the running group have been answered, errors aside. */
  answered = 0;
  /** PostgreSQL is reading CopyData, as far as we have heard. */
  copyIn = false;
  /** A stream of replication: it lasts until one side ends it. */
  copyBoth = false;
  /** The count can't be trusted any more. */
  uncertain = false;
  /**
   * A Query took the place of a Sync. PostgreSQL 18 then says `I` at the next Sync, but its transaction
   * is still open, and whoever asks next gets an XX000.
   */
  syncWasLeftOut = false;
  #kind: ReadyKind = 'none';
  #kindsMixed = false;
  /** A Query followed unsynced extended messages. */
  #queryBehindUnsynced = false;
  /** An error has come since the first extended message without a Sync: a Query would be skipped. */
  #groupFailed = false;
  /** The client sent copy messages before it could know that a COPY had begun. */
  #copyAhead = false;
  /** The client has sent CopyDone or CopyFail for the current COPY. */
  #copyEnded = false;
  /** Syncs counted in `ready` that the running COPY swallows. */
  #swallowedOwed = 0;
  /** Syncs sent during the COPY, not counted in `ready`. */
  #swallowedLater = 0;

  /** Nothing is owed, nothing is open. */
  get settled(): boolean {
    return this.ready === 0 && !this.unsynced && !this.uncertain;
  }

  /** How many ReadyForQuery will come. While a COPY reads, some of those in `ready` may not. */
  get toCome(): number {
    return this.ready - this.#swallowedOwed;
  }

  /** A group may begin, and what it finds depends on answers that are sure to come. */
  get mayAwait(): boolean {
    return !this.unsynced && this.ready > 0 && !this.uncertain;
  }

  /** A frame with this tag goes to PostgreSQL. */
  sent(tag: number): void {
    switch (tag) {
      case Query:
      case FunctionCall:
        if (this.unsynced) {
          this.#queryBehindUnsynced = true;
          this.syncWasLeftOut = true;
          if (this.#groupFailed) this.uncertain = true;
        }
        this.unsynced = false;
        this.messagesInGroup = 0;
        this.#groupFailed = false;
        this.#owe('query');
        return;
      case Sync:
        if (this.copyIn && !this.#copyEnded) {
          // A CopyDone that came too early to be noted may have ended the COPY in front of this Sync.
          if (this.#copyAhead) this.uncertain = true;
          this.#swallowedLater++;
          return;
        }
        this.unsynced = false;
        this.messagesInGroup = 0;
        this.#groupFailed = false;
        this.#owe('sync');
        return;
      case Parse:
      case Bind:
      case Describe:
      case Close:
        this.unsynced = true;
        this.messagesInGroup++;
        return;
      case Execute:
        this.unsynced = true;
        this.messagesInGroup++;
        this.executes = true;
        return;
      case CopyDone:
      case CopyFail:
        if (this.copyIn && !this.#copyEnded) this.#copyEnded = true;
        else if (!this.settled) this.#copyAhead = true;
        return;
      case CopyData:
        if ((!this.copyIn || this.#copyEnded) && !this.settled) this.#copyAhead = true;
        return;
      default:
        return;
    }
  }

  /** CopyInResponse arrived. */
  copyInBegan(): void {
    this.copyIn = true;
    this.#copyEnded = false;
    this.#swallowedLater = 0;
    this.#swallowedOwed = this.#kind === 'sync' ? this.ready : 0;
    const syncsMayHide = this.#swallowedOwed > 0 || (this.#kindsMixed && this.ready > 1);
    if (this.#kindsMixed && this.ready > 1) this.uncertain = true;
    if (this.#copyAhead && syncsMayHide) this.uncertain = true;
  }

  /** CopyBothResponse arrived. */
  copyBothBegan(): void {
    this.copyBoth = true;
  }

  /** CommandComplete arrived. */
  commandCompleted(): void {
    if (!this.copyIn) return;
    this.ready -= this.#swallowedOwed;
    // Its only Sync is gone: the group of the COPY is still open.
    if (this.#swallowedOwed > 0 && this.ready === 0) this.unsynced = true;
    this.#endCopy();
  }

  /** ErrorResponse arrived. */
  failed(): void {
    if (this.#queryBehindUnsynced) this.uncertain = true;
    if (this.unsynced) this.#groupFailed = true;
    if (!this.copyIn) return;
    if (this.#swallowedOwed > 0 || this.#swallowedLater > 0) this.uncertain = true;
    this.#endCopy();
  }

  /** ReadyForQuery arrived. @returns false when none was owed: the stream makes no sense */
  becameReady(): boolean {
    this.answered = 0;
    if (this.ready === 0) return this.uncertain;
    this.copyBoth = false;
    this.ready--;
    if (this.ready > 0) return true;
    this.#kind = 'none';
    this.#kindsMixed = false;
    this.#queryBehindUnsynced = false;
    if (!this.unsynced) this.#copyAhead = false;
    return true;
  }

  #owe(kind: 'query' | 'sync'): void {
    if (this.ready > 0 && this.#kind !== kind) this.#kindsMixed = true;
    this.#kind = kind;
    this.ready++;
  }

  #endCopy(): void {
    this.copyIn = false;
    this.#copyEnded = false;
    this.#swallowedOwed = 0;
    this.#swallowedLater = 0;
  }
}
