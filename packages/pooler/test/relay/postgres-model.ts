/** What a client may send, as far as the flow of replies depends on it. */
export type Sent =
  | 'Q select'
  | 'Q fail'
  | 'Q copy'
  | 'Q copy;select'
  | 'F'
  | 'P'
  | 'P fail'
  | 'E select'
  | 'E fail'
  | 'E copy'
  | 'S'
  | 'H'
  | 'd'
  | 'd bad'
  | 'c'
  | 'f';

/** Replies that keep the books: CommandComplete, ErrorResponse, CopyInResponse, ReadyForQuery. */
export type Reply = 'C' | 'E' | 'G' | 'Z';

/**
 * PostgreSQL's main loop, reduced to the flow of replies.
 *
 * @see PostgreSQL documentation, anchors protocol-flow-ext-query and protocol-flow-copy;
 *   `ignore_till_sync` and `CopyGetData` in its source
 */
export class PostgresModel {
  /** Messages that have arrived and were not read yet. */
  readonly inbox: Sent[] = [];
  readonly outbox: Reply[] = [];
  /** Broken off: a message came in the middle of a COPY that does not belong there. */
  dead = false;
  #copy: { readonly simple: boolean; readonly more: boolean } | undefined;
  #skipping = false;
  #groupOpen = false;

  /** Nothing more comes unless something more is sent, and nothing is left half done. */
  get quiet(): boolean {
    const idle = this.#copy === undefined && !this.#skipping && !this.#groupOpen;
    const ignored = this.inbox.every((sent) => 'd bad cfH'.includes(sent));
    return idle && ignored && this.outbox.length === 0;
  }

  /** Reads one message. */
  step(): void {
    const sent = this.inbox.shift();
    if (sent === undefined || this.dead) return;
    if (this.#copy !== undefined) this.#copying(sent, this.#copy);
    else if (sent === 'S') {
      this.#skipping = false;
      this.#groupOpen = false;
      this.outbox.push('Z');
    } else if (!this.#skipping) this.#execute(sent);
  }

  #copying(sent: Sent, copy: { readonly simple: boolean; readonly more: boolean }): void {
    switch (sent) {
      case 'd':
      case 'S':
      case 'H':
        return;
      case 'c':
        this.#copy = undefined;
        this.outbox.push('C');
        if (copy.more) this.outbox.push('C');
        if (copy.simple) this.outbox.push('Z');
        return;
      case 'f':
      case 'd bad':
        this.#copy = undefined;
        this.outbox.push('E');
        if (copy.simple) this.outbox.push('Z');
        else this.#skipping = true;
        return;
      default:
        this.dead = true;
    }
  }

  #execute(sent: Sent): void {
    switch (sent) {
      case 'Q select':
      case 'F':
        this.#groupOpen = false;
        this.outbox.push('C', 'Z');
        return;
      case 'Q fail':
        this.#groupOpen = false;
        this.outbox.push('E', 'Z');
        return;
      case 'Q copy':
      case 'Q copy;select':
        this.#groupOpen = false;
        this.#copy = { simple: true, more: sent === 'Q copy;select' };
        this.outbox.push('G');
        return;
      case 'P':
        this.#groupOpen = true;
        return;
      case 'E select':
        this.#groupOpen = true;
        this.outbox.push('C');
        return;
      case 'P fail':
      case 'E fail':
        this.#groupOpen = true;
        this.#skipping = true;
        this.outbox.push('E');
        return;
      case 'E copy':
        this.#groupOpen = true;
        this.#copy = { simple: false, more: false };
        this.outbox.push('G');
        return;
      default:
        return;
    }
  }
}
