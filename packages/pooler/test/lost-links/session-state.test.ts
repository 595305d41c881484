import { commandComplete, parameterStatus, readyForQuery } from '@pgweir/protocol';
import { databaseName } from '../../src/ports/names';
import { bound, execute, parse, query, sync } from '../kit/messages';
import { poolerSettings } from '../kit/settings';
import type { TestClient } from '../kit/test-client';
import { NotifyingServer } from '../listen/notifying-server';
import { notifications } from '../listen/stage';
import { heard, ONE, Stage, TWO, truthful } from './stage';

async function asks(stage: Stage, client: TestClient, ...parts: Buffer[]): Promise<string> {
  client.forget();
  client.send(...parts);
  await stage.rig.settle();
  return heard(client);
}

test('settings are made again on the next server', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, query('SET work_mem TO 1'));
  await stage.failOver();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual([
    "SELECT pg_catalog.set_config(E'work_mem',E'x',false)",
    'SELECT 1',
  ]);
});

test('prepared statements are prepared again on the next server', async () => {
  const { stage, client } = await truthful();
  expect(await asks(stage, client, parse('SELECT 7', 'a'), sync())).toBe('1 ZI');
  await stage.failOver();
  expect(await asks(stage, client, bound('a'), execute(), sync())).toBe('2 C(SELECT 0) ZI');
  expect(stage.at(TWO).tags).toBe('PBES');
});

test('a read of a prepared statement that is under way is run once more, with all it needs', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, parse('SELECT a FROM t WHERE b = $1', 'a'), sync());
  for (const backend of stage.rig.server.live) backend.answers = false;
  expect(await asks(stage, client, bound('a'), execute(), sync())).toBe('');
  await stage.failOver();
  expect(heard(client)).toBe('2 C(SELECT 0) ZI');
  expect(stage.at(TWO).tags).toBe('PBES');
});

test('a statement that was being prepared is not there for the client, one that it was told of is', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, parse('SELECT 1', 'old'), sync());
  const [backend] = stage.rig.server.live;
  // ParseComplete, and then nothing.
  if (backend !== undefined) backend.diesAfter = 1;
  const group = [
    parse('SELECT 2', 'told'),
    parse('INSERT 3', 'untold'),
    bound('untold'),
    execute(),
  ];
  expect(await asks(stage, client, ...group, sync())).toBe('1 E08007 ZI');
  await stage.failOver();
  expect(await asks(stage, client, bound('old'), execute(), sync())).toBe('2 C(SELECT 0) ZI');
  expect(await asks(stage, client, bound('told'), execute(), sync())).toBe('2 C(SELECT 0) ZI');
  expect(await asks(stage, client, bound('untold'), execute(), sync())).toBe('E26000 ZI');
  // The name is free.
  expect(await asks(stage, client, parse('SELECT 4', 'untold'), sync())).toBe('1 ZI');
});

test('a setting of the lost transaction is as it was before, and the client is told', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, query('BEGIN'));
  const [backend] = stage.rig.server.live;
  if (backend === undefined) throw new Error('no backend');
  backend.answer = (sql) =>
    sql.startsWith('SET')
      ? Buffer.concat([
          commandComplete('SET'),
          parameterStatus('TimeZone', 'Europe/Rome'),
          readyForQuery('T'),
        ])
      : undefined;
  expect(await asks(stage, client, query("SET TimeZone = 'Europe/Rome'"))).toBe(
    'C(SET) S(TimeZone=Europe/Rome) ZT',
  );
  client.forget();
  await stage.failOver();
  expect(heard(client)).toBe('S(TimeZone=UTC)');
  await asks(stage, client, query('ROLLBACK'));
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
});

