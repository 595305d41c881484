import type { Database } from '../../src/pool/database';
import { databaseName } from '../../src/ports/names';
import type { PositionSource, PositionSubscription } from '../../src/ports/position-source';
import type { TransactionObserver } from '../../src/ports/transaction-observer';
import type { DatabaseSettings, PoolerSettings } from '../../src/settings/settings';
import { inspected } from '../kit/answers';
import type { FakeBackend } from '../kit/fake-backend';
import { type HandServer, HandTopology } from '../kit/hand-topology';
import { frame, query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings, poolerSettings } from '../kit/settings';
import type { TestClient } from '../kit/test-client';
import { letCatalogAnswer } from '../lost-links/stage';
import { HandPositions, replica } from '../routing/hand-positions';

/** The ports of three servers: the first is primary. */
export const PRIMARY = 5001;
export const A = 5002;
export const B = 5003;
const HOST = 'db.test';

export const ALL: readonly HandServer[] = [
  { port: PRIMARY, role: 'primary' },
  { port: A, role: 'replica' },
  { port: B, role: 'replica' },
];
export const ONE_REPLICA = ALL.slice(0, 2);

/** Samples are taken as soon as somebody wants one, as long as `answersAtOnce`. */
class StagePositions extends HandPositions implements PositionSource {
  answersAtOnce = true;
  /** Where the primary is, and where replicas are, by port. */
  primary = 100;
  readonly replayed = new Map([
    [A, 100],
    [B, 100],
  ]);
  lagMs = 0;
  epoch = 1;
  /** How a sample takes its time. */
  later: ((run: () => void) => void) | undefined;

  override subscribe(...args: Parameters<HandPositions['subscribe']>): PositionSubscription {
    const subscription = super.subscribe(...args);
    return {
      ...subscription,
      want: (tick, why) => {
        subscription.want(tick, why);
        if (this.answersAtOnce) this.later?.(this.take());
      },
    };
  }

  /** Everything that was asked for is told. */
  sample(): void {
    this.take()();
  }

  /** What the servers say now. @returns tells it */
  take(): () => void {
    const { epoch, lagMs, primary } = this;
    const covers = this.wanted.at(-1)?.tick ?? 1;
    const replicas = [...this.replayed].map(([port, replayed]) =>
      replica({ host: HOST, port, role: 'replica' }, { replayed, covers, lagMs }),
    );
    return () => this.tell({ epoch, timeline: epoch, covers, primary, replicas });
  }
}

/** What is run to learn what a statement has left behind, and to prepare a link. */
const OUR_OWN =
  /pg_catalog\.|^DEALLOCATE ALL|^RESET |^SET LOCAL |^DISCARD |^SET SESSION|^BEGIN;RESET/;

export const splitSettings = (changes: Partial<DatabaseSettings> = {}): DatabaseSettings =>
  databaseSettings({
    hosts: [HOST, HOST, HOST],
    ports: [PRIMARY, A, B],
    readWriteSplit: true,
    ...changes,
  });

/** A pooler that sends reads of its database `app` to the replicas of three servers. */
export class Stage {
  readonly rig: Rig;
  readonly topology: HandTopology;
  readonly positions: StagePositions;
  /** What is done to backends of a port when they begin. */
  readonly #behaviours = new Map<number, (backend: FakeBackend) => void>();

  private constructor(rig: Rig, topology: HandTopology, positions: StagePositions) {
    this.rig = rig;
    this.topology = topology;
    this.positions = positions;
    const { server } = rig;
    const began = server.loginBegan.bind(server);
    server.loginBegan = (...args) => {
      const peer = began(...args);
      const backend = server.backends.at(-1);
      const { remote } = args[0];
      if (backend !== undefined && remote.kind === 'tcp')
        this.#behaviours.get(remote.port)?.(backend);
      return peer;
    };
  }

