import { abandonedDial, type DialFailure, serverUnreachable } from '../pool/dial-gate';
import type { Pool } from '../pool/pool';
import type { Clock } from '../ports/clock';
import type { CredentialSource } from '../ports/credential-source';
import { serverName } from '../ports/names';
import type { Resolver } from '../ports/resolver';
import type { PasswordTry, ServerPassword, ServerPasswords } from '../ports/server-passwords';
import type { ServerEndpoint } from '../ports/topology-source';
import type { Address, SocketOptions, Transport } from '../ports/transport';
import type { PoolerSettings } from '../settings/settings';
import type { Link } from './link';
import { LinkLogin, noPassword } from './link-login';
import { isUnixDirectory, unixSocketAddress } from './server-address';

/** What a new link is for. A dedicated one is opened with its client's own startup parameters. */
export type DialPurpose =
  | { readonly kind: 'pooled' }
  | { readonly kind: 'dedicated'; readonly startupParameters: ReadonlyMap<string, string> }
  /** The login is to prove a password, at one server. What it comes to is no matter of the pool's. */
  | {
      readonly kind: 'proof';
      readonly server: Pick<ServerEndpoint, 'host' | 'port'>;
      readonly password: ServerPassword;
    };

interface DialerNeeds {
  readonly settings: PoolerSettings;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly credentials: CredentialSource;
  readonly serverPasswords?: ServerPasswords;
}

/** Opens links: picks a server, finds a password, resolves its name, connects, logs in. */
export class Dialer {
  readonly #needs: DialerNeeds;

  constructor(needs: DialerNeeds) {
    this.#needs = needs;
  }

  /**
   * Brings `link` from `dialing` to a state in which it can be lent. `done` is called once, and not
   * within this call: without a failure, or with one after the link has begun to close.
   */
  dial(link: Link, pool: Pool, purpose: DialPurpose, done: (failure?: DialFailure) => void): void {
    new Dial(this.#needs, { link, pool, purpose, done }).start();
  }

  /** It is known that there is no password now for any link that the pool could open. */
  lacksPassword({ database, user, servers: { candidates } }: Pool): boolean {
    const { serverPasswords } = this.#needs;
    if (serverPasswords?.lacks === undefined || candidates.length === 0) return false;
    return candidates.every(
      ({ host, port }) => serverPasswords.lacks?.({ database, user, host, port }) === true,
    );
  }
}

interface DialJob {
  readonly link: Link;
  readonly pool: Pool;
  readonly purpose: DialPurpose;
  readonly done: (failure?: DialFailure) => void;
}

/** One attempt to open a link. Tries the addresses of its server's name one after the other. */
class Dial {
  readonly #needs: DialerNeeds;
  readonly #job: DialJob;
  #login: LinkLogin | undefined;
  /** Where the password is made or fetched for this login. */
  #try: PasswordTry | undefined;
  #password: ServerPassword | undefined;
  #untried: readonly Address[] = [];
  /** Its server's place in the list, counted on and on. */
  #host = 0;
  #over = false;
  /** It has been looked for its server: what comes of it says something about that. */
  #isReaching = false;
  #cancelTimer: () => void = () => undefined;

  constructor(needs: DialerNeeds, job: DialJob) {
    this.#needs = needs;
    this.#job = job;
  }

  start(): void {
    const { clock } = this.#needs;
    const endpoint = this.#pick();
    const { servers } = this.#job.pool;
    if (endpoint === undefined) {
      // Where roles are followed, one may have been there when the link was asked for.
      const none = serverUnreachable('no server is configured for this database');
      const isProof = this.#job.purpose.kind === 'proof';
      const others = servers.isOn ? abandonedDial() : none;
      // The server was one of the database's when the proof was asked for.
      const failure: DialFailure = isProof ? { ...none, kind: 'rejected' } : others;
      clock.after(0, () => this.#finish(failure));
      return;
    }
    const origin = servers.originOf(endpoint);
    this.#job.link.origin = origin;
    // Where a name led before that may be who was primary then.
    if (servers.entersEpoch(origin)) this.#needs.resolver.forget?.([endpoint.host]);
    this.#job.link.hostName = endpoint.host;
    const server = serverName(endpoint);
    const counters = this.#job.pool.databaseState.targetAt(server);
    counters.requests++;
    this.#job.link.target = { server, counters, allows: 0 };
    this.#job.link.permit.leadsTo(server);
    // Closed by whoever has no use for it any more; never within this call, as `done` must not come there.
    this.#job.link.onLost = () => void clock.after(0, () => this.#finish(abandonedDial()));
    this.#findPassword(endpoint, () => this.#reach(endpoint));
  }

  /** First, so that no connection waits for it at the server. */
  #findPassword({ host, port }: ServerEndpoint, found: () => void): void {
    const { clock, serverPasswords } = this.#needs;
    const { database, user } = this.#job.pool;
    const { purpose } = this.#job;
    if (purpose.kind === 'proof') {
      this.#password = purpose.password;
      found();
      return;
    }
    // That it takes long is not the server's fault.
    this.#limit(() => this.#finish(noPassword('its password was not found in time', undefined)));
    this.#try = serverPasswords?.begin({ database, user, host, port }, (answer) => {
      if (this.#over || this.#job.link.phase !== 'dialing') return;
      if (answer.kind === 'none') {
        const { reason, hint, loggedReason } = answer;
        clock.after(0, () => this.#finish(noPassword(reason, hint, loggedReason)));
        return;
      }
      this.#password = answer;
      found();
    });
    if (this.#try === undefined) found();
  }

  /** `server_connect_timeout` begins anew, for what comes now. */
  #limit(tooLate: () => void): void {
    const { settings, clock } = this.#needs;
    this.#cancelTimer();
    const limitMs = settings.serverConnectTimeoutMs;
    if (limitMs > 0) this.#cancelTimer = clock.after(limitMs, tooLate);
  }

