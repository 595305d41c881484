import type { Resolver } from '../ports/resolver';
import type { Link } from './link';

/** How often names are looked at; how long answers are good for, the resolver knows. */
const PERIOD_MS = 1000;
/**
 * A name with several addresses may lead to some of them at a time: one counts as gone when so many
 * answers in a row have been without it.
 */
const ABSENCES_MAX = 3;

interface Known {
  /** The last answer; the resolver gives the same object as long as it is good. */
  answer: readonly string[];
  /** How many answers in a row have been without an address that links have. */
  readonly absences: Map<string, number>;
}

/**
 * Looks whether the names of servers still lead to the addresses that links have. After a failover by
 * DNS they do not: these links are closed when they are free, and new ones go to the new address.
 */
export class HostWatch {
  readonly #resolver: Resolver;
  readonly #links: () => Iterable<Link>;
  readonly #known = new Map<string, Known>();
  #nextMs = 0;

  constructor(resolver: Resolver, links: () => Iterable<Link>) {
    this.#resolver = resolver;
    this.#links = links;
  }

  /** Called a few times a second. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PERIOD_MS;
    const hosts = new Set<string>();
    for (const link of this.#links()) {
      if (link.address?.kind === 'tcp') hosts.add(link.hostName);
    }
    for (const host of this.#known.keys()) if (!hosts.has(host)) this.#known.delete(host);
    for (const host of hosts) {
      this.#resolver.resolve(host, (answer) => {
        // One that fails says nothing about where the server is.
        if ('addresses' in answer) this.#answered(host, answer.addresses);
      });
    }
  }

  #answered(host: string, answer: readonly string[]): void {
    const known = this.#known.get(host) ?? { answer: [], absences: new Map<string, number>() };
    if (known.answer === answer) return;
    known.answer = answer;
    this.#known.set(host, known);
    for (const address of answer) known.absences.delete(address);
    const gone = this.#goneNow(host, known);
    for (const link of [...this.#links()]) {
      const { address } = link;
      if (link.hostName !== host || address?.kind !== 'tcp' || !gone.has(address.host)) continue;
      link.retireReason ??= 'server DNS changed';
      if (link.phase === 'idle') link.close(link.retireReason);
      else link.session?.letGo(link);
    }
  }

  /** Counts one more answer for the addresses that are not in it. @returns those that are gone */
  #goneNow(host: string, { answer, absences }: Known): ReadonlySet<string> {
    const used = new Set<string>();
    for (const { hostName, address } of this.#links()) {
      if (hostName === host && address?.kind === 'tcp') used.add(address.host);
    }
    const gone = new Set<string>();
    for (const address of used) {
      if (answer.includes(address)) continue;
      const count = (absences.get(address) ?? 0) + 1;
      absences.set(address, count);
      if (answer.length === 1 || count >= ABSENCES_MAX) gone.add(address);
    }
    return gone;
  }
}