  static async open(
    database: Partial<DatabaseSettings> = {},
    changes: Partial<PoolerSettings> = {},
    servers: readonly HandServer[] = ALL,
    outside: { readonly observer?: TransactionObserver } = {},
  ): Promise<Stage> {
    const topology = new HandTopology(servers);
    const positions = new StagePositions();
    const databases = new Map([[databaseName('app'), splitSettings(database)]]);
    const rig = await Rig.open({ databases, ...changes }, { topology, positions, ...outside });
    positions.later = (run) => rig.tasks.push(run);
    letCatalogAnswer(rig);
    const stage = new Stage(rig, topology, positions);
    // Known from now on.
    const entry = rig.pooler.database(databaseName('app'));
    if (entry === undefined) throw new Error('no database');
    rig.pooler.positions(entry);
    const { judge } = rig.pooler.reads(entry);
    const text = Buffer.from('SELECT a FROM t, u, v WHERE a = 1');
    judge.isProvenRead(text, 0, text.length);
    positions.sample();
    return stage;
  }

  /** From now on a sample takes 10 ms. */
  slowDown(): void {
    const { clock, tasks } = this.rig;
    this.positions.later = (run) => void clock.after(10, () => tasks.push(run));
  }

  /** Each backend of this port, those that are there and those to come. */
  at(port: number, behave: (backend: FakeBackend) => void): void {
    this.#behaviours.set(port, behave);
    for (const backend of this.rig.server.liveAt(port)) behave(backend);
  }

  /** The only backend at this port. */
  only(port: number): FakeBackend {
    const [backend, another] = this.rig.server.liveAt(port);
    if (backend === undefined || another !== undefined)
      throw new Error(`not one backend at ${port}`);
    return backend;
  }

  /** What has run at this port, in order for each backend, without our own doings. */
  ran(port: number): readonly string[] {
    return this.rig.server.backends
      .filter(({ wire: { remote } }) => remote.kind === 'tcp' && remote.port === port)
      .flatMap(({ ran }) => ran.map(({ sql }) => sql))
      .filter((sql) => !OUR_OWN.test(sql));
  }

  /** What has run at a replica. */
  get onReplicas(): readonly string[] {
    return [...this.ran(A), ...this.ran(B)];
  }

  get onPrimary(): readonly string[] {
    return this.ran(PRIMARY);
  }

  get database(): Database {
    const database = this.rig.pooler.databases.get(databaseName('app'));
    if (database === undefined) throw new Error('no database');
    return database;
  }

  get counts(): { readonly replica: number; readonly primary: number; readonly rerouted: number } {
    const { replicaTransactions, readsOnPrimary, rerouted } = this.database.counters;
    return { replica: replicaTransactions, primary: readsOnPrimary, rerouted };
  }

  /** What is known of the servers changes. */
  async publish(
    servers: readonly HandServer[],
    roles: { readonly epoch: number; readonly holding: boolean } = { epoch: 1, holding: false },
  ): Promise<void> {
    this.topology.publish(servers, roles);
    await this.rig.settle();
  }

  async reload(
    database: Partial<DatabaseSettings>,
    changes: Partial<PoolerSettings> = {},
  ): Promise<void> {
    const databases = new Map([[databaseName('app'), splitSettings(database)]]);
    this.rig.pooler.reload(poolerSettings({ databases, ...changes }), {
      lookup: () => ({ kind: 'none' }),
    });
    await this.rig.settle();
  }
}

/** The servers, one of them changed. */
export function changed(port: number, change: Partial<HandServer>): readonly HandServer[] {
  return ALL.map((server) => (server.port === port ? { ...server, ...change } : server));
}

/** Bind of the unnamed portal to a statement, with one parameter if there is one. */
export function bindTo(name: string, parameter?: string): Buffer {
  const count = Buffer.alloc(4);
  if (parameter === undefined)
    return frame('B', Buffer.concat([Buffer.from(`\0${name}\0`), count, Buffer.alloc(2)]));
  count.writeUInt16BE(1, 2);
  const length = Buffer.alloc(4);
  length.writeInt32BE(parameter.length);
  const parts = [
    Buffer.from(`\0${name}\0`),
    count,
    length,
    Buffer.from(parameter),
    Buffer.alloc(2),
  ];
  return frame('B', Buffer.concat(parts));
}

/** The client sets a parameter, and PostgreSQL says that it is as it was told. */
export async function setTo(
  stage: Stage,
  client: TestClient,
  name: string,
  value: string,
): Promise<void> {
  const truth = { temporary: false, locks: false, setting: value };
  stage.at(PRIMARY, (backend) => {
    backend.answer = (sql, self) => inspected(sql, truth, self);
  });
  client.send(query(`SET ${name} TO '${value}'`));
  await stage.rig.settle();
}
