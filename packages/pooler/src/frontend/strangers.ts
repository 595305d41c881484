import type { Clock } from '../ports/clock';
import type { Session } from './session';

/** How many connections that have not said who they are there may be, over `max_client_conn`. */
const STRANGERS_EXTRA = 1000;
/** How long they may take to say who they are once the ports are closed. */
const EXPECTED_MS = 5000;

/** Sessions that have not said who they are, the oldest first. */
export class Strangers {
  readonly #sessions = new Set<Session>();
  /** Those who were here when the ports were closed; undefined: the ports are open. */
  #expected: Set<Session> | undefined;

  /** One more. `clientsMax` 0: as many as there are. */
  came(session: Session, clientsMax: number): void {
    this.#sessions.add(session);
    if (clientsMax > 0 && this.#sessions.size > clientsMax + STRANGERS_EXTRA) this.#closeOldest();
  }

  /** It is known now, or gone. */
  left(session: Session): void {
    this.#sessions.delete(session);
    this.#expected?.delete(session);
  }

  /**
   * Nobody comes any more, but those who are here may still say who they are, for a while. `over` is
   * called when that has passed.
   */
  portsClosed(clock: Clock, over: () => void): void {
    this.#expected = new Set([...this.#sessions].filter(isSilent));
    clock.after(EXPECTED_MS, () => {
      this.#expected = new Set();
      over();
    });
  }

  /** It has come while the ports were open, and in time. */
  isExpected(session: Session): boolean {
    return this.#expected?.has(session) ?? true;
  }

  get expectsAnybody(): boolean {
    return this.#expected !== undefined && this.#expected.size > 0;
  }

  /** Who has said nothing for longest makes room: those that come now may have something to say. */
  #closeOldest(): void {
    for (const session of this.#sessions) {
      this.#sessions.delete(session);
      if (!isSilent(session)) continue;
      session.close('too many connections that have not logged in');
      return;
    }
  }
}

/** A client of a virtual database has come in without being counted. */
function isSilent({ phase }: Session): boolean {
  return phase === 'startup' || phase === 'tls';
}
