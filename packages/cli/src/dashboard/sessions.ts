import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { parseSecret, passwordMatches } from '@pgweir/protocol';

/** How long somebody stays signed in who does nothing, and at most. */
const IDLE_MS = 30 * 60_000;
export const SESSION_MS = 12 * 3_600_000;
/** The one that was used least lately makes room for another one. */
const SESSIONS_MAX = 32;
const KEY_BYTES = 32;

interface PageSession {
  /** Has to come with every order, and not by itself as the cookie does. */
  readonly token: string;
  readonly sinceMs: number;
  readonly usedMs: number;
  /** The setting at that time: another password ends it. */
  readonly password: string;
}

/** Who has signed in on the page. Only hashes of what their cookies say are kept. */
export class PageSessions {
  readonly #nowMs: () => number;
  readonly #password: () => string;
  readonly #byHash = new Map<string, PageSession>();

  /** `password`: the setting, empty when there is none. */
  constructor(nowMs: () => number, password: () => string) {
    this.#nowMs = nowMs;
    this.#password = password;
  }

  /** Whether it is the password, which is compared in constant time. */
  isRight(password: string): boolean {
    return passwordMatches(parseSecret(this.#password()), '', password);
  }

  /** @returns what the cookie is to say */
  begin(): string {
    const key = randomBytes(KEY_BYTES).toString('base64url');
    const token = randomBytes(KEY_BYTES).toString('base64url');
    const nowMs = this.#nowMs();
    const password = this.#password();
    this.#byHash.set(hashOf(key), { token, sinceMs: nowMs, usedMs: nowMs, password });
    const [oldest] = this.#byHash.keys();
    if (this.#byHash.size > SESSIONS_MAX && oldest !== undefined) this.#byHash.delete(oldest);
    return key;
  }

  /** The token of a session that goes on; undefined: nobody has signed in so. */
  tokenOf(key: string | undefined): string | undefined {
    if (key === undefined) return undefined;
    const hash = hashOf(key);
    const session = this.#byHash.get(hash);
    if (session === undefined) return undefined;
    this.#byHash.delete(hash);
    if (!this.#goesOn(session)) return undefined;
    this.#byHash.set(hash, { ...session, usedMs: this.#nowMs() });
    return session.token;
  }

  end(key: string): void {
    this.#byHash.delete(hashOf(key));
  }

  #goesOn({ sinceMs, usedMs, password }: PageSession): boolean {
    const nowMs = this.#nowMs();
    const isInTime = nowMs - usedMs < IDLE_MS && nowMs - sinceMs < SESSION_MS;
    return isInTime && password === this.#password();
  }
}

/** Whether two tokens are the same, in a time that tells nothing about them. */
export function isSameToken(a: string, b: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(a).digest(),
    createHash('sha256').update(b).digest(),
  );
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}
