import type { Clock, Logger, Resolver } from '@pgweir/pooler';
import type { ClaimedMember, TopologyClaim, TopologyClaims } from '../ports/topology-claims';

/** A name with more addresses than that is a mistake, or a lie. */
const ADDRESSES_MAX = 100;
/** Between the beginnings of two questions, however often somebody wants one. */
const GAP_MS = 50;

export interface DnsNeeds {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolver: Resolver;
  /** Makes the resolver forget what it remembers of the host, before it is asked once more at once. */
  readonly forget?: (host: string) => void;
  /** Between two questions. Default 5000. */
  readonly periodMs?: number;
  /** For one answer. Default 5000. */
  readonly timeoutMs?: number;
}

interface Asking {
  readonly kind: 'asking';
  readonly stopTimer: () => void;
  /** Once more, as soon as there is an answer. */
  again: boolean;
}

type Phase =
  | { readonly kind: 'resting'; readonly stopTimer: () => void }
  | Asking
  | { readonly kind: 'closed' };

/**
 * A name that leads to the servers of a cluster, and leads elsewhere after a failover. It says which
 * servers there are, never which of them is the primary. An answer that does not come, or that is
 * empty, changes nothing: a name server that fails says nothing about PostgreSQL.
 */
export class DnsClaims implements TopologyClaims {
  readonly #needs: DnsNeeds;
  #phase: Phase = { kind: 'resting', stopTimer: () => undefined };
  #claim: TopologyClaim | undefined;
  #changed: (() => void) | undefined;
  #problem: string | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(needs: DnsNeeds) {
    this.#needs = needs;
  }

  get current(): TopologyClaim | undefined {
    return this.#claim;
  }

  start(changed: () => void): void {
    this.#changed = changed;
    if (this.#phase.kind === 'resting') this.#rest(0);
  }

  recheck(): void {
    const phase = this.#phase;
    if (phase.kind === 'closed') return;
    this.#needs.forget?.(this.#needs.host);
    if (phase.kind === 'asking') {
      phase.again = true;
      return;
    }
    phase.stopTimer();
    this.#rest(0);
  }

  close(): void {
    if (this.#phase.kind !== 'closed') this.#phase.stopTimer();
    this.#phase = { kind: 'closed' };
    this.#changed = undefined;
  }

  #rest(delayMs: number): void {
    const { clock } = this.#needs;
    const soonestMs = this.#startedAtMs + GAP_MS - clock.nowMs();
    const stopTimer = clock.after(Math.max(delayMs, soonestMs, 0), () => this.#ask());
    this.#phase = { kind: 'resting', stopTimer };
  }

  #ask(): void {
    const { clock, resolver, host, timeoutMs = 5000 } = this.#needs;
    const askedAtMs = clock.nowMs();
    this.#startedAtMs = askedAtMs;
    const stopTimer = clock.after(timeoutMs, () => {
      if (this.#ends(asking)) this.#failed(`no answer in ${timeoutMs} ms`);
    });
    const asking: Asking = { kind: 'asking', stopTimer, again: false };
    this.#phase = asking;
    resolver.resolve(host, (answer) => {
      if (!this.#ends(asking)) return;
      if ('error' in answer) this.#failed(answer.error.message);
      else this.#resolved(answer.addresses, askedAtMs);
    });
  }

  /** False: this question is not waited for any more. */
  #ends(asking: Asking): boolean {
    if (this.#phase !== asking) return false;
    asking.stopTimer();
    this.#rest(asking.again ? 0 : (this.#needs.periodMs ?? 5000));
    return true;
  }

  #resolved(addresses: readonly string[], confirmedAtMs: number): void {
    const { port, host, log } = this.#needs;
    // In one order: name servers turn theirs round.
    const hosts = [...new Set(addresses)].sort().slice(0, ADDRESSES_MAX);
    if (hosts.length === 0) return this.#failed('the answer has no addresses');
    if (this.#problem !== undefined) log.info('name is resolved again', { host });
    this.#problem = undefined;
    const members = hosts.map(
      (address): ClaimedMember => ({ name: address, address: { host: address, port }, state: '' }),
    );
    const claim = {
      leader: undefined,
      members,
      confirmedAtMs,
      paused: false,
      switchover: undefined,
    };
    this.#claim = claim;
    this.#changed?.();
  }

  #failed(reason: string): void {
    const { host, log } = this.#needs;
    if (this.#problem === undefined) log.warn('name cannot be resolved', { host, reason });
    this.#problem = reason;
  }
}
