import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { Waiter } from '../pool/wait-queue';
import type { PoolWaiter } from '../pool/waiters';
import type { ClientId } from '../ports/names';

/** What the one who listens has to know of the link that is lent to it. */
interface Events {
  granted(link: Link): void;
  refused(error: ErrorFields): void;
  /** A notification has come; `body` is the message's. */
  notified(body: Buffer): void;
  linkLost(link: Link, reason: string): void;
}

/** For a pool and its links a session as any other: one that has no client and never asks anything. */
export class ListeningLease implements PoolWaiter {
  readonly id = 0 as ClientId;
  readonly mode = 'transaction';
  readonly tracksState = true;
  readonly leaksState = false;
  readonly withholds = false;
  readonly interposes = false;
  readonly renamesStatements = false;
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
    this.#events.notified(body);
  }

  linkLost(link: Link, reason: string): void {
    this.#events.linkLost(link, reason);
  }

  ready(link: Link): void {
    // Nothing was asked but by ourselves, and those answers do not come here.
    if (link.status !== STATUS_IDLE) link.close('unexpected answer on the listening connection');
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

  failed(): void {
    // PostgreSQL ends the connection: `linkLost` follows.
  }

  linkDrained(): void {
    // Little is ever sent.
  }
}
