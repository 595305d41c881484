import { Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_FAILED } from '../backend/server-status';
import type { Outgoing } from '../relay/outgoing';
import type { Effects } from '../sql/effects';
import { type Message, STATEMENT_KIND } from './statement-messages';

// Constants of this module: reading them through the package's index costs a call each time.
const { Describe, Sync } = Frontend;

/** What the statements of one group mean that finds the client's transaction failed. */
export class FailedTransaction {
  /** A statement of the group leaves it. */
  #exits = false;

  /** A Bind of a statement with these effects goes out. */
  bound(link: Link, { exitsTransaction }: Effects): void {
    if (!exitsTransaction) return;
    if (!this.#exits) link.owed.executes = false;
    this.#exits = true;
  }

  /** Nothing has an effect, and nothing can be prepared: no statement so far leaves it. */
  isIn(link: Link): boolean {
    return link.status === STATUS_FAILED && !this.#exits;
  }

  /**
   * Whether this message is the first behind the statement that leaves it. PostgreSQL separates the two as
   * if there were a Sync between them, and what follows can be made ready only there.
   */
  isLeftBefore(link: Link, tag: number, { buffer, start }: Message): boolean {
    if (!this.#exits || link.status !== STATUS_FAILED) return false;
    if (tag === Describe && buffer[start] !== STATEMENT_KIND) return false;
    return link.owed.unsynced && link.owed.executes && link.owed.ready === 0;
  }

  /** Puts a Sync behind it. */
  endFirstPart(link: Link, out: Outgoing): void {
    out.frame(Sync);
    link.owed.sent(Sync);
    link.statements.groupEnds();
    this.groupEnds();
  }

  groupEnds(): void {
    this.#exits = false;
  }
}
