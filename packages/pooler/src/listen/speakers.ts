import type { Link } from '../backend/link';

interface Speech {
  readonly id: number;
  /** What the client has been told to be its process. */
  readonly processId: number;
}

/**
 * Who has sent what comes from a server process: links pass from session to session, and what one of
 * them has sent may be heard when the next one has the link. A session that is known to have sent
 * something puts a marker behind it; all that comes in front of the marker is its own.
 */
export class Speakers {
  #speeches = new WeakMap<Link, Speech[]>();
  #last = 0;

  /** A marker is about to be sent on `link`. @returns its id */
  began(link: Link, processId: number): number {
    const speech = { id: ++this.#last, processId };
    const speeches = this.#speeches.get(link);
    if (speeches === undefined) this.#speeches.set(link, [speech]);
    else speeches.push(speech);
    return speech.id;
  }

  /** The marker has been heard, or is never going to be. */
  ended(link: Link, id: number): void {
    const speeches = this.#speeches.get(link);
    if (speeches === undefined) return;
    const left = speeches.filter((speech) => speech.id > id);
    if (left.length === 0) this.#speeches.delete(link);
    else this.#speeches.set(link, left);
  }

  /** No mark that was sent comes any more. */
  clear(): void {
    this.#speeches = new WeakMap();
  }

  /** What listeners are told as the sender of what comes from `link`; 0: nobody is known. */
  of(link: Link): number {
    return this.#speeches.get(link)?.[0]?.processId ?? link.speaker;
  }
}
