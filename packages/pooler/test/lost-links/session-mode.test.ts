import { bound, execute, parse, query, sync } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { NotifyingServer } from '../listen/notifying-server';
import { notifications } from '../listen/stage';
import { heard, ONE, Stage, TWO, truthful } from './stage';

const SESSION = { poolMode: 'session' } as const;

async function asks(stage: Stage, client: TestClient, ...parts: Buffer[]): Promise<string> {
  client.forget();
  client.send(...parts);
  await stage.rig.settle();
  return heard(client);
}

describe('a client in session mode whose database follows roles', () => {
  test('keeps one link to itself', async () => {
    const { stage, client } = await truthful(SESSION);
    const other = await stage.rig.client();
    await asks(stage, client, query('SET work_mem TO 1'));
    await asks(stage, other, query('SELECT 2'));
    await asks(stage, client, query('SELECT 1'));
    const [first, second] = stage.rig.server.liveAt(ONE);
    expect(stage.rig.pool().idleCount).toBe(0);
    expect(first?.queries.at(-1)).toBe('SELECT 1');
    expect(second?.queries).toEqual(['SELECT 2']);
  });

  test('sees a pause while it is idle, and has its settings and statements on the next server', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('SET work_mem TO 1'), parse('SELECT 7', 'a'), sync());
    client.forget();
    await stage.failOver();
    expect(heard(client)).toBe('');
    const group = [bound('a'), execute(), sync()];
    expect(await asks(stage, client, ...group)).toBe('2 C(SELECT 0) ZI');
    expect(stage.at(TWO).queries[0]).toContain("set_config(E'work_mem',E'x',false)");
    expect(stage.rig.pool().idleCount).toBe(0);
    expect(stage.counts).toEqual([1, 0, 0]);
  });

  test('has a read run once more that was under way', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('SELECT a FROM t'));
    for (const backend of stage.rig.server.live) backend.answers = false;
    expect(await asks(stage, client, query('SELECT a FROM t'))).toBe('');
    await stage.failOver();
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(stage.counts).toEqual([0, 1, 0]);
  });

  test('loses its transaction with 08006, which stays failed until ROLLBACK', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('BEGIN'));
    await stage.failOver();
    expect(await asks(stage, client, query('INSERT 1'))).toBe('E08006 ZE');
    expect(await asks(stage, client, query('INSERT 1'))).toBe('E25P02 ZE');
    expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
    expect(await asks(stage, client, query('INSERT 1'))).toBe('C(SELECT 0) ZI');
    expect(stage.at(TWO).queries).toEqual(['DISCARD SEQUENCES', 'INSERT 1']);
  });

  test('hears with 08007 that a commit may have happened', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('BEGIN'));
    for (const backend of stage.rig.server.live) backend.answers = false;
    expect(await asks(stage, client, query('COMMIT'))).toBe('');
    await stage.failOver();
    expect(heard(client)).toBe('E08007 ZI');
  });

  test('hears what could not be made again, and goes on without', async () => {
    const { stage, client, truth } = await truthful(SESSION);
    truth.temporary = true;
    await asks(stage, client, query('CREATE TEMP TABLE t (a int)'));
    truth.temporary = false;
    await stage.failOver();
    expect(await asks(stage, client, query('SELECT * FROM t'))).toBe('E08006 ZI');
    expect(client.errors[0]?.detail).toBe('Lost: temporary object.');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test('never sees numbers that somebody else has drawn', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query("SELECT nextval('s')"));
    await asks(stage, client, query("SELECT currval('s')"));
    expect(stage.at(ONE).queries).toEqual(["SELECT nextval('s')", "SELECT currval('s')"]);
    await stage.failOver();
    await asks(stage, client, query("SELECT currval('s')"));
    expect(stage.at(TWO).queries).toEqual(['DISCARD SEQUENCES', "SELECT currval('s')"]);
    expect(stage.counts).toEqual([1, 0, 0]);
  });

  test('goes on listening', async () => {
    const stage = await Stage.open({ poolSize: 3, ...SESSION });
    const server = new NotifyingServer(stage.rig.server);
    const client = await stage.rig.client();
    await asks(stage, client, query('LISTEN news'));
    await stage.rig.pass(2000);
    expect(stage.rig.server.liveAt(ONE)).toHaveLength(1);
    server.notify('news', 'a');
    await stage.rig.settle();
    expect(notifications(client).map(({ payload }) => payload)).toEqual(['a']);
    await stage.failOver();
    await stage.rig.pass(2000);
    client.forget();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
    server.notify('news', 'b');
    await stage.rig.settle();
    expect(notifications(client).map(({ payload }) => payload)).toEqual(['b']);
  });

  test('leaves a link that the reset query makes clean', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('SET work_mem TO 1'));
    client.hangUp();
    await stage.rig.settle();
    expect(stage.at(ONE).queries.at(-1)).toBe('DISCARD ALL');
    expect(stage.rig.pool().idleCount).toBe(1);
  });

  test('is not limited in what it keeps on its link', async () => {
    const limits = { pinnedPerPoolMax: 1, pinnedLimitAction: 'error' } as const;
    const { stage, client, truth } = await truthful({ ...SESSION, ...limits });
    const other = await stage.rig.client();
    truth.temporary = true;
    for (const each of [client, other])
      expect(await asks(stage, each, query('CREATE TEMP TABLE t (a int)'))).toBe('C(SELECT 0) ZI');
  });
});

