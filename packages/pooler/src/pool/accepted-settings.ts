/** Remembered settings per pool; the oldest goes first. */
const REMEMBERED_MAX = 1000;

/**
 * Startup settings that PostgreSQL has accepted on a link of this pool, and the value it made of them
 * (`utc` → `UTC`). A login with nothing but known settings needs no link.
 */
export class AcceptedSettings {
  readonly #known = new Map<string, string | undefined>();

  /** @returns undefined when nothing is known; otherwise the value to use, `initial` for the default */
  lookup(name: string, value: string): { readonly value: string | undefined } | undefined {
    const key = `${name}\0${value}`;
    if (!this.#known.has(key)) return undefined;
    return { value: this.#known.get(key) };
  }

  /** `canonical` undefined: the setting equals what a fresh link has anyway. */
  remember(name: string, value: string, canonical: string | undefined): void {
    const isNew = !this.#known.has(`${name}\0${value}`);
    if (isNew && this.#known.size >= REMEMBERED_MAX) {
      const oldest = this.#known.keys().next();
      if (oldest.done !== true) this.#known.delete(oldest.value);
    }
    this.#known.set(`${name}\0${value}`, canonical);
  }

  /** The servers changed: what they accept may have, too. */
  clear(): void {
    this.#known.clear();
  }
}