describe('a client that keeps its link', () => {
  async function pinned() {
    const all = await truthful();
    all.truth.temporary = true;
    await asks(all.stage, all.client, query('CREATE TEMP TABLE t (a int)'));
    expect(all.stage.rig.pool().pins.count).toBe(1);
    all.truth.temporary = false;
    all.client.forget();
    return all;
  }

  test('hears at its next statement what is lost, and goes on without', async () => {
    const { stage, client } = await pinned();
    await stage.failOver();
    expect(heard(client)).toBe('');
    expect(stage.rig.pool().pins.count).toBe(0);
    expect(await asks(stage, client, query('SELECT * FROM t'))).toBe('E08006 ZI');
    expect(client.errors[0]?.detail).toBe('Lost: temporary object.');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
    expect(stage.rig.pool().idleCount).toBe(1);
    expect(stage.counts).toEqual([0, 0, 1]);
  });

  test('hears it by the extended protocol, up to its Sync', async () => {
    const { stage, client } = await pinned();
    await stage.failOver();
    const group = [parse('SELECT * FROM t'), bound(''), execute()];
    expect(await asks(stage, client, ...group)).toBe('E08006');
    expect(await asks(stage, client, sync())).toBe('ZI');
    expect(await asks(stage, client, ...group, sync())).toBe('1 2 C(SELECT 0) ZI');
  });

  test('has no read of it run on another server, where its table is not', async () => {
    const { stage, client } = await pinned();
    for (const backend of stage.rig.server.live) backend.answers = false;
    expect(await asks(stage, client, query('SELECT a FROM t'))).toBe('');
    await stage.failOver();
    expect(heard(client)).toBe('E08006 ZI');
    expect(client.errors[0]?.detail).toBe('Lost: temporary object.');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test('hears with the loss of its transaction what else is lost', async () => {
    const { stage, client } = await pinned();
    await asks(stage, client, query('BEGIN'));
    await stage.failOver();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('E08006 ZE');
    expect(client.errors[0]?.detail).toBe('Lost: temporary object.');
    expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test('hears it behind a ROLLBACK that went well', async () => {
    const { stage, client } = await pinned();
    await asks(stage, client, query('BEGIN'));
    await stage.failOver();
    expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('E08006 ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test('hears it in one text with a ROLLBACK', async () => {
    const { stage, client } = await pinned();
    await asks(stage, client, query('BEGIN'));
    await stage.failOver();
    const answer = await asks(stage, client, query('ROLLBACK; SELECT * FROM t'));
    expect(answer).toBe('C(ROLLBACK) E08006 ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });
});

test('a link that is lost while PostgreSQL is asked what a statement has left: that is lost', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, query('SELECT 0'));
  const [backend] = stage.rig.server.live;
  if (backend === undefined) throw new Error('no backend');
  backend.answer = (sql, self) => {
    if (sql.startsWith('SET work_mem')) return undefined;
    self.crash();
    return Buffer.alloc(0);
  };
  expect(await asks(stage, client, query('SET work_mem TO 1'))).toBe('C(SELECT 0) ZI');
  await stage.failOver();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('E08006 ZI');
  expect(client.errors[0]?.detail).toBe('Lost: what the last statement has set.');
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
});

test('a link that is lost while it is made ready for a client: that is a pause', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, query('SET work_mem TO 1'));
  const other = await stage.rig.client();
  await asks(stage, other, query('SELECT 1'));
  const [backend] = stage.rig.server.live;
  if (backend === undefined) throw new Error('no backend');
  backend.answer = (sql, self) => {
    if (sql.includes('set_config')) self.crash();
    return Buffer.alloc(0);
  };
  // The server itself is still there.
  expect(await asks(stage, client, query('INSERT INTO t VALUES (1)'))).toBe('C(SELECT 0) ZI');
  expect(stage.counts).toEqual([1, 0, 0]);
});

test('links that are lost again and again before anything was done end with FATAL 08006', async () => {
  const { stage, client } = await truthful();
  await asks(stage, client, query('SET work_mem TO 1'));
  const { server } = stage.rig;
  const began = server.loginBegan.bind(server);
  server.loginBegan = (...args) => {
    const peer = began(...args);
    for (const backend of server.live) {
      backend.answer = (sql, self) => {
        if (sql.includes('set_config')) self.crash();
        return Buffer.alloc(0);
      };
    }
    return peer;
  };
  for (const backend of server.live) backend.crash();
  await stage.rig.settle();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('E08006');
  expect(client.closed).toBe(true);
});

test('whoever listens goes on listening, and is told that something may have been missed', async () => {
  const stage = await Stage.open({ poolSize: 3 });
  const server = new NotifyingServer(stage.rig.server);
  const client = await stage.rig.client();
  await asks(stage, client, query('LISTEN news'));
  await stage.failOver();
  await stage.rig.pass(2000);
  client.forget();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  server.notify('news', 'a');
  await stage.rig.settle();
  expect(notifications(client).map(({ payload }) => payload)).toEqual(['a']);
});

test('whoever listens on a link of its own listens by the one for all from then on', async () => {
  const stage = await Stage.open({ poolSize: 3 });
  const server = new NotifyingServer(stage.rig.server);
  const client = await stage.rig.client();
  // It keeps the link for another reason, too: so that it is not handed over.
  await asks(stage, client, query('BEGIN'), query('LISTEN news'), query('COMMIT'), query('LOAD x'));
  await stage.rig.pass(1000);
  await stage.failOver();
  await stage.rig.pass(2000);
  expect(stage.rig.pool().pins.count).toBe(0);
  expect(client.notices.length).toBeLessThanOrEqual(1);
  server.notify('news', 'a');
  await stage.rig.settle();
  expect(notifications(client).map(({ payload }) => payload)).toEqual(['a']);
});

test('a ReadyForQuery that is held back when the link is lost comes behind an error', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client({ options: '-c search_path=mine' });
  await asks(stage, client, query('BEGIN'));
  const [backend] = stage.rig.server.live;
  if (backend === undefined) throw new Error('no backend');
  backend.answer = (sql, self) => {
    if (sql === 'RESET ALL') return undefined;
    // The values of the startup packet are set again.
    self.crash();
    return Buffer.alloc(0);
  };
  expect(await asks(stage, client, query('RESET ALL'))).toBe('C(SELECT 0) E08006 ZE');
  expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  expect(stage.at(ONE).queries).toEqual([
    "SELECT pg_catalog.set_config(E'search_path',E'mine',false)",
    'SELECT 1',
  ]);
});

test('a reload that ends the following of roles takes no error from those who have to hear one', async () => {
  const stage = await Stage.open({ sessionState: 'leak', preparedStatementsMax: 0 });
  const client = await stage.rig.client();
  await asks(stage, client, query('BEGIN'));
  await stage.failOver();
  const settings = poolerSettings({ sessionState: 'leak', preparedStatementsMax: 0 });
  stage.rig.pooler.reload(settings, { lookup: () => ({ kind: 'none' }) });
  expect(await asks(stage, client, query('INSERT INTO t VALUES (1)'))).toBe('E08006 ZE');
  expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
});

test('a reload that begins the following of roles holds for clients that are there', async () => {
  const stage = await Stage.open({}, { targetSessionAttrs: undefined });
  const client = await stage.rig.client();
  await asks(stage, client, query('BEGIN'));
  const { settings } = stage.rig.pooler;
  const app = databaseName('app');
  const entry = settings.databases.get(app);
  if (entry === undefined) throw new Error('no entry');
  const databases = new Map([[app, { ...entry, targetSessionAttrs: 'primary' as const }]]);
  stage.rig.pooler.reload({ ...settings, databases }, { lookup: () => ({ kind: 'none' }) });
  await asks(stage, client, query('COMMIT'));
  await stage.rig.pass(400);
  await asks(stage, client, query('BEGIN'));
  await stage.failOver();
  expect(await asks(stage, client, query('INSERT INTO t VALUES (1)'))).toBe('E08006 ZE');
});
