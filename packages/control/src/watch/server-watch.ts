import type { Clock } from '@pgweir/pooler';
import {
  type Evidence,
  type Health,
  type HealthEvent,
  nextHealth,
  unprovenHealth,
} from '../health/health';
import type { Observation, ProbeResult, ServerAddress } from '../observation';
import type { FoundCluster } from '../ports/member-source';
import type { Prober, Sampled, ServerProbe } from '../ports/prober';
import { type ServerKey, serverKey } from '../server-key';
import {
  type ControlSettings,
  FAST_INTERVAL_MS,
  JITTER,
  PROBE_GAP_MS,
  PROBER_GRACE_MS,
  RIVAL_ANSWERS_MS,
  RIVAL_PATIENCE,
} from '../settings';
import type { ServerKnowledge } from '../topology/knowledge';

export interface ServerWatchNeeds {
  readonly settings: () => ControlSettings;
  readonly prober: Prober;
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** The cluster whose members it is to tell; undefined: none. */
  readonly cluster?: () => FoundCluster | undefined;
  /** Something is known that was not. */
  readonly learned: (server: ServerWatch, before: Health) => void;
}

/** What is kept of a server when the list that it stands in becomes another one. */
export interface ServerMemory {
  readonly health: Health;
  readonly banned: boolean;
  readonly asked: boolean;
  readonly seen: Observation | undefined;
  readonly timeline: number | undefined;
  readonly hasRestarted?: boolean;
  readonly writesSinceMs?: number | undefined;
}

/** Whether a probe is under way, or when the next one is due. */
type Phase =
  | { readonly kind: 'waiting'; readonly cancel: () => void }
  | { readonly kind: 'asking'; stopWaiting: () => void; again: boolean }
  | { readonly kind: 'closed' };
type Asking = Extract<Phase, { readonly kind: 'asking' }>;

/** Whoever was not seen for longer may have begun to write, and have been replaced, since then. */
const BEGAN_WITHIN_MS = 15_000;

/** Since when a server says that it takes writes, as far as it was seen to begin. */
function writesSince({ seen, writesSinceMs }: ServerMemory, now: Observation): number | undefined {
  if (now.inRecovery || seen === undefined) return undefined;
  if (!seen.inRecovery) return writesSinceMs;
  return now.askedAtMs - seen.askedAtMs <= BEGAN_WITHIN_MS ? now.askedAtMs : undefined;
}

/** Watches one server: probes it at a pace, one probe at a time, and keeps what is known of it. */
export class ServerWatch {
  readonly key: ServerKey;
  readonly address: ServerAddress;
  readonly #needs: ServerWatchNeeds;
  #known: ServerMemory;
  #phase: Phase;
  #probe: ServerProbe | undefined;
  #lastAskedMs = Number.NEGATIVE_INFINITY;
  #incarnation: number;
  /** The incarnation in which the last answer was asked for. */
  #seenIn = 0;
  #askedIn = 0;
  #isFast = false;
  #isRival = false;

