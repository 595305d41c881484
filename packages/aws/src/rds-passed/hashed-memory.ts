import { createHmac, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;

/** What something is remembered by. Nobody else can make one, or tell of what it is. */
export type MemoryKey = string & { readonly memoryKey: true };

/** Makes keys by a hash with a key that only this process has. Parts do not run into each other. */
export class MemoryKeys {
  readonly #secret = randomBytes(KEY_BYTES);

  of(...parts: readonly string[]): MemoryKey {
    const hash = createHmac('sha256', this.#secret);
    for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
    return hash.digest('base64') as MemoryKey;
  }
}

/** Remembers keys until they expire; of too many, those that came last. */
export class HashedMemory {
  readonly #untilMs = new Map<MemoryKey, number>();
  readonly #sizeMax: number;

  constructor({ sizeMax }: { readonly sizeMax: number }) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  has(key: MemoryKey, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined || nowMs < untilMs) return untilMs !== undefined;
    this.#untilMs.delete(key);
    return false;
  }

  remember(key: MemoryKey, untilMs: number): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, untilMs);
    if (this.#untilMs.size <= this.#sizeMax) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      break;
    }
  }

  forget(key: MemoryKey): void {
    this.#untilMs.delete(key);
  }
}
