import { hasAnsweredLast } from '../health/health';
import type { FoundCluster } from '../ports/member-source';
import { type ServerKey, serverKey } from '../server-key';
import type { RuledOut, ServerKnowledge } from '../topology/knowledge';
import type { Listings } from '../topology/listings';
import { type HeardView, lagOf, type Member, membersOf, trustIn, VIEW_FRESH_MS } from './members';

const LOOKING: RuledOut = {
  why: 'the members of its cluster are not known yet',
  isAlarming: false,
};

/**
 * Who belongs to one cluster, by what its members say. A seed is asked all the time, and serves only
 * where it is the address of a member: the name of a cluster leads to whoever is the writer, sooner or
 * later.
 */
export class Discovery {
  #cluster: FoundCluster;
  #members: readonly Member[];
  #seeds: ReadonlySet<ServerKey>;
  #views: readonly HeardView[] = [];
  readonly #strangers = new Map<ServerKey, string>();

  constructor(cluster: FoundCluster, members: readonly Member[] = []) {
    this.#cluster = cluster;
    this.#seeds = keysOf(cluster);
    this.#members = members;
  }

  get cluster(): FoundCluster {
    return this.#cluster;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  isMember(key: ServerKey): boolean {
    return this.#members.some((member) => member.key === key);
  }

  /** Other hosts of the same cluster. */
  reseed(cluster: FoundCluster): void {
    this.#cluster = cluster;
    this.#seeds = keysOf(cluster);
  }

  /** Takes in what is known of all that are asked. @returns whether the members are others now */
  learn(asked: readonly ServerKnowledge[], nowMs: number): boolean {
    const before = this.#members;
    const heard = asked.flatMap((server) => viewOf(server, this.#seeds));
    this.#judge(heard, nowMs);
    this.#members = membersOf(this.#views, before);
    // Who has become a member just now has to be that one.
    if (this.#members !== before) this.#judge(heard, nowMs);
    return this.#members !== before;
  }

  /** Whose word counts, and who is none of those that are members now. */
  #judge(heard: readonly Heard[], nowMs: number): void {
    const counting = heard.filter((each) => counts(each, nowMs));
    const others = this.#known(counting);
    this.#strangers.clear();
    // Also what is not counted: whoever comes back has to be who he should be from the first moment on.
    for (const { view } of heard) {
      const member = this.#members.find(({ key }) => key === view.from);
      const trust = trustIn(view, member, others);
      if (trust.kind === 'stranger') this.#strangers.set(view.from, trust.why);
    }
    this.#views = counting.map(({ view }) => view).filter(({ from }) => !this.#strangers.has(from));
  }

  /** Why what a server says does not count. */
  ruledOut(key: ServerKey): RuledOut | undefined {
    const why = this.#strangers.get(key);
    if (why !== undefined) return { why, isAlarming: true };
    return this.#members.length === 0 ? LOOKING : undefined;
  }

  /** What members that share their storage say of each other; undefined: their logs tell more. */
  listings(nowMs: number): Listings | undefined {
    if (this.#cluster.source.hasLog) return undefined;
    return { nameOf: (key) => this.#nameOf(key), nowMs, views: this.#views };
  }

  /** Whether its own view says that it is the writer. */
  isWriterItself(key: ServerKey): boolean {
    const name = this.#nameOf(key);
    const own = this.#views.find(({ from }) => from === key);
    return own?.view.members.some((member) => member.name === name && member.isWriter) === true;
  }

  lagMs(key: ServerKey, writer: ServerKey | undefined): number | undefined {
    const name = this.#nameOf(key);
    if (name === undefined) return undefined;
    return lagOf(name, writer && this.#nameOf(writer), this.#views);
  }

  #nameOf(key: ServerKey): string | undefined {
    return this.#members.find((member) => member.key === key)?.name;
  }

  /** Whom seeds list; when none of them answers, the members so far. */
  #known(heard: readonly Heard[]): ReadonlySet<string> {
    const seeds = heard.filter(({ view }) => view.isSeed);
    const names = seeds.flatMap(({ view }) => view.view.members.map(({ name }) => name));
    return new Set(names.length > 0 ? names : this.#members.map(({ name }) => name));
  }
}

function keysOf({ seeds }: FoundCluster): ReadonlySet<ServerKey> {
  return new Set(seeds.map(serverKey));
}

interface Heard {
  readonly view: HeardView;
  readonly server: ServerKnowledge;
}

function viewOf(server: ServerKnowledge, seeds: ReadonlySet<ServerKey>): readonly Heard[] {
  const { key: from, seen } = server;
  if (seen?.view === undefined) return [];
  const { answeredAtMs, askedAtMs, view } = seen;
  const isCurrent = hasAnsweredLast(server.health);
  const times = { askedAtMs, answeredAtMs, isCurrent };
  return [{ server, view: { from, ...times, view, isSeed: seeds.has(from) } }];
}

/** An operator may have ruled it out, and what was said long ago says nothing about today. */
function counts({ server, view }: Heard, nowMs: number): boolean {
  if (server.banned || server.health.kind === 'down') return false;
  return nowMs - view.askedAtMs <= VIEW_FRESH_MS;
}