  #reach(endpoint: ServerEndpoint): void {
    const { clock } = this.#needs;
    this.#isReaching = true;
    this.#limit(() => this.#tooLate());
    if (isUnixDirectory(endpoint.host)) {
      this.#connectTo([unixSocketAddress(endpoint.host, endpoint.port)]);
      return;
    }
    this.#needs.resolver.resolve(endpoint.host, (result) => {
      if (this.#over || this.#job.link.phase !== 'dialing') return;
      if ('error' in result) {
        const failure = serverUnreachable(`server DNS lookup failed: ${result.error.message}`);
        clock.after(0, () => this.#finish(failure));
        return;
      }
      const { port } = endpoint;
      this.#connectTo(result.addresses.map((host) => ({ kind: 'tcp', host, port })));
    });
  }

  get #servers(): readonly ServerEndpoint[] {
    return this.#job.pool.servers.candidates;
  }

  #pick(): ServerEndpoint | undefined {
    const { databaseState } = this.#job.pool;
    const { purpose } = this.#job;
    if (purpose.kind === 'proof') {
      const { host, port } = purpose.server;
      return databaseState.servers.find(
        (one) => one.host.toLowerCase() === host && one.port === port,
      );
    }
    const servers = this.#servers;
    this.#host = databaseState.nextHost;
    // At once: of several dials that begin together each goes to another host.
    if (databaseState.settings.loadBalanceHosts === 'round-robin') databaseState.nextHost++;
    return servers[this.#host % Math.max(1, servers.length)];
  }

  /** @returns false when there is no address (left) */
  #connectTo(addresses: readonly Address[]): boolean {
    const [address, ...untried] = addresses;
    if (address === undefined) return false;
    const { settings, clock, credentials, transport } = this.#needs;
    const { link, pool, purpose } = this.#job;
    this.#untried = untried;
    this.#login = new LinkLogin(link, pool, purpose, {
      settings,
      credentials,
      password: this.#password,
      done: (failure) => this.#finish(failure),
      nextAddress: () => !this.#over && this.#connectTo(this.#untried),
    });
    link.address = address;
    link.connectedAtMs = clock.nowMs();
    link.wire = transport.connect(address, socketOptions(settings), this.#login);
    return true;
  }

  #tooLate(): void {
    const what = this.#login?.phase === 'auth' ? 'login timeout' : 'connect timeout';
    this.#finish(serverUnreachable(what));
  }

  #finish(failure?: DialFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer();
    const counters = this.#job.link.target?.counters;
    if (counters !== undefined && failure === undefined) counters.succeeded++;
    else if (counters !== undefined && failure?.kind !== 'abandoned') counters.failed++;
    if (this.#job.link.phase !== 'closed') this.#job.link.onLost = undefined;
    if (failure !== undefined) {
      this.#job.link.close(failure.reason);
      // After a failover the name may lead elsewhere.
      const { mayFailOver } = this.#job.pool.servers;
      if (mayFailOver && this.#isReaching) this.#needs.resolver.forget?.([this.#job.link.hostName]);
    }
    if (this.#job.purpose.kind === 'proof') {
      this.#proofEnded(failure);
      return;
    }
    if (failure?.kind === 'unreachable') {
      this.#try?.giveUp();
      this.#job.pool.servers.noticed(this.#job.link, 'refused');
      this.#leaveHost();
      this.#job.done({ ...failure, hasAnother: this.#hasOtherHost() });
      return;
    }
    if (failure === undefined) this.#job.pool.databaseState.unreachedHosts.clear();
    this.#judgePassword(failure);
  }

  /** Whoever sends a bad password shall not make a server look bad. */
  #proofEnded(failure: DialFailure | undefined): void {
    const { link, pool, done } = this.#job;
    const isUnreachable = failure?.kind === 'unreachable' && !link.startupSent;
    if (isUnreachable) pool.servers.noticed(link, 'refused');
    done(failure);
  }

  #judgePassword(failure: DialFailure | undefined): void {
    const { done } = this.#job;
    const trial = this.#try;
    if (failure?.passwordRefused === true && trial !== undefined && this.#password !== undefined) {
      trial.refused((another) => done(another ? { ...failure, hasAnother: true } : failure));
      return;
    }
    if (failure === undefined) trial?.accepted();
    else trial?.giveUp();
    done(failure);
  }

  /** Whether there is a host that has not been tried since one was reached, or all had been tried. */
  #hasOtherHost(): boolean {
    const { unreachedHosts: unreached } = this.#job.pool.databaseState;
    const { length } = this.#servers;
    unreached.add(this.#host % Math.max(1, length));
    if (unreached.size < length) return true;
    unreached.clear();
    return false;
  }

  /** All dials leave a host that could not be reached, also with `disable`. Together they do so once. */
  #leaveHost(): void {
    const { databaseState } = this.#job.pool;
    if (databaseState.nextHost === this.#host) databaseState.nextHost++;
  }
}

export function socketOptions(settings: PoolerSettings): SocketOptions {
  return { keepAlive: settings.tcpKeepAlive, keepIdleSeconds: settings.tcpKeepIdleSeconds };
}
