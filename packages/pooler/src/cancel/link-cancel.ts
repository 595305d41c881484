import type { Link } from '../backend/link';
import type { CancelTarget } from '../ports/link-budget';
import { type CancelMeans, CancelWire } from './cancel-wire';

/**
 * A cancel request for what runs on a link, on behalf of everybody who has joined. Until it is over the
 * link is not lent to anybody else.
 */
export class LinkCancel {
  readonly #link: Link;
  readonly #means: CancelMeans;
  readonly #over: () => void;
  readonly #waiting: (() => void)[] = [];
  readonly #wanted: (() => boolean)[] = [];
  #wire: CancelWire | undefined;

  constructor(link: Link, means: CancelMeans, over: () => void) {
    this.#link = link;
    this.#means = means;
    this.#over = over;
  }

  get sent(): boolean {
    return this.#wire?.sent ?? false;
  }

  /**
   * Somebody wants the request: `wanted` is asked right before it is sent, `done` is called when it is
   * over. One whose wish has gone does not speak for the others.
   */
  join(wanted: () => boolean, done: () => void): void {
    this.#wanted.push(wanted);
    this.#waiting.push(done);
  }

  start(): void {
    this.#link.cancelsInFlight++;
    const target = cancelTargetOf(this.#link);
    if (target === undefined) {
      this.#end();
      return;
    }
    const errand = {
      target,
      wanted: () => this.#wanted.some((wanted) => wanted()),
      over: ({ mayStrikeLater }: { readonly mayStrikeLater: boolean }) => {
        // PostgreSQL may read the request when the link has long been somebody else's.
        if (mayStrikeLater) this.#link.retireReason ??= 'cancel request without an answer';
        this.#end();
      },
      fields: { link: this.#link.id },
    };
    this.#wire = new CancelWire(errand, this.#means);
    this.#wire.start();
  }

  #end(): void {
    const link = this.#link;
    this.#over();
    link.cancelsInFlight--;
    if (link.cancelsInFlight === 0 && link.phase !== 'closed') link.owner.cancelsOver(link);
    for (const done of this.#waiting.splice(0)) done();
  }
}

/** Where a cancel request for a link goes; undefined before it has logged in. */
export function cancelTargetOf(link: Link): CancelTarget | undefined {
  const { address, identity, hostName, wire, owner } = link;
  if (address === undefined || identity === undefined) return undefined;
  const { processId, cancelKey } = identity;
  const { database } = owner;
  return { address, hostName, tls: wire?.tls !== undefined, database, processId, key: cancelKey };
}
