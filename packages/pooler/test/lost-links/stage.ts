import { databaseName } from '../../src/ports/names';
import type { Resolver } from '../../src/ports/resolver';
import type { TransactionObserver } from '../../src/ports/transaction-observer';
import { CatalogKnowledge, type CatalogQuestions } from '../../src/routing/catalog-knowledge';
import { ReadJudge } from '../../src/routing/read-judge';
import type { DatabaseSettings, PoolerSettings } from '../../src/settings/settings';
import { inspected, type Truth } from '../kit/answers';
import type { FakeBackend } from '../kit/fake-backend';
import { HandTopology } from '../kit/hand-topology';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';
import type { TestClient } from '../kit/test-client';

/** The ports of two servers. */
export const ONE = 5001;
export const TWO = 5002;

export const FIRST_IS_PRIMARY = [
  { port: ONE, role: 'primary' },
  { port: TWO, role: 'replica' },
] as const;
const BANNED = [
  { port: ONE, role: 'unknown', outOfService: 'banned by an operator', isLeaving: true },
  { port: TWO, role: 'replica' },
] as const;
const NOBODY_IS = [
  { port: ONE, role: 'unknown', outOfService: 'down' },
  { port: TWO, role: 'replica' },
] as const;
const SECOND_IS_PRIMARY = [
  { port: ONE, role: 'unknown', outOfService: 'down' },
  { port: TWO, role: 'primary' },
] as const;

/** A catalog in which nothing is volatile: what is read is up to the grammar. */
export function letCatalogAnswer({ clock, pooler }: Rig): void {
  const ask: CatalogQuestions['ask'] = (sql, answer) => {
    // Of functions it knows none.
    const names = [...sql.matchAll(/\((\d+),'(\w+)',/g)].filter(
      ([, , kind]) => kind !== 'function',
    );
    const found = names.map(([, place]) => [Number(place), 2]);
    answer([JSON.stringify({ found, oddity: null })]);
  };
  const knowledge = new CatalogKnowledge({ clock, questions: { ask } });
  const { grammar } = pooler.stateKnowledge.sql;
  const judge = new ReadJudge({ grammar, knowledge, clock });
  pooler.reads = () => ({ judge, knowledge });
}

/** A pooler whose database follows the roles of two servers, of which the first is primary. */
export class Stage {
  readonly rig: Rig;
  readonly topology: HandTopology;

  private constructor(rig: Rig, topology: HandTopology) {
    this.rig = rig;
    this.topology = topology;
  }

  static async open(
    changes: Partial<PoolerSettings> = {},
    database: Partial<DatabaseSettings> = {},
    outside: { readonly resolver?: Resolver; readonly observer?: TransactionObserver } = {},
  ): Promise<Stage> {
    const topology = new HandTopology(FIRST_IS_PRIMARY);
    const app = databaseSettings({
      hosts: ['db.test', 'db.test'],
      ports: [ONE, TWO],
      targetSessionAttrs: 'read-write',
      ...database,
    });
    const databases = new Map([[databaseName('app'), app]]);
    const rig = await Rig.open({ databases, ...changes }, { topology, ...outside });
    letCatalogAnswer(rig);
    return new Stage(rig, topology);
  }

  /** The only backend of the server at this port. */
  at(port: number): FakeBackend {
    const [backend, another] = this.rig.server.liveAt(port);
    if (backend === undefined || another !== undefined)
      throw new Error(`not one backend at ${port}`);
    return backend;
  }

  /** The primary is gone, and nobody can reach it; nobody has noticed yet. */
  async kill(): Promise<void> {
    this.rig.server.diallingPort.set(ONE, { kind: 'refuse' });
    for (const backend of this.rig.server.liveAt(ONE)) backend.crash();
    await this.rig.pass(1);
  }

  /** It has been noticed. */
  async hold(): Promise<void> {
    this.topology.publish(NOBODY_IS, { epoch: 1, holding: true });
    await this.rig.settle();
  }

  async promote(): Promise<void> {
    this.topology.publish(SECOND_IS_PRIMARY, { epoch: 2, holding: false });
    await this.rig.pass(1);
  }

  /** A whole failover. */
  async failOver(): Promise<void> {
    await this.kill();
    await this.hold();
    await this.promote();
  }

  /** An operator has banned the primary. */
  async ban(): Promise<void> {
    this.topology.publish(BANNED, { epoch: 1, holding: true });
    await this.rig.settle();
  }

  /** The primary is about to hand over. */
  async leave(): Promise<void> {
    const [first, second] = FIRST_IS_PRIMARY;
    this.topology.publish([{ ...first, isLeaving: true }, second], { epoch: 1, holding: true });
    await this.rig.settle();
  }

  async unban(): Promise<void> {
    this.topology.publish(FIRST_IS_PRIMARY, { epoch: 1, holding: false });
    await this.rig.settle();
  }

  get counts(): readonly [moved: number, retried: number, failed: number] {
    const database = this.rig.pooler.databases.get(databaseName('app'));
    if (database === undefined) throw new Error('no database');
    const { moved, retried, failed } = database.counters;
    return [moved, retried, failed];
  }
}

/** A stage on which PostgreSQL answers questions about what statements leave, on all servers. */
export async function truthful(
  changes: Partial<PoolerSettings> = {},
): Promise<{ stage: Stage; client: TestClient; truth: Truth }> {
  const stage = await Stage.open(changes);
  const truth: Truth = { temporary: false, locks: false, setting: 'x' };
  const { server } = stage.rig;
  const began = server.loginBegan.bind(server);
  server.loginBegan = (...args) => {
    const peer = began(...args);
    for (const backend of server.live)
      backend.answer ??= (sql, self) => inspected(sql, truth, self);
    return peer;
  };
  return { stage, truth, client: await stage.rig.client() };
}

/** What the client has got since `forget`, errors with their codes, ReadyForQuery with its status. */
export function heard(client: TestClient): string {
  let error = 0;
  return client.recent
    .map(({ tag, body }) => {
      if (tag === 'E') return `E${client.errors[error++]?.code}`;
      if (tag === 'Z') return `Z${body.toString('latin1')}`;
      if (tag === 'C') return `C(${body.toString('latin1', 0, body.length - 1)})`;
      if (tag === 'S') return `S(${body.toString('latin1').split('\0').slice(0, 2).join('=')})`;
      return tag;
    })
    .join(' ');
}

/** What the client hears of these messages. */
export async function asks(stage: Stage, client: TestClient, ...parts: Buffer[]): Promise<string> {
  client.forget();
  client.send(...parts);
  await stage.rig.settle();
  return heard(client);
}

/** What has run on a server, without what tries whether a link still works. */
export function ranAt(stage: Stage, port: number): readonly string[] {
  const all = stage.rig.server.liveAt(port).flatMap(({ ran }) => ran.map(({ sql }) => sql));
  return all.filter((sql) => sql !== '');
}
