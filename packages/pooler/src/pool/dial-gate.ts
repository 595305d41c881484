import type { ErrorFields } from '@pgweir/protocol';
import { errorFields } from '../errors';

/**
 * Why a link could not be opened.
 * - `unreachable`: no connection, or no PostgreSQL behind it
 * - `rejected`: PostgreSQL refused the login (its own code and message)
 * - `busy`: PostgreSQL is starting up, shutting down or full: worth waiting for
 * - `abandoned`: by ourselves, which says nothing about PostgreSQL
 */
export interface DialFailure {
  readonly kind: 'unreachable' | 'rejected' | 'busy' | 'abandoned';
  /** What a client is told. */
  readonly error: ErrorFields;
  /** For the log. */
  readonly reason: string;
  /** PostgreSQL did not take the password. */
  readonly passwordRefused?: boolean;
  /** Another host, or another password, is worth a try at once: nobody need hear of this one. */
  readonly hasAnother?: boolean;
}

/** A failure of reaching a PostgreSQL server at all. */
export function serverUnreachable(reason: string): DialFailure {
  return { kind: 'unreachable', reason, error: errorFields('serverDown', reason) };
}

export function abandonedDial(): DialFailure {
  const reason = 'closed while it was opened';
  return { kind: 'abandoned', reason, error: errorFields('serverDown', reason) };
}

/** Pause between two attempts, milliseconds; `server_login_retry` shortens it where it is smaller. */
const RETRY_GAP_MS: Readonly<Record<DialFailure['kind'], number>> = {
  // A refused connect costs next to nothing, and every client gets the result of a fresh attempt.
  unreachable: 200,
  // A wrong password tried over and over fills PostgreSQL's log and may lock an account.
  rejected: 1000,
  busy: 250,
  abandoned: 0,
};

/** From this age on, an attempt without an answer no longer keeps new clients waiting. */
const SILENT_ATTEMPT_MS = 1000;

type GateState =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'failing';
      readonly failure: DialFailure;
      readonly retryAtMs: number;
    };

/**
 * Decides when a pool may dial again and whether a client may wait for that. A pool's clients fail with
 * the outcome of an attempt that was made for them, not with a memory, except within the short gap
 * after PostgreSQL has rejected the login.
 */
export class DialGate {
  #state: GateState = { kind: 'open' };
  /** Attempts that have not ended: when they began, and how many did at that moment. */
  readonly #attempts = new Map<number, number>();
  /** Attempts from before this moment say nothing about today's configuration. */
  #resetAtMs = 0;

  /** The last attempt worked, or there was none. */
  get isOpen(): boolean {
    return this.#state.kind === 'open';
  }

  succeeded(startedAtMs: number): void {
    this.ended(startedAtMs);
    this.#state = { kind: 'open' };
  }

  began(nowMs: number): void {
    this.#attempts.set(nowMs, (this.#attempts.get(nowMs) ?? 0) + 1);
  }

  /** Nothing is known of it. */
  ended(startedAtMs: number): void {
    const left = (this.#attempts.get(startedAtMs) ?? 0) - 1;
    if (left > 0) this.#attempts.set(startedAtMs, left);
    else this.#attempts.delete(startedAtMs);
  }

  /** @returns false when the attempt was one under an older configuration: it does not count */
  failed(
    failure: DialFailure,
    at: { startedAtMs: number; nowMs: number; loginRetryMs: number },
  ): boolean {
    this.ended(at.startedAtMs);
    if (at.startedAtMs < this.#resetAtMs) return false;
    const gapMs = Math.min(RETRY_GAP_MS[failure.kind], at.loginRetryMs);
    this.#state = {
      kind: 'failing',
      failure,
      retryAtMs: at.nowMs + gapMs,
    };
    return true;
  }

  /** Configuration changed: try again at once. */
  reset(nowMs: number): void {
    this.#resetAtMs = nowMs;
    this.#state = { kind: 'open' };
  }

  /** How long until the next attempt is allowed, milliseconds; 0: now. */
  waitMs(nowMs: number): number {
    if (this.#state.kind === 'open') return 0;
    return Math.max(0, this.#state.retryAtMs - nowMs);
  }

  /** The same for a password of its own: that PostgreSQL refuses others says nothing about it. */
  waitWithOwnPasswordMs(nowMs: number): number {
    const isRejected = this.#state.kind === 'failing' && this.#state.failure.kind === 'rejected';
    return isRejected ? 0 : this.waitMs(nowMs);
  }

  /**
   * The error that a client gets at once, or undefined when waiting makes sense. `mayFailOver`: another
   * server may take the place of one that cannot be reached.
   */
  refusal(
    nowMs: number,
    { mayFailOver }: { readonly mayFailOver: boolean } = { mayFailOver: false },
  ): ErrorFields | undefined {
    if (this.#state.kind === 'open') return undefined;
    const { failure, retryAtMs } = this.#state;
    if (failure.kind === 'rejected' && nowMs < retryAtMs) return failure.error;
    if (failure.kind !== 'unreachable' || mayFailOver) return undefined;
    for (const startedAtMs of this.#attempts.keys()) {
      if (nowMs - startedAtMs > SILENT_ATTEMPT_MS) return failure.error;
    }
    return undefined;
  }
}
