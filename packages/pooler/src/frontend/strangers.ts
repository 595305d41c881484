import type { Session } from './session';

/** How many connections that have not said who they are there may be, over `max_client_conn`. */
const STRANGERS_EXTRA = 1000;

/** Sessions that have not said who they are, the oldest first. */
export class Strangers {
  readonly #sessions = new Set<Session>();

  /** One more. `clientsMax` 0: as many as there are. */
  came(session: Session, clientsMax: number): void {
    this.#sessions.add(session);
    if (clientsMax > 0 && this.#sessions.size > clientsMax + STRANGERS_EXTRA) this.#closeOldest();
  }

  /** It is known now, or gone. */
  left(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Who has said nothing for longest makes room: those that come now may have something to say. */
  #closeOldest(): void {
    for (const session of this.#sessions) {
      this.#sessions.delete(session);
      // A client of a virtual database has come in without being counted.
      if (session.phase !== 'startup' && session.phase !== 'tls') continue;
      session.close('too many connections that have not logged in');
      return;
    }
  }
}
