import type { Clock, Logger } from '@pgweir/pooler';

/** As long a server that could not be reached is asked last. */
const AVOIDED_MS = 10_000;

/** Which LDAP servers could not be reached lately. Holds those that are configured, and a few more. */
export class ServerHealth {
  readonly #failedAtMs = new Map<string, number>();
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** As configured, but first those that have not failed lately. */
  inOrder(urls: readonly string[]): readonly string[] {
    const since = this.#clock.nowMs() - AVOIDED_MS;
    const avoided = (url: string): boolean => (this.#failedAtMs.get(url) ?? -Infinity) > since;
    return [...urls.filter((url) => !avoided(url)), ...urls.filter(avoided)];
  }

  failed(url: string, reason: string): void {
    const known = this.#failedAtMs.has(url);
    this.#failedAtMs.set(url, this.#clock.nowMs());
    if (!known) this.#log.warn('LDAP server cannot be reached', { server: url, reason });
  }

  answered(url: string): void {
    if (!this.#failedAtMs.delete(url)) return;
    this.#log.info('LDAP server can be reached again', { server: url });
  }
}
