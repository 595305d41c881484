import { Discovery } from '../discovery/discovery';
import type { Member } from '../discovery/members';
import type { ServerAddress } from '../observation';
import type { FoundCluster } from '../ports/member-source';
import type { ServerKey } from '../server-key';
import {
  claimsPrimary,
  isLiving,
  mayTakeWrites,
  type ServerKnowledge,
} from '../topology/knowledge';
import type { Listings } from '../topology/listings';
import { type OpenWatch, ServerSet } from './server-set';
import type { ServerMemory, ServerWatch } from './server-watch';

/** The servers of a cluster: a list, or hosts that tell who its members are. */
export type ClusterList =
  | { readonly kind: 'listed'; readonly servers: readonly ServerAddress[] }
  | { readonly kind: 'found'; readonly cluster: FoundCluster };

/** More than anybody bans. */
const BANNED_AWAY_MAX = 64;

type Memory = ReadonlyMap<ServerKey, ServerMemory>;

/** Which servers a cluster has, and the watches of them. */
export class ClusterServers {
  /** All that are asked: the list, or the members and the seeds. */
  readonly #asked: ServerSet;
  /** undefined: the configuration lists all servers. */
  readonly #discovery: Discovery | undefined;
  /** Banned members that are not listed at the moment: an operator's order holds until taken back. */
  readonly #bannedAway = new Set<ServerKey>();

  constructor(list: ClusterList, open: OpenWatch, members: readonly Member[] | undefined) {
    this.#discovery = list.kind === 'found' ? new Discovery(list.cluster, members) : undefined;
    this.#asked = new ServerSet(open);
  }

  /** What the members are found by; undefined: the configuration lists all servers. */
  get cluster(): FoundCluster | undefined {
    return this.#discovery?.cluster;
  }

  get members(): readonly Member[] {
    return this.#discovery?.members ?? [];
  }

  /** Those that traffic may go to. */
  get all(): readonly ServerWatch[] {
    if (this.#discovery === undefined) return this.#asked.all;
    return this.members.flatMap(({ key }) => this.#asked.find(key) ?? []);
  }

  /** All that are asked. */
  get asked(): readonly ServerWatch[] {
    return this.#asked.all;
  }

  /** What is known of each; of the seeds, as long as no member is known. */
  get knowledge(): readonly ServerKnowledge[] {
    const discovery = this.#discovery;
    if (discovery === undefined) return this.#asked.knowledge;
    const shown = this.members.length > 0 ? this.all : this.asked;
    return shown.map(({ knowledge }) => {
      const ruledOut = discovery.ruledOut(knowledge.key);
      return ruledOut === undefined ? knowledge : { ...knowledge, ruledOut };
    });
  }

  get memory(): Memory {
    return this.#asked.memory;
  }

  /** What members that share their storage say of each other. */
  listings(nowMs: number): Listings | undefined {
    return this.#discovery?.listings(nowMs);
  }

  find(key: ServerKey): ServerWatch | undefined {
    const isMember = this.#discovery === undefined || this.#discovery.isMember(key);
    return isMember ? this.#asked.find(key) : undefined;
  }

  /** Another list for the same cluster. Those that stay are watched on. */
  set(list: ClusterList, memory: Memory): void {
    if (list.kind === 'found') {
      this.#discovery?.reseed(list.cluster);
      this.#setMembers(memory);
    } else this.#asked.set(list.servers, memory);
  }

  /** Takes in what they have said. @returns whether the members are others now */
  learn(nowMs: number): boolean {
    const asked = this.asked.map(({ knowledge }) => knowledge);
    if (this.#discovery?.learn(asked, nowMs) !== true) return false;
    this.#setMembers(new Map());
    return true;
  }

  /** The only one that says, in both ways, that it takes writes. */
  onlyWriter(): ServerKey | undefined {
    const claimants = this.knowledge.filter(
      (server) => isLiving(server) && claimsPrimary(server) && mayTakeWrites(server),
    );
    const [first, ...more] = claimants;
    if (first === undefined || more.length > 0) return undefined;
    return this.#discovery?.isWriterItself(first.key) === true ? first.key : undefined;
  }

  /** How far a member is behind, as the members say. */
  lagMs(key: ServerKey, writer: ServerKey | undefined): number | undefined {
    return this.#discovery?.lagMs(key, writer);
  }

  close(): void {
    this.#asked.close();
  }

  /** A seed may be a member's address. */
  #setMembers(memory: Memory): void {
    const seeds = this.cluster?.seeds ?? [];
    const before = this.asked;
    this.#asked.set([...this.members.map(({ address }) => address), ...seeds], memory);
    for (const { key, isBanned } of before) {
      const isAway = isBanned && this.#asked.find(key) === undefined;
      if (isAway && this.#bannedAway.size < BANNED_AWAY_MAX) this.#bannedAway.add(key);
    }
    for (const key of this.#bannedAway) {
      if (this.#asked.find(key)?.setBanned(true) !== undefined) this.#bannedAway.delete(key);
    }
  }
}