  constructor(address: ServerAddress, needs: ServerWatchNeeds, memory?: ServerMemory) {
    this.key = serverKey(address);
    this.address = address;
    this.#needs = needs;
    // Another one than that of a watch of this server before.
    this.#incarnation = Math.floor(needs.clock.nowMs() * 1000);
    this.#known = memory ?? {
      ...{ health: unprovenHealth(needs.clock.nowMs()), banned: false, asked: false },
      ...{ seen: undefined, timeline: undefined },
    };
    this.#phase = { kind: 'waiting', cancel: needs.clock.after(0, () => this.#ask()) };
  }

  get memory(): ServerMemory {
    return this.#known;
  }

  get knowledge(): ServerKnowledge {
    return { key: this.key, address: this.address, ...this.#known };
  }

  get health(): Health {
    return this.#known.health;
  }

  /** Another number whenever the server may have been started anew. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** The last answer, if it was asked for in this incarnation. */
  get seenNow(): Observation | undefined {
    return this.#seenIn === this.#incarnation ? this.#known.seen : undefined;
  }

  /**
   * Asks how far the server is, as `ServerProbe.sample`. What comes in another incarnation than it was
   * asked for counts as lost.
   */
  sample(sampled: Sampled): boolean {
    if (this.#phase.kind !== 'waiting' || this.#probe === undefined) return false;
    const incarnation = this.#incarnation;
    return this.#probe.sample((position, refusal) => {
      if (this.#phase.kind === 'closed') return;
      if (position === undefined) this.#incarnation++;
      sampled(incarnation === this.#incarnation ? position : undefined, refusal);
    });
  }

  get isBanned(): boolean {
    return this.#known.banned;
  }

  /** An operator's order; the caller decides anew. @returns false if it was so already */
  setBanned(banned: boolean): boolean {
    if (this.#known.banned === banned) return false;
    this.#known = { ...this.#known, banned };
    return true;
  }

  /** Something was met outside of probes: it makes the server suspect, and a probe tells at once. */
  heed(evidence: Evidence): void {
    if (this.#phase.kind === 'closed') return;
    this.#incarnation++;
    const atMs = this.#needs.clock.nowMs();
    this.#enter({ kind: 'evidence', evidence, atMs });
    this.askNow();
  }

  /** Asks at once; after the probe that is under way, because that one may be too old to know. */
  askNow(): void {
    if (this.#phase.kind === 'asking') this.#phase.again = true;
    else this.#schedule(this.#lastAskedMs + PROBE_GAP_MS);
  }

  setPace({ isFast }: { readonly isFast: boolean }): void {
    if (this.#isFast === isFast) return;
    this.#isFast = isFast;
    if (isFast && this.#phase.kind === 'waiting') this.#schedule(this.#nextAtMs());
  }

  /** Another server claims to be what this one claims to be: it has to answer soon, also what is due. */
  setRival(isRival: boolean): void {
    if (this.#isRival === isRival) return;
    this.#isRival = isRival;
    const phase = this.#phase;
    if (!isRival || phase.kind !== 'asking') return;
    phase.stopWaiting();
    phase.stopWaiting = this.#waitFor(phase, this.#deadlineMs());
  }

  close(): void {
    this.#leavePhase();
    this.#phase = { kind: 'closed' };
    this.#probe?.close();
  }

  #ask(): void {
    const { clock, prober } = this.#needs;
    const disturbed = (): void => this.heed('disturbed');
    this.#probe ??= prober.open(this.address, disturbed, this.#needs.cluster);
    const deadlineMs = this.#deadlineMs();
    this.#lastAskedMs = clock.nowMs();
    this.#askedIn = this.#incarnation;
    const phase: Asking = { kind: 'asking', stopWaiting: () => undefined, again: false };
    phase.stopWaiting = this.#waitFor(phase, deadlineMs + PROBER_GRACE_MS);
    this.#phase = phase;
    this.#probe.probe(deadlineMs, (result) => this.#answered(phase, result));
  }

  #waitFor(phase: Asking, ms: number): () => void {
    return this.#needs.clock.after(ms, () => this.#proberHangs(phase));
  }

  #deadlineMs(): number {
    const { healthCheckTimeoutMs } = this.#needs.settings();
    if (!this.#isRival) return healthCheckTimeoutMs;
    const { seen } = this.#known;
    const usualMs = seen === undefined ? 0 : seen.answeredAtMs - seen.askedAtMs;
    return Math.min(healthCheckTimeoutMs, Math.max(RIVAL_ANSWERS_MS, usualMs * RIVAL_PATIENCE));
  }

  #proberHangs(phase: Asking): void {
    // Whatever it is stuck in, it gets a new connection.
    this.#probe?.close();
    this.#probe = undefined;
    const atMs = this.#needs.clock.nowMs();
    this.#answered(phase, { kind: 'failed', why: 'timeout', reason: 'no answer in time', atMs });
  }

  /** Answers of a probe that was given up are too late. */
  #answered(phase: Asking, result: ProbeResult): void {
    if (this.#phase !== phase) return;
    this.#leavePhase();
    const { again } = phase;
    const atMs = again ? this.#lastAskedMs + PROBE_GAP_MS : this.#nextAtMs();
    this.#schedule(atMs);
    this.#learn(result);
  }

  #learn(result: ProbeResult): void {
    const before = this.#known;
    if (result.kind === 'seen') {
      const { observation } = result;
      this.#seenIn = this.#askedIn;
      const timeline = observation.timeline ?? this.#timelineStill(observation);
      const writesSinceMs = writesSince(before, observation);
      const told = { seen: observation, timeline, writesSinceMs, hasRestarted: false };
      this.#known = { ...before, asked: true, ...told };
      const { askedAtMs, answeredAtMs } = observation;
      this.#enter({ kind: 'answered', askedAtMs, atMs: answeredAtMs }, { isNews: true });
      return;
    }
    this.#incarnation++;
    const hasRestarted = before.hasRestarted === true || result.isStarting === true;
    this.#known = { ...before, asked: true, hasRestarted };
    this.#enter(result, { isNews: true });
  }

  /** The timeline that it told before, if nothing has happened to it since. */
  #timelineStill({ inRecovery, systemIdentifier }: Observation): number | undefined {
    const { seen, timeline, health } = this.#known;
    const isSame = seen?.inRecovery === inRecovery && seen.systemIdentifier === systemIdentifier;
    return isSame && health.kind !== 'down' ? timeline : undefined;
  }

  #enter(event: HealthEvent, { isNews }: { readonly isNews: boolean } = { isNews: false }): void {
    const { healthDownAfter: downAfter, healthUpAfter: upAfter } = this.#needs.settings();
    const before = this.#known.health;
    const health = nextHealth(before, event, { downAfter, upAfter });
    this.#known = { ...this.#known, health };
    if (isNews || health !== before) this.#needs.learned(this, before);
  }

  /** When the next probe is due, counted from the beginning of the last one. */
  #nextAtMs(): number {
    const { random, settings } = this.#needs;
    const { healthCheckIntervalMs } = settings();
    const intervalMs = this.#isFast
      ? Math.min(FAST_INTERVAL_MS, healthCheckIntervalMs)
      : healthCheckIntervalMs;
    const jitterMs = intervalMs * JITTER * (2 * random() - 1);
    return this.#lastAskedMs + Math.max(PROBE_GAP_MS, intervalMs + jitterMs);
  }

  #schedule(atMs: number): void {
    if (this.#phase.kind === 'closed') return;
    this.#leavePhase();
    const { clock } = this.#needs;
    const delayMs = Math.max(0, atMs - clock.nowMs());
    this.#phase = { kind: 'waiting', cancel: clock.after(delayMs, () => this.#ask()) };
  }

  #leavePhase(): void {
    if (this.#phase.kind === 'waiting') this.#phase.cancel();
    if (this.#phase.kind === 'asking') this.#phase.stopWaiting();
  }
}
