import type { UserName } from '../ports/names';
import type { Session } from './session';

/** How many clients there are, as the client-side caps count them. */
export class ClientCounts {
  /** Clients that count for `max_client_conn`. */
  total = 0;
  readonly #perUser = new Map<UserName, number>();

  ofUser(user: UserName): number {
    return this.#perUser.get(user) ?? 0;
  }

  /** A client has said who it wants to be. */
  came(session: Session): void {
    session.counted = true;
    this.total++;
  }

  /** It has proved it, and belongs to a database and a pool from here on. */
  admitted(session: Session): void {
    const { admission } = session;
    if (admission === undefined) return;
    admission.database.clients++;
    admission.database.counters.logins++;
    admission.pool.clients++;
    this.#perUser.set(admission.user, this.ofUser(admission.user) + 1);
  }

  left(session: Session, nowMs: number): void {
    if (session.counted) this.total--;
    const { admission } = session;
    if (admission === undefined) return;
    admission.database.clients--;
    admission.database.usedAtMs = nowMs;
    admission.pool.clients--;
    admission.pool.usedAtMs = nowMs;
    const ofUser = this.ofUser(admission.user) - 1;
    if (ofUser === 0) this.#perUser.delete(admission.user);
    else this.#perUser.set(admission.user, ofUser);
  }
}