describe('a link that only session mode keeps', () => {
  test('goes to nobody else when its server is banned: the client has another one then', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('SET work_mem TO 1'));
    await stage.ban();
    expect(stage.rig.server.liveAt(ONE)).toEqual([]);
    await stage.promote();
    client.forget();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
    expect(stage.at(TWO).queries[0]).toContain("set_config(E'work_mem',E'x',false)");
  });

  test('goes when its transaction is over', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('BEGIN'));
    await stage.ban();
    expect(await asks(stage, client, query('INSERT 1'))).toBe('C(SELECT 0) ZT');
    expect(await asks(stage, client, query('COMMIT'))).toBe('C(COMMIT) ZI');
    expect(stage.rig.server.liveAt(ONE)).toEqual([]);
    expect(client.closed).toBe(false);
  });

  test('stays when there is something on it that nobody can make again', async () => {
    const { stage, client, truth } = await truthful(SESSION);
    truth.temporary = true;
    await asks(stage, client, query('CREATE TEMP TABLE t (a int)'));
    await stage.ban();
    expect(await asks(stage, client, query('SELECT * FROM t'))).toBe('C(SELECT 0) ZI');
    expect(stage.rig.server.liveAt(ONE)).toHaveLength(1);
  });

  test('is free while a primary hands over', async () => {
    const { stage, client } = await truthful(SESSION);
    await asks(stage, client, query('SELECT 1'));
    await stage.leave();
    expect([...stage.rig.pool().links].filter(({ phase }) => phase === 'leased')).toEqual([]);
    expect(await asks(stage, client, query('SELECT 2'))).toBe('');
    await stage.unban();
    expect(heard(client)).toBe('C(SELECT 0) ZI');
  });
});

test('with one server its state is not followed, and its loss ends the client as ever', async () => {
  const stage = await Stage.open(SESSION, { hosts: ['10.0.0.2'], ports: [ONE] });
  stage.topology.publish([{ host: '10.0.0.2', port: ONE, role: 'primary' }], {
    epoch: 1,
    holding: false,
  });
  const client = await stage.rig.client();
  const [backend] = stage.rig.server.live;
  if (backend !== undefined) backend.answer = () => undefined;
  await asks(stage, client, query('SET work_mem TO 1'));
  expect(stage.at(ONE).queries).toEqual(['SET work_mem TO 1']);
  await asks(stage, client, parse('SELECT 7', 'a'), sync());
  await stage.kill();
  expect(client.closed).toBe(true);
  expect(client.sqlState).toBe('08006');
});
