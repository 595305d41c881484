import type { DatabaseName } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import type { SwitchoverMaker } from '../ports/topology-claims';
import type { ServerKey } from '../server-key';
import type { ClusterWatch } from '../watch/cluster-watch';

/** Who is primary, seen from a switchover. */
export type Leads = 'primary' | 'target' | 'another' | 'nobody';

/** A cluster whose primary is to hand over, as far as its watch has to do with it. */
export interface SwitchoverCluster {
  readonly primary: ServerAddress;
  readonly target: ServerAddress;
  /** All entries of the configuration whose work it concerns. */
  readonly databases: readonly DatabaseName[];
  /** Somebody who can do it by himself. */
  readonly maker: SwitchoverMaker | undefined;
  /** Who is primary now. */
  readonly leads: Leads;
  /** It has begun, is not called off, and no other server is primary yet. */
  readonly isUnderWay: boolean;
  /** Lets work wait, at the longest for `withinMs`. @returns why that cannot be, for people */
  begin(withinMs: number): string | undefined;
  /** Work goes on where there is a primary. Nothing, if it was not held or is over. */
  callOff(): void;
  /** Has all servers asked at once. */
  look(): void;
}

interface Parts {
  /** That of the entry first, then others with the same primary. */
  readonly watches: readonly [ClusterWatch, ...ClusterWatch[]];
  readonly primary: { readonly key: ServerKey; readonly address: ServerAddress };
  readonly target: { readonly key: ServerKey; readonly address: ServerAddress };
  readonly databases: readonly DatabaseName[];
}

/** A switchover, for the watches of all lists that name both servers. */
export class WatchedSwitchover implements SwitchoverCluster {
  readonly primary: ServerAddress;
  readonly target: ServerAddress;
  readonly databases: readonly DatabaseName[];
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.primary = parts.primary.address;
    this.target = parts.target.address;
    this.databases = parts.databases;
  }

  get maker(): SwitchoverMaker | undefined {
    return this.#watch.claims?.switchovers;
  }

  get leads(): Leads {
    const { primary, target } = this.#parts;
    switch (this.#watch.decision.primary) {
      case undefined:
        return 'nobody';
      case primary.key:
        return 'primary';
      case target.key:
        return 'target';
      default:
        return 'another';
    }
  }

  get isUnderWay(): boolean {
    return this.#watch.isSwitching;
  }

  begin(withinMs: number): string | undefined {
    const { watches, target } = this.#parts;
    const [first, ...others] = watches;
    const problem = first.beginSwitchover(target.key, { withinMs });
    if (problem !== undefined) return problem;
    // One that does not know enough to hold loses its primary, as if nobody had planned it.
    for (const other of others) other.beginSwitchover(target.key, { withinMs });
    return undefined;
  }

  callOff(): void {
    for (const watch of this.#parts.watches) watch.callOffSwitchover();
  }

  look(): void {
    for (const watch of this.#parts.watches) watch.look();
  }

  get #watch(): ClusterWatch {
    return this.#parts.watches[0];
  }
}
