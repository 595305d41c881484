import { linkLimits } from '../../src/pool/pool-limits';
import { databaseName, poolKey, replicaPoolKey, userName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { poolerSettings } from '../kit/settings';
import { heard } from '../lost-links/stage';
import { A, ALL, B, changed, ONE_REPLICA, PRIMARY, Stage, splitSettings } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';
const ANSWERED = 'C(SELECT 0) ZI';

/** Replicas collect what they are sent. */
function silence(stage: Stage): void {
  for (const port of [A, B])
    stage.at(port, (backend) => {
      backend.answers = false;
    });
}

const linksAt = (stage: Stage, port: number): number => stage.rig.server.liveAt(port).length;

test('replica_pool_size is how many links there are to each replica, for each user', async () => {
  const stage = await Stage.open({ replicaPoolSize: 3, poolSize: 1 });
  silence(stage);
  for (const user of ['alice', 'bob'])
    for (let i = 0; i < 10; i++) (await stage.rig.client({ user })).send(query(READ));
  await stage.rig.settle();
  expect([linksAt(stage, A), linksAt(stage, B)]).toEqual([6, 6]);
  // One for each user who has logged in.
  expect(linksAt(stage, PRIMARY)).toBe(2);
  expect(stage.rig.pool().waiters.length).toBe(0);
});

test('without it a pool of a replica is as large as any', async () => {
  const stage = await Stage.open({ poolSize: 2 });
  silence(stage);
  for (const client of await stage.rig.clients(10)) client.send(query(READ));
  await stage.rig.settle();
  expect([linksAt(stage, A), linksAt(stage, B)]).toEqual([2, 2]);
});

test('the picture tells those links of a pool that are lent at replicas', async () => {
  const stage = await Stage.open({ poolSize: 2 });
  silence(stage);
  for (const client of await stage.rig.clients(10)) client.send(query(READ));
  const [writer] = await stage.rig.clients(1);
  writer?.send(query('BEGIN'), query(WRITE));
  await stage.rig.settle();
  const { pools } = await stage.rig.pooler.snapshot([]);
  expect(pools).toMatchObject([{ linksActive: 5, linksInUseOnReplicas: 4 }]);
});

test('min_pool_size holds for replicas that have been read from, as long as there are clients', async () => {
  const stage = await Stage.open({ minPoolSize: 2 }, { serverIdleTimeoutMs: 1000 }, ONE_REPLICA);
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.pass(5000);
  expect([linksAt(stage, PRIMARY), linksAt(stage, A)]).toEqual([2, 2]);
  client.hangUp();
  await stage.rig.pass(5000);
  expect(linksAt(stage, A)).toBeLessThanOrEqual(2);
});

test('links to replicas count for max_db_connections: idle ones make room for the primary', async () => {
  const stage = await Stage.open({ databaseLinksMax: 2 });
  const client = await stage.rig.client();
  for (let i = 0; i < 4; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  expect(stage.rig.server.open).toBeLessThanOrEqual(2);
  client.send(query(WRITE));
  await stage.rig.settle();
  client.send(query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe(Array(6).fill(ANSWERED).join(' '));
  expect(stage.rig.server.openMax).toBe(2);
});

test('links to replicas count for max_user_connections', async () => {
  const users = new Map();
  const stage = await Stage.open({}, { userLinksMax: 2, users });
  const clients = await stage.rig.clients(4);
  for (let i = 0; i < 5; i++) for (const client of clients) client.send(query(READ), query(WRITE));
  await stage.rig.pass(5000);
  for (const client of clients) expect(client.tags).toBe('CZ'.repeat(10));
  expect(stage.rig.server.openMax).toBe(2);
});

test("the caps over all workers know the size of a replica's pool", () => {
  const [database, user] = [databaseName('app'), userName('alice')];
  const main = poolKey(database, user);
  const entry = splitSettings({ poolSize: 10, replicaPoolSize: 4, reservePoolSize: 1 });
  const settings = poolerSettings({ databases: new Map([[database, entry]]) });
  const maxOf = (pool: typeof main) => linkLimits(settings, { database, user, pool })?.poolLinksMax;
  expect(maxOf(main)).toBe(11);
  expect(maxOf(replicaPoolKey(main, 'db.test:5002'))).toBe(5);
});

describe('balance', () => {
  const runs = async (stage: Stage, count: number): Promise<void> => {
    const client = await stage.rig.client();
    for (let i = 0; i < count; i++) {
      client.send(query(READ));
      await stage.rig.settle();
    }
  };
  const shares = (stage: Stage) => [stage.ran(A).length, stage.ran(B).length];

  test('weighted: as the weights say, for each host of the list', async () => {
    const stage = await Stage.open({ replicaBalance: 'weighted', replicaWeights: [9, 1, 3] });
    await runs(stage, 40);
    expect(shares(stage)).toEqual([10, 30]);
  });

  test('weighted: one without weight only when it is the only one', async () => {
    const stage = await Stage.open({ replicaBalance: 'weighted', replicaWeights: [1, 0, 1] });
    await runs(stage, 10);
    expect(shares(stage)).toEqual([0, 10]);
    await stage.publish(ONE_REPLICA);
    await runs(stage, 10);
    expect(shares(stage)).toEqual([10, 10]);
  });

  test('round-robin: one after the other, whatever is under way', async () => {
    const stage = await Stage.open({ replicaBalance: 'round-robin', poolSize: 20 });
    stage.at(A, (backend) => {
      backend.answers = false;
    });
    for (const client of await stage.rig.clients(20)) {
      client.send(query(READ));
      await stage.rig.settle();
    }
    const asked = (port: number): number =>
      stage.rig.server.liveAt(port).reduce((sum, { queries }) => sum + queries.length, 0);
    expect([asked(A), asked(B)]).toEqual([10, 10]);
  });

  test('least-outstanding: the slow one gets what the other has not done', async () => {
    const stage = await Stage.open({ poolSize: 20 });
    stage.at(A, (backend) => {
      backend.answers = false;
    });
    for (const client of await stage.rig.clients(20)) {
      client.send(query(READ));
      await stage.rig.settle();
    }
    const [a, b] = stage.database.replicas.all;
    expect([a?.outstanding, b?.outstanding]).toEqual([1, 0]);
    expect(stage.ran(B)).toHaveLength(19);
  });

  test('least-outstanding: of reads that come at once each gets half', async () => {
    const stage = await Stage.open({ poolSize: 20 });
    silence(stage);
    for (const client of await stage.rig.clients(20)) client.send(query(READ));
    await stage.rig.settle();
    expect([linksAt(stage, A), linksAt(stage, B)]).toEqual([10, 10]);
  });
});

test('the counts of what is under way come back to nothing, however reads end', async () => {
  const stage = await Stage.open({ poolSize: 10 }, {}, ONE_REPLICA);
  const clients = await stage.rig.clients(4);
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  for (const client of clients) client.send(query(READ));
  await stage.rig.settle();
  const outstanding = () => stage.database.replicas.known.map((server) => server.outstanding);
  expect(outstanding()).toEqual([4]);
  const [first, second] = stage.rig.server.liveAt(A);
  first?.crash();
  clients[1]?.hangUp();
  await stage.rig.pass(100);
  second?.terminate();
  await stage.publish(changed(A, { outOfService: 'down' }).slice(0, 2));
  await stage.rig.pass(20_000);
  expect(outstanding()).toEqual([0]);
});

test('reads that wait for each other on one link are counted one by one', async () => {
  const stage = await Stage.open({ replicaPoolSize: 1 }, {}, ONE_REPLICA);
  const clients = await stage.rig.clients(5);
  for (const client of clients) client.send(query(READ), query(READ), query(READ));
  await stage.rig.settle();
  for (const client of clients) expect(client.tags).toBe('CZCZCZ');
  expect(stage.database.replicas.all.map(({ outstanding }) => outstanding)).toEqual([0]);
});

test('reads of one client that come at once use one link after the other has been given back', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  client.send(...Array(10).fill(query(READ)));
  await stage.rig.settle();
  expect(client.tags).toBe('CZ'.repeat(10));
  expect(linksAt(stage, A)).toBe(1);
});

test('pools of replicas are forgotten when nobody has read there for a while, and made again', async () => {
  const stage = await Stage.open({}, { serverIdleTimeoutMs: 1000 });
  const client = await stage.rig.client();
  for (let i = 0; i < 4; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  expect(stage.rig.pooler.pools.size).toBe(3);
  await stage.rig.pass(70_000);
  expect(stage.rig.pooler.pools.size).toBe(1);
  expect(stage.rig.pool().replicaPools.size).toBe(0);
  // The first ones only make the catalog be asked again.
  for (let i = 0; i < 3; i++) {
    client.send(query(READ));
    await stage.rig.pass(2000);
  }
  expect(stage.rig.pooler.pools.size).toBe(3);
  expect(heard(client)).toBe(Array(7).fill(ANSWERED).join(' '));
});

test('a pool that is made again after its sessions have left finds its links to replicas', async () => {
  const stage = await Stage.open(
    {},
    { poolIdleTimeoutMs: 1000, serverIdleTimeoutMs: 0 },
    ONE_REPLICA,
  );
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.settle();
  const { processId } = stage.only(A);
  client.hangUp();
  for (const backend of stage.rig.server.liveAt(PRIMARY)) backend.close();
  await stage.rig.pass(5000);
  const another = await stage.rig.client();
  another.send(query(READ));
  await stage.rig.settle();
  expect(stage.only(A).processId).toBe(processId);
  expect(stage.rig.pool().replicaPools.size).toBe(1);
  expect(stage.rig.pooler.pools.size).toBe(2);
});

test('servers that come and go under other names leave nothing behind', async () => {
  const stage = await Stage.open({}, { serverIdleTimeoutMs: 1000 });
  const client = await stage.rig.client();
  for (let i = 0; i < 20; i++) {
    stage.positions.replayed.set(6000 + i, 100);
    await stage.publish([...ALL.slice(0, 1), { port: 6000 + i, role: 'replica' }]);
    stage.positions.sample();
    client.send(query(READ));
    await stage.rig.settle();
    stage.positions.replayed.delete(6000 + i);
  }
  expect(client.tags).toBe('CZ'.repeat(20));
  expect(stage.database.replicas.known.length).toBeGreaterThan(15);
  await stage.rig.pass(70_000);
  expect(stage.rig.pooler.pools.size).toBe(1);
});
