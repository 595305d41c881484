import type { ServerAddress } from '../observation';

/** A member of a cluster, as one of its members lists it. */
export interface ListedMember {
  /** What the cluster calls it. */
  readonly name: string;
  readonly address: ServerAddress;
  /** It is the one that takes writes. */
  readonly isWriter: boolean;
  /** How far it was behind the writer, milliseconds; undefined: that is not said. */
  readonly lagMs: number | undefined;
  /** How old what is said of it is, milliseconds; undefined: that is not said, as about oneself. */
  readonly ageMs: number | undefined;
}

/** What a member says of its cluster. */
export interface MemberView {
  /** What the cluster calls the one that answers. */
  readonly self: string;
  readonly members: readonly ListedMember[];
}

/** A kind of cluster whose members tell who belongs to it. */
export interface MemberSource {
  /** The same source has the same key: what is known of its members is kept through a reload. */
  readonly key: string;
  /**
   * What a probe asks for as well: a query for one text, which stands in parentheses. It is run by a role
   * without privileges, with `search_path=pg_catalog`, on the writer and on readers.
   */
  readonly expression: string;
  /** @returns undefined when no member would say that */
  read(text: string): MemberView | undefined;
  /**
   * Its members have PostgreSQL's write-ahead log, each its own: positions, timelines and the system
   * identifier can be asked for, and tell who follows whom. Otherwise they share one storage, and only
   * what they say of their roles counts.
   */
  readonly hasLog: boolean;
  /** Why SWITCHOVER does not work there, and what does. For people. */
  readonly whyNoSwitchover: string;
}

/** A cluster that finds its members by itself. */
export interface FoundCluster {
  readonly source: MemberSource;
  /** The hosts of the configuration: they are asked who the members are. */
  readonly seeds: readonly ServerAddress[];
}
