import type { ProvenToken } from '@pgweir/aws';

/** Tokens that one worker has proven, on their way to the others. Secrets, never logged. */
export interface TokenNews {
  readonly kind: 'tokens';
  readonly tokens: readonly ProvenToken[];
}

/** Of more users those are forgotten that were heard of the longest ago. */
const TOKENS_MAX = 10_000;

/** The newest token of each user and server, for workers to come. One in the supervisor. */
export class TokenBoard {
  readonly #newest = new Map<string, ProvenToken>();

  heard({ tokens }: TokenNews): void {
    for (const token of tokens) this.#note(token);
  }

  /** Those that have not expired by the wall clock. */
  all(nowMs: number): TokenNews {
    for (const [key, { expiresAtMs }] of this.#newest) {
      if (expiresAtMs <= nowMs) this.#newest.delete(key);
    }
    return { kind: 'tokens', tokens: [...this.#newest.values()] };
  }

  #note(token: ProvenToken): void {
    const { database, user, host, port } = token;
    const key = JSON.stringify([database, user, host, port]);
    const before = this.#newest.get(key);
    if (before !== undefined && before.expiresAtMs > token.expiresAtMs) return;
    this.#newest.delete(key);
    this.#newest.set(key, token);
    if (this.#newest.size <= TOKENS_MAX) return;
    for (const oldest of this.#newest.keys()) {
      this.#newest.delete(oldest);
      break;
    }
  }
}
