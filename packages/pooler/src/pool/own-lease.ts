import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { ClientId } from '../ports/names';
import type { Waiter } from './wait-queue';
import type { PoolWaiter } from './waiters';

/** What a part of ours that borrows a link has to know of it. */
interface Events {
  granted(link: Link): void;
  refused(error: ErrorFields): void;
  /** A notification has come; `body` is the message's. Absent: of no interest. */
  notified?(body: Buffer): void;
  linkLost(link: Link, reason: string): void;
}

/**
 * For a pool and its links a session as any other: one that has no client, and runs nothing but statements
 * of our own.
 */
export class OwnLease implements PoolWaiter {
  readonly id = 0 as ClientId;
  readonly mode = 'transaction';
  readonly tracksState = true;
  readonly leaksState = false;
  readonly withholds = false;
  readonly interposes = false;
  readonly renamesStatements = false;
  readonly tellsAnswersApart = false;
  readonly toldProcessId = 0;
  waitingSinceMs = 0;
  queueNext: Waiter | undefined;
  queuePrevious: Waiter | undefined;
  queue: unknown;
  readonly #events: Events;

  constructor(events: Events) {
    this.#events = events;
  }

  granted(link: Link): void {
    this.#events.granted(link);
  }

  refused(error: ErrorFields): void {
    this.#events.refused(error);
  }

  notified(_link: Link, body: Buffer): void {
    this.#events.notified?.(body);
  }

  letGo(): void {
    // It has the link for one statement, or to listen, and hears of its end.
  }

  linkLost(link: Link, reason: string): void {
    this.#events.linkLost(link, reason);
  }

  ready(link: Link): void {
    // Nothing was asked but by ourselves, and those answers do not come here.
    if (link.status !== STATUS_IDLE) link.close('unexpected answer on a connection of our own');
  }

  fromLink(): boolean {
    return true;
  }

  inClientsWords(body: Buffer): Buffer {
    return body;
  }

  parameterChanged(): void {
    // An administrator's doing; no client will have this link.
  }

  sayReady(): void {
    // Nobody waits for it.
  }

  statementDeallocated(): void {
    // No client's statement runs here.
  }

  statementsDropped(): void {
    // No client's statement runs here.
  }

  copyInBegan(): void {
    // No client's statement runs here.
  }

  takesBack(): boolean {
    return false;
  }

  survives(): boolean {
    return false;
  }

  failed(): void {
    // PostgreSQL ends the connection: `linkLost` follows.
  }

  linkDrained(): void {
    // Little is ever sent.
  }
}
