import { type DialFailure, unreachable } from '../pool/dial-gate';
import type { Pool } from '../pool/pool';
import type { Clock } from '../ports/clock';
import type { CredentialSource } from '../ports/credential-source';
import type { Resolver } from '../ports/resolver';
import type { ServerEndpoint, TopologySource } from '../ports/topology-source';
import type { Address, SocketOptions, Transport } from '../ports/transport';
import type { PoolerSettings } from '../settings/settings';
import { FALLBACK_SERVERS } from '../topology/static-topology';
import type { Link } from './link';
import { LinkLogin } from './link-login';
import { isUnixDirectory, unixSocketAddress } from './server-address';

/** What a new link is for. A dedicated one is opened with its client's own startup parameters. */
export type DialPurpose =
  | { readonly kind: 'pooled' }
  | { readonly kind: 'dedicated'; readonly startupParameters: ReadonlyMap<string, string> };

interface DialerNeeds {
  readonly settings: PoolerSettings;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly topology: TopologySource;
  readonly credentials: CredentialSource;
}

/** Opens links: picks a server, resolves its name, connects, logs in. */
export class Dialer {
  readonly #needs: DialerNeeds;

  constructor(needs: DialerNeeds) {
    this.#needs = needs;
  }

  /**
   * Brings `link` from `dialing` to a state in which it can be lent. `done` is called once: without a
   * failure, or with one after the link has begun to close.
   */
  dial(link: Link, pool: Pool, purpose: DialPurpose, done: (failure?: DialFailure) => void): void {
    const { settings, clock } = this.#needs;
    let login: LinkLogin | undefined;
    let over = false;
    const finish = (failure?: DialFailure) => {
      if (over) return;
      over = true;
      cancelTimer();
      if (failure !== undefined) link.close(failure.reason);
      done(failure);
    };
    const tooLate = () =>
      finish(unreachable(login?.phase === 'auth' ? 'login timeout' : 'connect timeout'));
    const limitMs = settings.serverConnectTimeoutMs;
    const cancelTimer = limitMs === 0 ? () => undefined : clock.after(limitMs, tooLate);
    const endpoint = this.#pick(pool);
    if (endpoint === undefined) {
      // Not within the caller's call: it has not finished its own bookkeeping yet.
      clock.after(0, () => finish(unreachable('no server is configured for this database')));
      return;
    }
    link.hostName = endpoint.host;
    this.#resolve(endpoint, (result) => {
      if (over) return;
      if ('error' in result) {
        this.#nextHost(pool, true);
        finish(unreachable(`server DNS lookup failed: ${result.error.message}`));
        return;
      }
      login = new LinkLogin(link, pool, purpose, {
        settings: this.#needs.settings,
        credentials: this.#needs.credentials,
        done: (failure) => {
          this.#nextHost(pool, failure?.kind === 'unreachable');
          finish(failure);
        },
      });
      link.address = result.address;
      link.connectedAtMs = clock.nowMs();
      link.wire = this.#needs.transport.connect(result.address, socketOptions(settings), login);
    });
  }

  #pick(pool: Pool): ServerEndpoint | undefined {
    const key = pool.databaseState.automatic ? FALLBACK_SERVERS : pool.database;
    const servers = this.#needs.topology.current.servers.get(key) ?? [];
    return servers[pool.databaseState.nextHost % Math.max(1, servers.length)];
  }

  /** Round robin moves on after every dial; `disable` only when a host could not be reached. */
  #nextHost(pool: Pool, failed: boolean): void {
    const database = pool.databaseState;
    if (failed || database.settings.loadBalanceHosts === 'round-robin') database.nextHost++;
  }

  #resolve(
    endpoint: ServerEndpoint,
    done: (result: { address: Address } | { error: Error }) => void,
  ): void {
    if (isUnixDirectory(endpoint.host)) {
      done({ address: unixSocketAddress(endpoint.host, endpoint.port) });
      return;
    }
    this.#needs.resolver.resolve(endpoint.host, (result) => {
      if ('error' in result) {
        done(result);
        return;
      }
      const host = result.addresses[0];
      if (host === undefined) done({ error: new Error(`${endpoint.host}: no address`) });
      else done({ address: { kind: 'tcp', host, port: endpoint.port } });
    });
  }
}

export function socketOptions(settings: PoolerSettings): SocketOptions {
  return { keepAlive: settings.tcpKeepAlive, keepIdleSeconds: settings.tcpKeepIdleSeconds };
}
