import type { ServerName } from '../ports/names';
import { type HolderAccount, limitKey } from './budget-account';
import type { LinkCounts } from './budget-counts';

/**
 * The servers that one link counts at: at first all that it may lead to, later the one that is dialed. So
 * a server never has more than it may, whichever of several a link goes to.
 */
export class ServerLinks {
  servers: readonly ServerName[];
  readonly #account: HolderAccount;
  readonly #counts: LinkCounts;

  constructor(
    account: HolderAccount,
    counts: LinkCounts,
    servers: readonly ServerName[] | undefined,
  ) {
    this.#account = account;
    this.#counts = counts;
    this.servers = [];
    this.#become([...new Set(servers)]);
  }

  /** @returns whether it counts elsewhere now */
  narrow(server: ServerName): boolean {
    if (this.servers.length === 1 && this.servers[0] === server) return false;
    this.#become([server]);
    return true;
  }

  end(): void {
    this.#become([]);
  }

  #become(servers: readonly ServerName[]): void {
    // The new ones first: an account is not to look for a moment as if it had none.
    for (const server of servers) this.#count(server, 1);
    for (const server of this.servers) this.#count(server, -1);
    this.servers = servers;
  }

  #count(server: ServerName, by: 1 | -1): void {
    this.#counts.countServer(this.#account, limitKey('server', server), by);
  }
}
