import type { ServerShare, ServerShares } from '../ports/link-budget';
import type { ServerName } from '../ports/names';

/** How many links may lead to one server. */
export interface ServerCap {
  /** 0: any number. */
  readonly linksMax: number;
  /** What its `max_connections` is not known yet: few may be opened, and none is closed for it. */
  readonly provisional: boolean;
}

/** One server as the console shows it. */
export interface ServerCapView {
  readonly server: string;
  readonly percent: number;
  /** Its own `max_connections`; 0: not known. */
  readonly maxConnections: number;
  readonly linksMax: number;
  /** Links that exist, and those that may become links to it. */
  readonly links: number;
}

const NO_CAP: ServerCap = { linksMax: 0, provisional: false };

interface Known {
  maxConnections: number | undefined;
  /** Of links that it has let in, by permit: when the last of them is gone it may be started anew. */
  readonly permits: Set<number>;
}

/**
 * What servers say of their own `max_connections`, and what links may have of that. It is forgotten with
 * the last link: only a server that was started anew can have another one, and that ends all links.
 */
export class ServerCaps {
  readonly #changed: (server: ServerName, cap: ServerCap) => void;
  readonly #known = new Map<ServerName, Known>();
  #shares: ServerShares = new Map();

  /** `changed` gets each cap that may have become another one. */
  constructor(changed: (server: ServerName, cap: ServerCap) => void) {
    this.#changed = changed;
  }

  /** The configuration says something else. */
  configure(shares: ServerShares): void {
    const before = this.#shares;
    this.#shares = shares;
    for (const server of new Set([...before.keys(), ...shares.keys()])) this.#tell(server);
  }

  /** The server has let in the link of this permit. */
  established(server: ServerName, permit: number): void {
    this.#of(server).permits.add(permit);
  }

  /** It has said so on that link. */
  learned(server: ServerName, permit: number, maxConnections: number): void {
    const known = this.#of(server);
    known.permits.add(permit);
    if (known.maxConnections === maxConnections) return;
    known.maxConnections = maxConnections;
    this.#tell(server);
  }

  /** The permit has come back. */
  gone(server: ServerName, permit: number): void {
    const known = this.#known.get(server);
    if (known === undefined || !known.permits.delete(permit) || known.permits.size > 0) return;
    this.#known.delete(server);
    this.#tell(server);
  }

  /** What is known of a server; undefined: nothing. */
  maxConnections(server: ServerName): number | undefined {
    return this.#known.get(server)?.maxConnections;
  }

  /** `linksOf`: how many count at a server. */
  view(linksOf: (server: ServerName) => number): readonly ServerCapView[] {
    return [...this.#shares].map(([server, share]) => {
      const maxConnections = this.maxConnections(server);
      const { linksMax } = serverCap(share, maxConnections);
      const links = linksOf(server);
      return {
        server,
        percent: share.percent,
        maxConnections: maxConnections ?? 0,
        linksMax,
        links,
      };
    });
  }

  #of(server: ServerName): Known {
    let known = this.#known.get(server);
    if (known === undefined) {
      known = { maxConnections: undefined, permits: new Set() };
      this.#known.set(server, known);
    }
    return known;
  }

  #tell(server: ServerName): void {
    const share = this.#shares.get(server);
    const cap = share === undefined ? NO_CAP : serverCap(share, this.maxConnections(server));
    this.#changed(server, cap);
  }
}

/** Rounded down, and at least one for clients. */
export function serverCap(
  { percent, watched }: ServerShare,
  maxConnections: number | undefined,
): ServerCap {
  const least = watched ? 2 : 1;
  if (maxConnections === undefined) return { linksMax: least, provisional: true };
  const linksMax = Math.max(least, Math.floor((maxConnections * percent) / 100));
  return { linksMax, provisional: false };
}
