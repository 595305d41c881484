import type { ErrorFields } from '@pgweir/protocol';
import { LookUps } from './auth-query/look-ups';
import { Dialer, socketOptions } from './backend/dialer';
import { Link } from './backend/link';
import { CancelDesk } from './cancel/cancel-desk';
import { ChunkClock } from './chunk-clock';
import { Conditions } from './conditions';
import { ClientCounts } from './frontend/client-counts';
import { firstHandler } from './frontend/first-handler';
import { ScramSecrets } from './frontend/scram-secrets';
import { Session } from './frontend/session';
import type { SessionContext } from './frontend/session-context';
import { Strangers } from './frontend/strangers';
import { Ids } from './ids';
import { Maintenance } from './maintenance';
import { OpenListeners } from './open-listeners';
import { Orders } from './orders';
import { Database } from './pool/database';
import { outgrown } from './pool/outgrown';
import { Pool } from './pool/pool';
import { databaseSettingsFor } from './pool/pool-limits';
import { PoolProofs } from './pool/proof-logins';
import type { PoolerContext } from './pooler-context';
import type { PoolerNeeds, PoolerState } from './pooler-needs';
import type { ClientVerifier } from './ports/client-verifier';
import type { CredentialSource } from './ports/credential-source';
import type { DaemonSnapshot, DaemonView, SnapshotPart } from './ports/daemon-view';
import type { LinkBudget, Permit } from './ports/link-budget';
import type { Logger } from './ports/logger';
import {
  type ClientId,
  type DatabaseName,
  type LinkId,
  type PoolKey,
  poolKey,
  replicaPoolKey,
  type UserName,
} from './ports/names';
import type { PositionSource } from './ports/position-source';
import type { SocketPeers } from './ports/socket-peers';
import type { TopologySource } from './ports/topology-source';
import type { Address, Listener, Transport, Wire } from './ports/transport';
import type { VirtualDatabase } from './ports/virtual-database';
import type { WelcomeExchange } from './ports/welcome-exchange';
import type { CancelIdentity, ClientTotals } from './ports/worker-identity';
import { applySettings, revive } from './reload';
import { DatabaseReads } from './routing/database-reads';
import type { ReplicaPositions } from './routing/replica-positions';
import { StateKnowledge } from './session-state/state-knowledge';
import type { PoolerSettings } from './settings/settings';
import { StatementWatch } from './statements/statement-watch';
import { cancelsOver, endWaits, isSettled } from './stopping';
import type { ReplicaServer } from './topology/replica-servers';
import { StaticTopology } from './topology/static-topology';
import { Tracing } from './tracing/tracing';
import { TrafficLog } from './traffic-log';
import { snapshotOf } from './view';

/** How long a wire that we have ended may stay open on the other side. */
const LINGER_MS = 5000;

/** One whole pooler: listeners, sessions, pools and links of one process. */
export class Pooler implements PoolerContext, SessionContext, DaemonView {
  readonly clock: ChunkClock;
  readonly log: Logger;
  readonly budget: LinkBudget;
  readonly verifier: ClientVerifier;
  readonly lookUps = new LookUps(this);
  readonly proofs = new PoolProofs(this);
  readonly socketPeers: SocketPeers | undefined;
  readonly tracing: Tracing | undefined;
  readonly cancels: CancelDesk;
  readonly dialer: Dialer;
  readonly sessions = new Map<ClientId, Session>();
  readonly databases = new Map<DatabaseName, Database>();
  readonly pools = new Map<PoolKey, Pool>();
  /** Pools of databases that a reload has removed, until their links are gone. */
  readonly retiredPools = new Set<Pool>();
  /** Wires that were ended, and when to lose patience. */
  readonly lingering = new Map<Wire, number>();
  readonly topology: TopologySource;
  readonly sharedWelcomes: WelcomeExchange | undefined;
  settings: PoolerSettings;
  credentials: CredentialSource;
  scramSecrets: ScramSecrets;
  readonly stateKnowledge: StateKnowledge;
  readonly statements: StatementWatch;
  state: PoolerState = 'serving';
  readonly counts: ClientCounts;
  readonly conditions = new Conditions();
  /** What an operator has ordered. */
  readonly orders = new Orders(this);
  readonly strangers = new Strangers();
  readonly traffic = new TrafficLog(this);
  readonly #listeners = new OpenListeners();
  readonly #transport: Transport;
  readonly #positionSource: PositionSource | undefined;
  readonly #virtualDatabases = new Map<string, VirtualDatabase>();
  readonly #stopMaintenance: () => void;
  readonly #clientIds: Ids;
  readonly #linkIds: Ids;

