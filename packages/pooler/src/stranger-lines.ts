/** Lines on clients that were never let in, in one window and one process. */
const LINES_MAX = 200;
const WINDOW_MS = 10_000;

/** What was refused without a line each. */
export interface Unsaid {
  readonly sqlstate: string | undefined;
  readonly count: number;
}

/**
 * Which lines on clients that were never let in are written: anybody can make such lines, and however fast
 * they do, they must not fill a disk. The others are counted.
 */
export class StrangerLines {
  #endMs = 0;
  #lines = 0;
  readonly #unsaid = new Map<string | undefined, number>();
  /** Those whose end has no line either, because it would say the same. */
  readonly #silent = new Set<number>();

  /** Whether an error for this client has a line. Otherwise neither has its end. */
  errorHasLine(client: number, sqlstate: string, nowMs: number): boolean {
    if (this.hasRoom(nowMs)) return true;
    this.#count(sqlstate);
    this.#silent.add(client);
    return false;
  }

  /** Whether the end of a client, which `forget` does not know, has one. */
  endHasLine(nowMs: number): boolean {
    if (this.hasRoom(nowMs)) return true;
    this.#count(undefined);
    return false;
  }

  /** For each client, when it is gone. @returns whether it has had an error without a line */
  forget(client: number): boolean {
    return this.#silent.delete(client);
  }

  /** Of how many clients something is remembered. */
  get remembered(): number {
    return this.#silent.size;
  }

  /** Takes the room for one line, if there is any. */
  hasRoom(nowMs: number): boolean {
    if (nowMs >= this.#endMs) {
      this.#endMs = nowMs + WINDOW_MS;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_MAX) return false;
    this.#lines++;
    return true;
  }

  /** What has no line since the last call, by SQLSTATE; nothing before the window is over. */
  summary(nowMs: number): readonly Unsaid[] {
    if (this.#unsaid.size === 0 || nowMs < this.#endMs) return [];
    const all = [...this.#unsaid].map(([sqlstate, count]) => ({ sqlstate, count }));
    this.#unsaid.clear();
    return all;
  }

  #count(sqlstate: string | undefined): void {
    this.#unsaid.set(sqlstate, (this.#unsaid.get(sqlstate) ?? 0) + 1);
  }
}
