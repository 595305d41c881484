import type { MemoryKey } from './hashed-memory';

/** A server of RDS by the name that a token has to be made for. */
export interface TokenServer {
  readonly host: string;
  readonly port: number;
}

/** Whose token it is, and for which server. */
export interface TokenPlace extends TokenServer {
  readonly database: string;
  readonly user: string;
}

export interface KeptToken {
  readonly token: string;
  readonly expiresAtMs: number;
  /** What its proof is remembered by. */
  readonly key: MemoryKey;
}

/** Also those of users who never come again are forgotten, when others come. */
const TIDY_MS = 60_000;

/** The newest proven token of each user, for each server of a database: for links to come. Secrets. */
export class NewestTokens {
  readonly #kept = new Map<string, KeptToken>();
  #tidyAtMs = 0;

  /** One that expires later stays. */
  keep(place: TokenPlace, kept: KeptToken, nowMs: number): void {
    if (nowMs >= this.#tidyAtMs) this.#tidy(nowMs);
    const before = this.#kept.get(keyOf(place));
    if (before !== undefined && before.expiresAtMs > kept.expiresAtMs) return;
    this.#kept.set(keyOf(place), kept);
  }

  find(place: TokenPlace, nowMs: number): KeptToken | undefined {
    const kept = this.#kept.get(keyOf(place));
    return kept !== undefined && nowMs < kept.expiresAtMs ? kept : undefined;
  }

  /** Where it is still the newest. */
  forget(place: TokenPlace, kept: KeptToken): void {
    const key = keyOf(place);
    if (this.#kept.get(key)?.token === kept.token) this.#kept.delete(key);
  }

  #tidy(nowMs: number): void {
    this.#tidyAtMs = nowMs + TIDY_MS;
    for (const [key, { expiresAtMs }] of this.#kept) {
      if (expiresAtMs <= nowMs) this.#kept.delete(key);
    }
  }
}

function keyOf({ database, user, host, port }: TokenPlace): string {
  return JSON.stringify([database, user, host.toLowerCase(), port]);
}
