import type { Clock } from './ports/clock';

/** `#momentMs` while no chunk is being read, and until somebody asks during one. */
const OUTSIDE = -1;
const NOT_ASKED = 0;

/**
 * A clock that stands still while one chunk is being read: a chunk is a matter of microseconds, and
 * asking the system several times for each costs more than the answers are worth.
 */
export class ChunkClock implements Clock {
  readonly #clock: Clock;
  #momentMs = OUTSIDE;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    if (this.#momentMs > 0) return this.#momentMs;
    const nowMs = this.#clock.nowMs();
    if (this.#momentMs === NOT_ASKED) this.#momentMs = nowMs;
    return nowMs;
  }

  /** To be followed by `chunkEnds` before anything else can happen, also after an exception. */
  chunkBegins(): void {
    this.#momentMs = NOT_ASKED;
  }

  chunkEnds(): void {
    this.#momentMs = OUTSIDE;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  every(periodMs: number, tick: () => void): () => void {
    return this.#clock.every(periodMs, tick);
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#clock.after(delayMs, run);
  }
}
