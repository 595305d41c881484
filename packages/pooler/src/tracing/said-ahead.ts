import { Said } from './said';

/** What is said in more groups ahead of the answers counts for the last of these. */
const AHEAD_MAX = 128;

/**
 * To which of a session's transactions belongs what it says: it may have sent several groups of messages
 * before the first is answered.
 */
export class SaidAhead {
  /** Of the transaction that is under way. */
  readonly now = new Said();
  /** Of groups that are sent, or are being sent, behind the one that is answered next. */
  #ahead: { readonly group: number; readonly said: Said }[] | undefined;
  #groupsSent = 0;
  #groupsAnswered = 0;

  /** Where it counts what the client says now. */
  get open(): Said {
    if (this.#groupsSent === this.#groupsAnswered) return this.now;
    this.#ahead ??= [];
    const ahead = this.#ahead;
    const last = ahead.at(-1);
    if (last !== undefined && (last.group === this.#groupsSent || ahead.length >= AHEAD_MAX))
      return last.said;
    const said = new Said();
    ahead.push({ group: this.#groupsSent, said });
    return said;
  }

  groupSent(): void {
    this.#groupsSent++;
  }

  /** `isLast`: nothing is behind it, whatever the counts say. PostgreSQL does not answer each Sync. */
  groupAnswered({ isLast }: { readonly isLast: boolean }): void {
    this.#groupsAnswered++;
    if (isLast) {
      this.#groupsSent = this.#groupsAnswered;
      this.#ahead = undefined;
      return;
    }
    const [first] = this.#ahead ?? [];
    if (first === undefined || first.group > this.#groupsAnswered) return;
    this.#ahead?.shift();
    this.now.add(first.said);
  }
}
