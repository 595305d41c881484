import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '@pgweir/pooler';
import type { StsRequest } from './read-token';
import type { StsAnswer } from './sts-answer';

/** What was not used for the longest time is forgotten first. */
const ANSWERS_MAX = 10_000;
/** Everybody who has an account at AWS can have one: they have no room but this. */
const STRANGERS_MAX = 1_000;
/** A refusal may be undone: new keys of AWS take some seconds to be known everywhere. */
export const REFUSAL_MS = 10_000;
const KEY_BYTES = 32;

type Judgement = Exclude<StsAnswer, { readonly kind: 'unavailable' }>;

/** Stands for what a token asks, and tells nothing of it. */
export type TokenKey = string & { readonly brand: 'TokenKey' };

/** What STS has said of tokens that have not expired. Tokens themselves are not kept. */
export class KnownAnswers {
  readonly #clock: Clock;
  readonly #secret = randomBytes(KEY_BYTES);
  readonly #accepted = new LastUsed(ANSWERS_MAX);
  readonly #others = new LastUsed(STRANGERS_MAX);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of what STS is asked: a token may be written in many ways. */
  keyOf({ host, path, serverName }: StsRequest): TokenKey {
    const text = JSON.stringify([host, path, serverName]);
    return createHmac('sha256', this.#secret).update(text).digest('base64') as TokenKey;
  }

  find(key: TokenKey): Judgement | undefined {
    const wallMs = this.#clock.wallMs();
    return this.#accepted.find(key, wallMs) ?? this.#others.find(key, wallMs);
  }

  /** `expiresAtMs`: of the token, by the wall clock. `isAccepted`: whoever it is may log in. */
  remember(
    key: TokenKey,
    answer: Judgement,
    { expiresAtMs, isAccepted }: { readonly expiresAtMs: number; readonly isAccepted: boolean },
  ): void {
    const refusalEndMs = this.#clock.wallMs() + REFUSAL_MS;
    const untilMs = answer.kind === 'identity' ? expiresAtMs : Math.min(expiresAtMs, refusalEndMs);
    (isAccepted ? this.#accepted : this.#others).set(key, { answer, untilMs });
  }
}

interface Remembered {
  readonly answer: Judgement;
  readonly untilMs: number;
}

class LastUsed {
  readonly #max: number;
  /** In the order of their last use. */
  readonly #entries = new Map<TokenKey, Remembered>();

  constructor(max: number) {
    this.#max = max;
  }

  find(key: TokenKey, wallMs: number): Judgement | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    if (wallMs >= found.untilMs) return undefined;
    this.#entries.set(key, found);
    return found.answer;
  }

  set(key: TokenKey, remembered: Remembered): void {
    this.#entries.delete(key);
    this.#entries.set(key, remembered);
    if (this.#entries.size <= this.#max) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
