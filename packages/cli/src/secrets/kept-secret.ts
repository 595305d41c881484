import type { Clock, GiveUp, Logger, SecretFault, SecretStage, SecretStore } from '@pgweir/pooler';
import type { SecretSettings } from '../config/daemon-config';
import { type KeptVersion, readStage, type StageReading } from './reading';
import { type Gaps, Renewals } from './renewals';

/** A reading that takes longer has failed. */
const READING_MS = 5_000;
/** Before the second attempt; each further one waits twice as long, up to `RETRY_MS_MAX`. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 60_000;
/** Many processes that were started together do not ask together for ever: a tenth to both sides. */
const JITTER = 0.1;

/** These pass; for the others somebody has to do something, or has to have done it by then. */
const PASSING: readonly SecretFault[] = ['throttled', 'unreachable'];
const PUT_RIGHT_MS = 60_000;

/** A file costs nothing. */
const GAPS_WATCHED: Gaps = { leastMs: 100, mostMs: 100 };
const GAPS: Gaps = { leastMs: 1_000, mostMs: 4_000 };

/** What is known of a secret. Secret. */
export interface Known {
  readonly current: KeptVersion;
  /** undefined: there is none, as far as is known. */
  readonly pending: KeptVersion | undefined;
  readonly previous: KeptVersion | undefined;
  /** When `current` took the place of `previous` (clock); undefined: that was not seen. */
  readonly changedAtMs: number | undefined;
}

export interface Fault {
  readonly why: SecretFault;
  readonly reason: string;
}

interface KeptSecretNeeds {
  /** For the log. */
  readonly name: string;
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: () => SecretSettings;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Something of it has changed. */
  readonly changed: () => void;
}

/**
 * One secret, kept in memory and up to date. Where it cannot be read what was read last is used on, for
 * as long as it takes.
 */
export class KeptSecret {
  readonly #needs: KeptSecretNeeds;
  readonly #renewals: Renewals;
  readonly #stopWatching: (() => void) | undefined;
  readonly #openedAtMs: number;
  #known: Known | undefined;
  #fault: Fault | undefined;
  #readAtMs: number | undefined;
  /** Readings without success since the last one with. */
  #failures = 0;
  /** Who waits for the first reading; undefined: it has ended. */
  #untried: Set<() => void> | undefined = new Set();
  #cancelNext: () => void = () => undefined;
  #closed = false;

