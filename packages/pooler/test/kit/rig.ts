import { cancelRequestPacket } from '@pgweir/protocol';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import { StoredSecretVerifier } from '../../src/frontend/stored-secret-verifier';
import { LocalLinkBudget } from '../../src/pool/local-budget';
import type { Pool } from '../../src/pool/pool';
import { Pooler } from '../../src/pooler';
import type { CredentialSource } from '../../src/ports/credential-source';
import { databaseName, poolKey, userName } from '../../src/ports/names';
import type { PositionSource } from '../../src/ports/position-source';
import type { Resolver } from '../../src/ports/resolver';
import type { ServerPasswords } from '../../src/ports/server-passwords';
import type { SocketPeers } from '../../src/ports/socket-peers';
import type { TopologySource } from '../../src/ports/topology-source';
import type { TransactionObserver } from '../../src/ports/transaction-observer';
import type { VirtualDatabase } from '../../src/ports/virtual-database';
import type { WorkerIdentity } from '../../src/ports/worker-identity';
import type { PoolerSettings } from '../../src/settings/settings';
import { SqlKnowledge } from '../../src/sql/classify';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { FakeServer } from './fake-server';
import { query } from './messages';
import { poolerSettings } from './settings';
import { TaskQueue } from './task-queue';
import { TestClient } from './test-client';

const EVERYBODY: CredentialSource = { lookup: () => ({ kind: 'none' }) };
const RESOLVER: Resolver = { resolve: (_host, done) => done({ addresses: ['10.0.0.2'] }) };

/** What a rig gets from outside; without it everybody is known and no password is. */
interface Outside {
  readonly credentials?: CredentialSource;
  readonly virtualDatabases?: readonly VirtualDatabase[];
  readonly worker?: WorkerIdentity;
  readonly resolver?: Resolver;
  readonly serverPasswords?: ServerPasswords;
  readonly socketPeers?: SocketPeers;
  readonly topology?: TopologySource;
  readonly positions?: PositionSource;
  readonly observer?: TransactionObserver;
}

/** One for all tests of a file. */
const GRAMMAR = loadGrammar();

/** A whole pooler between test clients and a fake PostgreSQL, with time and network in hand. */
export class Rig {
  readonly tasks = new TaskQueue();
  readonly server = new FakeServer(this.tasks);
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly budget = new LocalLinkBudget();
  readonly pooler: Pooler;
  #nextPort = 40_000;

  constructor(settings: PoolerSettings, grammar: Grammar, outside: Outside = {}) {
    const { credentials = EVERYBODY, virtualDatabases = [], resolver = RESOLVER } = outside;
    this.pooler = new Pooler({
      settings,
      credentials,
      verifier: new StoredSecretVerifier(),
      transport: this.server,
      resolver,
      budget: this.budget,
      clock: this.clock,
      log: this.log,
      sql: new SqlKnowledge(grammar),
      virtualDatabases,
      ...(outside.serverPasswords === undefined
        ? {}
        : { serverPasswords: outside.serverPasswords }),
      ...(outside.worker === undefined ? {} : { worker: outside.worker }),
      ...(outside.topology === undefined ? {} : { topology: outside.topology }),
      ...(outside.positions === undefined ? {} : { positions: outside.positions }),
      ...(outside.observer === undefined ? {} : { observer: outside.observer }),
      ...(outside.socketPeers === undefined ? {} : { socketPeers: outside.socketPeers }),
    });
  }

  static async open(changes: Partial<PoolerSettings> = {}, outside: Outside = {}): Promise<Rig> {
    const rig = new Rig(poolerSettings(changes), await GRAMMAR, outside);
    await rig.pooler.listen({ kind: 'tcp', host: '127.0.0.1', port: 6432 }, 128);
    return rig;
  }

  settle(): Promise<void> {
    return this.tasks.settle();
  }

  /** Lets time pass; the network settles after every timer. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    for (;;) {
      await this.settle();
      const dueMs = this.clock.nextDueMs;
      if (dueMs === undefined || dueMs > untilMs) break;
      this.clock.advance(Math.max(0, dueMs - this.clock.nowMs()));
    }
    this.clock.advance(untilMs - this.clock.nowMs());
    await this.settle();
  }

  /** A connected client that has sent nothing. */
  stranger(host = '10.0.0.9'): TestClient {
    return new TestClient(this.server.accept({ kind: 'tcp', host, port: this.#nextPort++ }));
  }

  /** A client that has sent its startup packet. */
  caller(parameters: Readonly<Record<string, string>> = {}): TestClient {
    const client = this.stranger();
    client.start({ user: 'alice', database: 'app', ...parameters });
    return client;
  }

  /** A client that has logged in. What it was sent for that is forgotten. */
  async client(parameters: Readonly<Record<string, string>> = {}): Promise<TestClient> {
    const client = this.caller(parameters);
    await this.settle();
    if (!client.tags.endsWith('Z'))
      throw new Error(`login failed: ${JSON.stringify(client.errors)}`);
    client.forget();
    return client;
  }

  /** As many clients as asked for, logged in. */
  async clients(count: number): Promise<readonly TestClient[]> {
    const clients: TestClient[] = [];
    for (let i = 0; i < count; i++) clients.push(await this.client());
    return clients;
  }

  /** Clients that hold a link each, by an open transaction. */
  async holders(count: number): Promise<readonly TestClient[]> {
    const clients = await this.clients(count);
    for (const client of clients) client.send(query('BEGIN'));
    await this.settle();
    for (const client of clients) client.forget();
    return clients;
  }

  /** Sends a cancel request for a client, over a connection of its own. */
  async cancel(client: TestClient): Promise<TestClient> {
    const messenger = this.stranger();
    const { processId, key } = client.identity;
    messenger.send(cancelRequestPacket(processId, key));
    await this.settle();
    return messenger;
  }

  pool(database = 'app', user = 'alice'): Pool {
    const pool = this.pooler.pools.get(poolKey(databaseName(database), userName(user)));
    if (pool === undefined) throw new Error(`no pool ${database}/${user}`);
    return pool;
  }

  async stop(): Promise<void> {
    await this.pooler.stop();
    await this.settle();
  }
}
