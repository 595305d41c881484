import type { Session } from '../frontend/session';
import type { ClientTrafficView } from '../ports/daemon-view';

/** Where those are counted that come through the `*` entry, or ask for what does not exist. */
const OTHERS = '*';

type Counts = { -readonly [Name in keyof Omit<ClientTrafficView, 'entry'>]: number };

/** How many clients have come and gone since start, by the entry of `[databases]` that they asked for. */
export class ClientTraffic {
  readonly #byEntry = new Map<string, Counts>();

  came(session: Session): void {
    this.#of(session).received++;
  }

  admitted(session: Session): void {
    this.#of(session).succeeded++;
  }

  /** It could not prove who it is, or may not come in like that. */
  failedAuth(session: Session): void {
    const counts = this.#of(session);
    counts.failedAuth++;
    // Refused before anybody has counted it.
    if (!session.counted) counts.received++;
  }

  left(session: Session): void {
    this.#of(session).closed++;
  }

  view(): readonly ClientTrafficView[] {
    return [...this.#byEntry].map(([entry, counts]) => ({ entry, ...counts }));
  }

  #of(session: Session): Counts {
    const entry = entryOf(session);
    let counts = this.#byEntry.get(entry);
    if (counts === undefined) {
      counts = { received: 0, succeeded: 0, failedAuth: 0, closed: 0 };
      this.#byEntry.set(entry, counts);
    }
    return counts;
  }
}

/** The entry of the configuration that a client has asked for: names that clients make up are one. */
export function entryOf({ admission, claimed, context }: Session): string {
  if (admission !== undefined) return admission.database.entry;
  for (const name of context.settings.databases.keys()) if (name === claimed?.database) return name;
  return OTHERS;
}