  constructor(needs: KeptSecretNeeds) {
    this.#needs = needs;
    const { clock, store } = needs;
    this.#openedAtMs = clock.nowMs();
    this.#renewals = new Renewals({
      clock,
      gaps: store.watch === undefined ? GAPS : GAPS_WATCHED,
      read: (how) => this.#read(how),
    });
    this.#renewals.renew({ thorough: false }, () => this.#triedFirst());
    this.#stopWatching = store.watch?.(() => this.renew({ thorough: false }, () => undefined));
  }

  get known(): Known | undefined {
    return this.#known;
  }

  /** Why it could not be read the last time; undefined: it could, or was not tried yet. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** It has never been read, and that may change soon. */
  get isAwaited(): boolean {
    if (this.#known !== undefined) return false;
    if (this.#fault === undefined || PASSING.includes(this.#fault.why)) return true;
    return this.#needs.clock.nowMs() - this.#openedAtMs < PUT_RIGHT_MS;
  }

  /** When it was read, by the clock; undefined: never. */
  get readAtMs(): number | undefined {
    return this.#readAtMs;
  }

  /** How long clients may still use `previous`, milliseconds; 0: they may not. */
  get overlapLeftMs(): number {
    const { clock, settings } = this.#needs;
    const changedAtMs = this.#known?.changedAtMs;
    if (changedAtMs === undefined || this.#known?.previous === undefined) return 0;
    return Math.max(0, changedAtMs + settings().overlapMs - clock.nowMs());
  }

  /** As `Renewals` has it; the first reading is as good as one that begins now. */
  renew(how: { readonly thorough: boolean }, done: () => void): GiveUp {
    if (this.#untried === undefined) return this.#renewals.renew(how, done);
    this.#untried.add(done);
    return () => void this.#untried?.delete(done);
  }

  #triedFirst(): void {
    const waiters = this.#untried ?? new Set();
    this.#untried = undefined;
    for (const done of [...waiters]) done();
  }

  /** Settings have changed. */
  reconfigure(): void {
    this.#planNext();
  }

  close(): void {
    this.#closed = true;
    this.#cancelNext();
    this.#stopWatching?.();
    this.#renewals.close();
  }

  #planNext(): void {
    const { clock, random, settings } = this.#needs;
    this.#cancelNext();
    if (this.#closed) return;
    const { refreshMs } = settings();
    const retryMs = Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MS_MAX, refreshMs);
    const delayMs = this.#failures > 0 ? retryMs : refreshMs;
    const jittered = delayMs * (1 - JITTER + 2 * JITTER * random());
    this.#cancelNext = clock.after(jittered, () => {
      this.renew({ thorough: false }, () => undefined);
    });
  }

  /** @returns whether something new was found */
  async #read({ thorough }: { readonly thorough: boolean }): Promise<boolean> {
    const { clock, store } = this.#needs;
    const limit = new AbortController();
    const cancel = clock.after(READING_MS, () => limit.abort());
    const stage = (name: SecretStage) => readStage(store, name, limit.signal);
    const all = thorough && store.hasStages;
    // In this order: whenever labels move meanwhile, no version is missed on its way to the next one.
    const pending = all ? await stage('pending') : undefined;
    const current = await stage('current');
    const wantsPrevious =
      all || (store.hasStages && current.kind === 'read' && this.#wantsPrevious(current.version));
    const previous = wantsPrevious ? await stage('previous') : undefined;
    cancel();
    // Nobody is interested any more.
    if (this.#closed) return false;
    const before = this.#known;
    if (current.kind === 'read') this.#learn(current.version, pending, previous);
    else if (current.kind === 'none') this.#failed({ why: 'missing', reason: 'no such version' });
    else this.#failed(current);
    this.#planNext();
    return isOther(before, this.#known);
  }

  /** Another one has taken its place, or did so a short while ago, maybe in an earlier life of ours. */
  #wantsPrevious(current: KeptVersion): boolean {
    if (this.#known !== undefined) return this.#known.current.text !== current.text;
    return this.#ageMs(current) < this.#needs.settings().overlapMs;
  }

  #ageMs({ createdAtMs }: KeptVersion): number {
    if (createdAtMs === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#needs.clock.wallMs() - createdAtMs);
  }

  #learn(
    current: KeptVersion,
    pending: StageReading | undefined,
    previous: StageReading | undefined,
  ): void {
    const { clock, log, name } = this.#needs;
    const before = this.#known;
    const isChange = before !== undefined && before.current.text !== current.text;
    const nowMs = clock.nowMs();
    this.#known = {
      current,
      pending: versionOf(pending, isChange ? undefined : before?.pending),
      previous: versionOf(previous, isChange ? before.current : before?.previous),
      changedAtMs: isChange ? nowMs : (before?.changedAtMs ?? this.#changedBefore(current)),
    };
    this.#readAtMs = nowMs;
    this.#failures = 0;
    if (this.#fault !== undefined) log.info('the secret can be read again', { secret: name });
    this.#fault = undefined;
    if (isChange) log.info('the secret has changed', { secret: name, version: current.id });
    if (isOther(before, this.#known)) this.#needs.changed();
  }

  /** The first reading comes after a start: what clients may use then is what they might before. */
  #changedBefore(current: KeptVersion): number | undefined {
    if (this.#known !== undefined || !this.#needs.store.hasStages) return undefined;
    const ageMs = this.#ageMs(current);
    const { clock, settings } = this.#needs;
    return ageMs < settings().overlapMs ? clock.nowMs() - ageMs : undefined;
  }

  #failed({ why, reason }: Fault): void {
    const { log, name } = this.#needs;
    this.#failures++;
    const before = this.#fault;
    this.#fault = { why, reason };
    if (before?.why === why) return;
    const known = this.#known;
    const consequence =
      known === undefined
        ? 'logins that need it fail'
        : `what was read last is used on (version ${known.current.id})`;
    log.error('the secret cannot be read', {
      secret: name,
      reason: `${why}: ${reason}`,
      consequence,
    });
  }
}

function versionOf(
  reading: StageReading | undefined,
  otherwise: KeptVersion | undefined,
): KeptVersion | undefined {
  if (reading?.kind === 'read') return reading.version;
  // The store has said so; of one that does not make sense nothing can be used.
  return reading?.kind === 'none' ? undefined : otherwise;
}

function isOther(a: Known | undefined, b: Known | undefined): boolean {
  const texts = (known: Known | undefined) =>
    [known?.current, known?.pending, known?.previous].map((version) => version?.text);
  const [before, after] = [texts(a), texts(b)];
  return before.some((text, at) => text !== after[at]);
}
