import type { Clock } from '@pgweir/pooler';
import { AskBuckets, type AskRates } from './ask-rates';
import { FairTurns, type TurnLimits } from './fair-turns';
import { KnownAnswers, type TokenKey } from './known-answers';
import { type IdentityRules, readToken, type StsRequest } from './read-token';
import { RefusalCounts } from './refusal-counts';
import type { CallerIdentity, StsAnswer } from './sts-answer';

export type IdentityVerdict =
  | { readonly kind: 'proven'; readonly identity: CallerIdentity }
  /** `why` is for the log, and shows nothing of the token. `isBusy`: nobody has looked at it. */
  | { readonly kind: 'refused'; readonly why: string; readonly isBusy: boolean };

/** A token, and where it came from. */
export interface IdentityClaim {
  readonly token: string;
  readonly address: string;
  readonly rules: IdentityRules;
  /** Whether whoever it is may log in with this claim. Others count as bad tokens do. */
  readonly accepts: (identity: CallerIdentity) => boolean;
}

/** Whoever can be asked about tokens. */
export interface Sts {
  /** Never rejects, and bounds its time. */
  ask(request: StsRequest, signal: AbortSignal): Promise<StsAnswer>;
}

interface Waiter {
  readonly claim: IdentityClaim;
  readonly decided: (verdict: IdentityVerdict) => void;
}

/** A question to STS, and all who wait for its answer. */
interface Flight {
  readonly first: IdentityClaim;
  readonly waiting: Set<Waiter>;
  /** The last of them has given up, or is there again. */
  leave: () => void;
  join: () => void;
}

/** Whoever asks and runs has asked: so long an answer is waited for that nobody wants any more. */
export const UNWANTED_MS = 500;
/** Of one process. Answers take some tens of milliseconds. */
const LIMITS: TurnLimits = { running: 64, runningOfOne: 32, waiting: 8192, waitingOfOne: 2048 };
/** Beyond what applications need that make a token for each connection, and below what STS allows. */
const RATES: AskRates = {
  all: { burst: 8192, perSecond: 500 },
  ofOne: { burst: 2048, perSecond: 100 },
};

/**
 * Finds out who has signed tokens: by what STS has said of them before, or by asking it. Equal tokens are
 * asked about once. Whoever sends bad ones is asked about less and less, and keeps nobody else waiting.
 */
export class IdentityProver {
  readonly #sts: Sts;
  readonly #clock: Clock;
  readonly #known: KnownAnswers;
  readonly #refusals: RefusalCounts;
  readonly #rates: AskBuckets;
  readonly #turns: FairTurns;
  readonly #flights = new Map<TokenKey, Flight>();

  constructor({
    sts,
    clock,
    limits = LIMITS,
    rates = RATES,
  }: {
    readonly sts: Sts;
    readonly clock: Clock;
    readonly limits?: TurnLimits;
    readonly rates?: AskRates;
  }) {
    this.#sts = sts;
    this.#clock = clock;
    this.#known = new KnownAnswers(clock);
    this.#refusals = new RefusalCounts(clock);
    this.#rates = new AskBuckets(clock, rates);
    this.#turns = new FairTurns(limits);
  }

  /**
   * Calls `decided` once, possibly within this call, unless it is given up.
   *
   * @returns the way to give up
   */
  prove(claim: IdentityClaim, decided: (verdict: IdentityVerdict) => void): () => void {
    const read = readToken(claim.token, claim.rules, this.#clock.wallMs());
    if (read.kind === 'refused') return atOnce(refused(read.why), decided);
    const key = this.#known.keyOf(read.request);
    const known = this.#known.find(key);
    if (known !== undefined) return atOnce(this.#verdictOf(known, read.request), decided);
    const flight = this.#flights.get(key) ?? this.#begin(key, read.request, claim);
    if (!('waiting' in flight)) return atOnce(flight, decided);
    const waiter: Waiter = { claim, decided };
    flight.join();
    flight.waiting.add(waiter);
    return () => {
      if (flight.waiting.delete(waiter) && flight.waiting.size === 0) flight.leave();
    };
  }

  #begin(key: TokenKey, request: StsRequest, first: IdentityClaim): Flight | IdentityVerdict {
    const { address } = first;
    if (this.#refusals.isOver(address)) return REFUSED_TOO_OFTEN;
    if (!this.#rates.take(address)) return busy('too many new tokens have come lately');
    const given = new AbortController();
    const flight: Flight = { first, waiting: new Set(), leave: ignore, join: ignore };
    const forget = (): void => {
      flight.join();
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    let isBegun = false;
    const leaveQueue = this.#turns.add(address, async () => {
      isBegun = true;
      const verdict = await this.#ask(key, request, { flight, signal: given.signal });
      forget();
      for (const { decided } of [...flight.waiting]) decided(verdict);
    });
    if (leaveQueue === undefined) return busy('too many tokens wait to be asked about');
    flight.leave = () => {
      const end = (): void => {
        forget();
        leaveQueue();
        given.abort();
      };
      if (isBegun) flight.join = this.#clock.after(UNWANTED_MS, end);
      else end();
    };
    this.#flights.set(key, flight);
    return flight;
  }

  /** What comes of it in time counts even if nobody waits for it any more. */
  async #ask(
    key: TokenKey,
    request: StsRequest,
    { flight, signal }: { readonly flight: Flight; readonly signal: AbortSignal },
  ): Promise<IdentityVerdict> {
    const { expiresAtMs } = request;
    const { first, waiting } = flight;
    if (this.#clock.wallMs() >= expiresAtMs) return refused(EXPIRED.why);
    // Others of the same address may have been refused while it waited.
    if (this.#refusals.isOver(first.address)) return REFUSED_TOO_OFTEN;
    const answer = await this.#sts.ask(request, signal);
    if (answer.kind !== 'unavailable' && !signal.aborted) {
      const claims = [first, ...[...waiting].map(({ claim }) => claim)];
      const isAccepted =
        answer.kind === 'identity' && claims.some(({ accepts }) => accepts(answer.identity));
      if (!isAccepted) this.#refusals.refused(first.address);
      this.#known.remember(key, answer, { expiresAtMs, isAccepted });
    }
    return this.#verdictOf(answer, request);
  }

  #verdictOf(answer: StsAnswer, { expiresAtMs }: StsRequest): IdentityVerdict {
    if (answer.kind !== 'identity') return refused(answer.why);
    if (this.#clock.wallMs() >= expiresAtMs) return refused(EXPIRED.why);
    return { kind: 'proven', identity: answer.identity };
  }
}

const EXPIRED = {
  kind: 'unavailable',
  why: 'the token has expired while it was asked about',
} as const;

const REFUSED_TOO_OFTEN = busy('too many tokens from this address were refused lately');

function ignore(): void {
  // Nothing is to be done, or undone.
}

function atOnce(verdict: IdentityVerdict, decided: (verdict: IdentityVerdict) => void): () => void {
  decided(verdict);
  return () => undefined;
}

function refused(why: string): IdentityVerdict {
  return { kind: 'refused', why, isBusy: false };
}

function busy(why: string): IdentityVerdict {
  return { kind: 'refused', why, isBusy: true };
}