  constructor(needs: PoolerNeeds) {
    this.settings = needs.settings;
    this.credentials = needs.credentials;
    this.verifier = needs.verifier;
    this.socketPeers = needs.socketPeers;
    this.clock = new ChunkClock(needs.clock);
    this.log = needs.log;
    this.budget = needs.budget;
    this.#transport = needs.transport;
    const { worker } = needs;
    this.sharedWelcomes = worker?.welcomes;
    this.counts = new ClientCounts(() => worker?.clientsChanged());
    this.#clientIds = new Ids(worker?.number);
    this.#linkIds = new Ids(worker?.number);
    this.stateKnowledge = new StateKnowledge(needs.sql);
    this.statements = new StatementWatch({ ...needs, clock: this.clock, stopwatch: needs.clock });
    this.#positionSource = needs.positions;
    this.topology = needs.topology ?? new StaticTopology(needs.settings);
    this.scramSecrets = new ScramSecrets(needs.settings.mockAuthenticationSecret);
    for (const virtual of needs.virtualDatabases)
      for (const name of virtual.names) this.#virtualDatabases.set(name, virtual);
    this.tracing = needs.observer && new Tracing(needs.observer, this.clock);
    const pooler = this;
    const live = {
      ...needs,
      get settings() {
        return pooler.settings;
      },
      get credentials() {
        return pooler.credentials;
      },
      clock: this.clock,
    };
    this.cancels = new CancelDesk(live);
    this.dialer = new Dialer(live);
    this.#stopMaintenance = new Maintenance(this, needs.resolver).begin(needs.clock);
    this.#openForcedPools();
  }

  /** Starts listening at one address, or on a descriptor that does so. @throws the system's error */
  async listen(address: Address, backlog: number, descriptor?: number): Promise<Listener> {
    const options = { backlog, descriptor, ...socketOptions(this.settings) };
    const listener = await this.#transport.listen(address, options, (wire) => this.#accepted(wire));
    this.#listeners.add(listener);
    return listener;
  }

