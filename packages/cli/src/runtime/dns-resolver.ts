import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock, ResolvedHostView, Resolver } from '@pgweir/pooler';
import type { DnsSettings } from '../config/daemon-config';

type Answer = Parameters<Parameters<Resolver['resolve']>[1]>[0];

/** Remembered names; the oldest goes first. */
const NAMES_MAX = 1000;

/** The system's resolver behind a cache (`dns_max_ttl`, `dns_nxdomain_ttl`). */
export class DnsResolver implements Resolver {
  readonly #cache = new Map<string, { readonly answer: Answer; readonly untilMs: number }>();
  readonly #pending = new Map<string, ((answer: Answer) => void)[]>();
  readonly #clock: Clock;
  readonly #settings: () => DnsSettings;

  constructor(clock: Clock, settings: () => DnsSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  resolve(host: string, done: (answer: Answer) => void): void {
    if (isIP(host) !== 0) {
      done({ addresses: [host] });
      return;
    }
    const cached = this.#cache.get(host);
    if (cached !== undefined && this.#clock.nowMs() < cached.untilMs) {
      done(cached.answer);
      return;
    }
    const waiting = this.#pending.get(host);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    this.#pending.set(host, [done]);
    lookup(host, { all: true, verbatim: true }, (error, found) => {
      this.#answered(host, error === null ? { addresses: found.map((a) => a.address) } : { error });
    });
  }

  /** Names whose addresses are known at the moment. */
  resolved(): readonly ResolvedHostView[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#cache].flatMap(([host, { answer, untilMs }]) => {
      if ('error' in answer || untilMs <= nowMs) return [];
      return [{ host, ttlMs: untilMs - nowMs, addresses: answer.addresses }];
    });
  }

  #answered(host: string, answer: Answer): void {
    const { foundMs, notFoundMs } = this.#settings();
    const ttlMs = 'error' in answer ? notFoundMs : foundMs;
    if (this.#cache.size >= NAMES_MAX) {
      const oldest = this.#cache.keys().next();
      if (oldest.done !== true) this.#cache.delete(oldest.value);
    }
    this.#cache.set(host, { answer, untilMs: this.#clock.nowMs() + ttlMs });
    const waiting = this.#pending.get(host) ?? [];
    this.#pending.delete(host);
    for (const done of waiting) done(answer);
  }
}
