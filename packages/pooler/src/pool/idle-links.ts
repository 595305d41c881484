import type { Link } from '../backend/link';
import { invariant } from '../errors';
import type { PoolerContext } from '../pooler-context';
import type { FollowedServers } from './followed-servers';
import type { LinkCare } from './link-care';

export const MAY_HAVE_CRASHED = 'its server may have crashed';

/** The links of one pool that nobody has, the longest idle first. */
export class IdleLinks {
  readonly all: Link[] = [];
  readonly #context: Pick<PoolerContext, 'clock' | 'settings'>;
  readonly #servers: FollowedServers;
  readonly #care: LinkCare;

  constructor(
    context: Pick<PoolerContext, 'clock' | 'settings'>,
    servers: FollowedServers,
    care: LinkCare,
  ) {
    this.#context = context;
    this.#servers = servers;
    this.#care = care;
  }

  add(link: Link): void {
    link.idleSinceMs = this.#context.clock.nowMs();
    link.enter('idle');
    this.all.push(link);
  }

  remove(link: Link): void {
    const at = this.all.indexOf(link);
    if (at >= 0) this.all.splice(at, 1);
  }

  /** One that is fit to be lent. One that has been idle for long is tested first. */
  take(): Link | undefined {
    const { settings, clock } = this.#context;
    const check = settings.serverCheckQuery;
    while (this.all.length > 0) {
      const link = settings.serverRoundRobin ? this.all.shift() : this.all.pop();
      invariant(link !== undefined, 'idle list lied about its length');
      if (this.#servers.isDoomed(link)) {
        link.close(MAY_HAVE_CRASHED);
        continue;
      }
      const idleMs = clock.nowMs() - link.idleSinceMs;
      const mayBeDead = this.#servers.mayBeDead(link);
      const isDue = check !== undefined && idleMs >= settings.serverCheckDelayMs;
      if (!mayBeDead && !isDue) return link;
      this.#care.test(link, check ?? '');
    }
    return undefined;
  }
}