  #accepted(wire: Wire): void {
    const id = this.#clientIds.next((taken) => this.sessions.has(taken as ClientId));
    const session = new Session(this, id as ClientId, wire);
    if (this.state === 'stopped') return wire.destroy();
    this.sessions.set(session.id, session);
    wire.handler = firstHandler(session, this);
    this.strangers.came(session, this.settings.clientsMax);
  }

  get draining(): boolean {
    return this.state !== 'serving' && this.state !== 'retiring';
  }

  letsIn(session: Session): boolean {
    if (this.state === 'draining-clients') return this.strangers.isExpected(session);
    return !this.draining;
  }

  /** Pools of forced users keep `min_pool_size` without a client. */
  #openForcedPools(): void {
    for (const name of this.settings.databases.keys()) {
      const database = this.database(name);
      const user = database?.settings.forcedUser;
      if (database !== undefined && user !== undefined) this.pool(database, user);
    }
  }

  database(name: DatabaseName): Database | undefined {
    const known = this.databases.get(name);
    if (known !== undefined) return known;
    const found = databaseSettingsFor(this.settings, name);
    if (found === undefined) return undefined;
    const database =
      revive(this, name, found) ??
      new Database(name, {
        settings: found.entry,
        automatic: found.automatic,
        topology: this.topology,
      });
    database.usedAtMs = this.clock.nowMs();
    database.counters.times.measureQueries(this.settings.measuresQueries);
    this.databases.set(name, database);
    if (found.automatic) this.traffic.databaseRegistered(name);
    return database;
  }

  positions(database: Database): ReplicaPositions | undefined {
    return database.positions ?? database.learnPositions(this.#positionSource, this.settings);
  }

  reads(database: Database): DatabaseReads {
    database.reads ??= new DatabaseReads(this, database);
    return database.reads;
  }

  forcedUser(name: DatabaseName): UserName | undefined {
    return databaseSettingsFor(this.settings, name)?.entry.forcedUser;
  }

  pool(database: Database, user: UserName): Pool {
    const key = poolKey(database.name, user);
    let pool = this.pools.get(key);
    if (pool === undefined) {
      pool = new Pool(this, { database, user, key });
      this.pools.set(key, pool);
    }
    return pool;
  }

  replicaPool(main: Pool, replica: ReplicaServer): Pool {
    const key = replicaPoolKey(main.key, replica.key);
    let pool = this.pools.get(key);
    if (pool === undefined) {
      const { databaseState: database, user } = main;
      pool = new Pool(this, { database, user, key, replica, main });
      this.pools.set(key, pool);
    }
    pool.main = main;
    main.replicaPools.set(replica, pool);
    return pool;
  }

  everyPool(): readonly Pool[] {
    return [...this.pools.values(), ...this.retiredPools];
  }

  /** The pool's database has been removed: one of the same name would be another. */
  retirePool(pool: Pool): void {
    this.pools.delete(pool.key);
    this.retiredPools.add(pool);
    pool.retireAll('database removed');
  }

  newLink(pool: Pool, permit: Permit): Link {
    return new Link(this.#linkIds.next(() => false) as LinkId, pool, {
      permit,
      clock: this.clock,
      frameBytesMax: this.settings.packetBytesMax,
    });
  }

  virtualDatabase(name: string): VirtualDatabase | undefined {
    return this.#virtualDatabases.get(name);
  }

  clientsOfUser(user: UserName): number {
    return this.counts.ofUser(user);
  }

  clientsOfDatabase(database: DatabaseName): number {
    return this.counts.ofDatabase(database);
  }

  /** The clients of this process, for the caps of the other workers. */
  clientTotals(): ClientTotals {
    return this.counts.ownTotals();
  }

  /** The clients of all other workers. */
  setOtherClients(others: ClientTotals): void {
    this.counts.setOthers(others);
  }

  /** Another worker was asked to cancel what a client of ours runs. `answer` as `CancelDesk` has it. */
  cancelFromElsewhere(identity: CancelIdentity, answer: (found: boolean) => void): void {
    this.cancels.requestOwn(identity, answer);
  }

  countClient(session: Session): boolean {
    this.counts.came(session);
    this.strangers.left(session);
    return this.settings.clientsMax === 0 || this.counts.total <= this.settings.clientsMax;
  }

  admitted(session: Session, identity: string | undefined): void {
    this.counts.admitted(session);
    this.traffic.admitted(session, identity);
  }

  sessionClosed(session: Session, reason: string): void {
    this.sessions.delete(session.id);
    this.strangers.left(session);
    this.counts.left(session, this.clock.nowMs());
    const cancel = session.virtual?.cancelKey ?? session.admission?.cancel;
    if (cancel !== undefined) this.cancels.forget(cancel);
    this.traffic.clientClosed(session, reason);
    this.conditions.check();
  }

  poolerError(session: Session, error: ErrorFields, why: string): void {
    this.counts.failed(session, error);
    this.traffic.clientFailed(session, error, why);
    session.trace?.failed(error.code);
  }

  /** The session behind what a pool or a link knows only by its interface. */
  sessionOf(known: unknown): Session | undefined {
    return known instanceof Session ? known : undefined;
  }

  linger(wire: Wire): void {
    this.lingering.set(wire, this.clock.nowMs() + LINGER_MS);
  }

  lingered(wire: Wire): void {
    this.lingering.delete(wire);
  }

  get opensLinks(): boolean {
    return this.state !== 'draining-links' && this.state !== 'stopped';
  }

  reasonToRetire(pool: Pool, link: Link): string | undefined {
    if (link.retireReason !== undefined) return link.retireReason;
    if (!this.opensLinks) return 'server shutting down';
    return outgrown(pool, link, this.clock.nowMs());
  }

  linkClosing(pool: Pool, link: Link): void {
    this.traffic.linkClosing(pool, link);
  }

  cancelLink(_pool: Pool, link: Link): void {
    const wanted = () => link.owed.ready > 0 && link.session === undefined;
    this.cancels.forward(link, wanted, () => undefined);
  }

  soon(run: () => void): void {
    queueMicrotask(() => {
      run();
      this.conditions.check();
    });
  }

  /** Applies a new configuration as a whole. */
  reload(settings: PoolerSettings, credentials: CredentialSource): void {
    this.credentials = credentials;
    applySettings(this, settings);
    this.#listeners.tune(socketOptions(settings));
    this.#openForcedPools();
  }

  /** Stops accepting. Resolves when everybody who was connected has left. */
  async retire(): Promise<void> {
    this.state = 'retiring';
    await this.#listeners.close();
    await this.conditions.until(() => isSettled(this));
  }

  /**
   * Ends listening and begins to drain. Resolves when nothing is left to wait for. In a group, Unix
   * sockets stay open for cancel requests and the console until `stop`.
   */
  async drain(until: 'clients-left' | 'links-closed'): Promise<void> {
    this.state = until === 'clients-left' ? 'draining-clients' : 'draining-links';
    if (this.settings.peerId > 0) await this.#listeners.closePublic();
    else await this.#listeners.close();
    this.strangers.portsClosed(this.clock, () => this.conditions.check());
    if (until === 'links-closed') endWaits(this);
    await this.conditions.until(() => isSettled(this));
  }

  /** Closes everything at once. */
  async stop(): Promise<void> {
    this.state = 'stopped';
    this.#stopMaintenance();
    const closing = this.#listeners.close();
    for (const session of [...this.sessions.values()]) session.close('shutdown');
    for (const pool of this.everyPool()) {
      for (const link of [...pool.links]) link.close('shutdown');
    }
    await closing;
    await cancelsOver(this);
    this.conditions.end();
  }

  async snapshot(parts: readonly SnapshotPart[]): Promise<DaemonSnapshot> {
    return snapshotOf(this, parts);
  }
}
