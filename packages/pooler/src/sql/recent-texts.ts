import type { Effects } from './effects';

/** Two bytes a character, and the entry itself. */
const bytesOf = (text: string): number => 2 * text.length + 200;

export interface RecentTextsLimits {
  readonly textsMax: number;
  readonly bytesMax: number;
}

/**
 * The effects of texts used lately. There are two halves: what is used goes into the younger one, and
 * when that is full the older one is dropped. So a hit costs a look-up; to keep a Map in the order of
 * use costs microseconds a hit.
 */
export class RecentTexts {
  readonly #halfTextsMax: number;
  readonly #halfBytesMax: number;
  #young = new Map<string, Effects>();
  #youngBytes = 0;
  #old: ReadonlyMap<string, Effects> = new Map();
  #oldBytes = 0;

  constructor({ textsMax, bytesMax }: RecentTextsLimits) {
    this.#halfTextsMax = Math.floor(textsMax / 2);
    this.#halfBytesMax = Math.floor(bytesMax / 2);
  }

  /** How many texts it keeps; one may be in both halves. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Roughly what it keeps in memory. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  get(text: string): Effects | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.add(text, old);
    return old;
  }

  /** For a text that `get` did not know. */
  add(text: string, effects: Effects): void {
    const bytes = bytesOf(text);
    if (bytes > this.#halfBytesMax) return;
    const full = this.#young.size >= this.#halfTextsMax;
    if (full || this.#youngBytes + bytes > this.#halfBytesMax) {
      this.#old = this.#young;
      this.#oldBytes = this.#youngBytes;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(text, effects);
    this.#youngBytes += bytes;
  }
}
