import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock, ResolvedHostView, Resolver } from '@pgweir/pooler';
import type { DnsSettings } from '../config/daemon-config';

type Answer = Parameters<Parameters<Resolver['resolve']>[1]>[0];

/** Asks the system. Calls `done` once, never within the call. */
type Ask = (host: string, done: (answer: Answer) => void) => void;

const askSystem: Ask = (host, done) => {
  lookup(host, { all: true, verbatim: true }, (error, found) => {
    done(error === null ? { addresses: found.map((a) => a.address) } : { error });
  });
};

interface Question {
  readonly waiting: ((answer: Answer) => void)[];
  /** Its answer may be older than what has been forgotten since. */
  isOld: boolean;
}

/** Remembered names; the oldest goes first. */
const NAMES_MAX = 1000;

/** The system's resolver behind a cache (`dns_max_ttl`, `dns_nxdomain_ttl`). */
export class DnsResolver implements Resolver {
  readonly #cache = new Map<string, { readonly answer: Answer; readonly untilMs: number }>();
  readonly #pending = new Map<string, Question>();
  readonly #clock: Clock;
  readonly #settings: () => DnsSettings;
  readonly #ask: Ask;

  constructor(clock: Clock, settings: () => DnsSettings, ask: Ask = askSystem) {
    this.#clock = clock;
    this.#settings = settings;
    this.#ask = ask;
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
    const pending = this.#pending.get(host);
    if (pending !== undefined) {
      pending.waiting.push(done);
      return;
    }
    this.#pending.set(host, { waiting: [done], isOld: false });
    this.#ask(host, (answer) => this.#answered(host, answer));
  }

  /** Names whose addresses are known at the moment. */
  resolved(): readonly ResolvedHostView[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#cache].flatMap(([host, { answer, untilMs }]) => {
      if ('error' in answer || untilMs <= nowMs) return [];
      return [{ host, ttlMs: untilMs - nowMs, addresses: answer.addresses }];
    });
  }

  /** Every name that has ever led somewhere, as long as it is remembered at all. */
  names(): readonly string[] {
    return [...this.#cache].flatMap(([host, { answer }]) => ('addresses' in answer ? [host] : []));
  }

  /** Whoever asks next for one of these names gets a fresh answer. */
  forget(hosts: readonly string[]): void {
    for (const host of hosts) {
      const known = this.#cache.get(host);
      if (known !== undefined) this.#cache.set(host, { ...known, untilMs: 0 });
      const pending = this.#pending.get(host);
      if (pending !== undefined) pending.isOld = true;
    }
  }

  #answered(host: string, answer: Answer): void {
    const { foundMs, notFoundMs } = this.#settings();
    const { waiting, isOld } = this.#pending.get(host) ?? { waiting: [], isOld: false };
    const ttlMs = 'error' in answer ? notFoundMs : foundMs;
    if (this.#cache.size >= NAMES_MAX) {
      const oldest = this.#cache.keys().next();
      if (oldest.done !== true) this.#cache.delete(oldest.value);
    }
    this.#cache.set(host, { answer, untilMs: isOld ? 0 : this.#clock.nowMs() + ttlMs });
    this.#pending.delete(host);
    for (const done of waiting) done(answer);
  }
}
