import type { Effects } from './effects';

/** Two bytes a character, and the entry itself. */
const bytesOf = (text: string): number => 2 * text.length + 200;

export interface RecentTextsLimits {
  readonly textsMax: number;
  readonly bytesMax: number;
}

/** The effects of the texts used last. */
export class RecentTexts {
  readonly #limits: RecentTextsLimits;
  /** In the order of their use. */
  readonly #effects = new Map<string, Effects>();
  #bytes = 0;

  constructor(limits: RecentTextsLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#effects.size;
  }

  /** Roughly what it keeps in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get(text: string): Effects | undefined {
    const found = this.#effects.get(text);
    if (found === undefined) return undefined;
    this.#effects.delete(text);
    this.#effects.set(text, found);
    return found;
  }

  /** `text` must not be there. */
  add(text: string, effects: Effects): void {
    this.#effects.set(text, effects);
    this.#bytes += bytesOf(text);
    for (const oldest of this.#effects.keys()) {
      if (this.#effects.size <= this.#limits.textsMax && this.#bytes <= this.#limits.bytesMax)
        return;
      this.#effects.delete(oldest);
      this.#bytes -= bytesOf(oldest);
    }
  }
}
