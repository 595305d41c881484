import { commandComplete, parameterStatus, readyForQuery } from '@pgweir/protocol';
import { databaseName } from '../../src/ports/names';
import { extended, query, sync } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

test('session mode keeps the link until the client leaves, then resets it', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session' });
  const [first, second] = await rig.clients(2);
  first?.send(query('SELECT 1'));
  await rig.settle();
  second?.send(query('SELECT 2'));
  await rig.settle();
  expect(second?.tags).toBe('');
  first?.hangUp();
  await rig.settle();
  expect(second?.tags).toBe('CZ');
  expect(rig.server.backend.queries).toEqual(['SELECT 1', 'DISCARD ALL', 'SELECT 2']);
});

test('a link whose reset query fails is closed', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session', serverResetQuery: 'fail' });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  expect(rig.server.open).toBe(0);
});

test('server_reset_query_always resets in transaction mode too', async () => {
  const rig = await Rig.open({ poolSize: 1, serverResetQueryAlways: true });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(rig.server.backend.queries).toEqual([
    'SELECT 1',
    'DISCARD ALL',
    'SELECT 2',
    'DISCARD ALL',
  ]);
});

test('statement mode refuses a transaction with 0A000 and takes its link back', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'statement' });
  const client = await rig.client();
  client.send(query('BEGIN'));
  await rig.settle();
  expect(client.tags).toBe('CE');
  expect(client.sqlState).toBe('0A000');
  expect(client.closed).toBe(true);
  expect(rig.server.open).toBe(0);
  const next = await rig.client();
  next.send(query('SELECT 1'));
  await rig.settle();
  expect(next.tags).toBe('CZ');
});

test('statement mode serves a pipeline', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'statement' });
  const client = await rig.client();
  client.send(query('SELECT 1'), extended('SELECT 2'), sync(), query('SELECT 3'));
  await rig.settle();
  expect(client.tags).toBe('CZ12CZCZ');
  expect(rig.pool().idleCount).toBe(1);
});

test('disable_pqexec refuses every simple query, in the middle of a lease too', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session', disableSimpleQuery: true });
  const [first, second] = await rig.clients(2);
  first?.send(query('SELECT 1'));
  await rig.settle();
  expect(first?.sqlState).toBe('0A000');
  second?.send(extended('SELECT 1'), sync());
  await rig.settle();
  expect(second?.tags).toBe('12CZ');
  second?.send(query('SELECT 1'));
  await rig.settle();
  expect(second?.sqlState).toBe('0A000');
  expect(rig.server.backends.flatMap(({ queries }) => queries)).not.toContain('SELECT 1');
});

test('what a client has set goes with it from link to link', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const client = await rig.client();
  rig.server.backend.answer = (sql) =>
    sql.startsWith('SET ')
      ? Buffer.concat([
          commandComplete('SET'),
          parameterStatus('TimeZone', 'Asia/Tokyo'),
          readyForQuery('I'),
        ])
      : undefined;
  client.send(query("SET timezone TO 'Asia/Tokyo'"));
  await rig.settle();
  await rig.holders(1);
  client.send(query('SELECT 1'));
  await rig.settle();
  const [, other] = rig.server.live;
  expect(other?.queries).toEqual([
    "SELECT pg_catalog.set_config(E'timezone',E'Asia/Tokyo',false)",
    'SELECT 1',
  ]);
  expect(client.tags).toBe('CSZCZ');
});

test('SET, RESET, LISTEN, PREPARE and LOAD of one client do not reach the next', async () => {
  for (const tag of ['SET', 'RESET', 'DISCARD ALL', 'LISTEN', 'PREPARE', 'LOAD']) {
    const rig = await Rig.open({ poolSize: 1 });
    const [first, second] = await rig.clients(2);
    const { backend } = rig.server;
    backend.answer = (sql) =>
      sql === 'mark' ? Buffer.concat([commandComplete(tag), readyForQuery('I')]) : undefined;
    first?.send(query('mark'));
    await rig.settle();
    first?.send(query('SELECT again'));
    await rig.settle();
    second?.send(query('SELECT 1'));
    await rig.settle();
    expect(backend.queries[1]).toBe('SELECT again');
    expect(backend.queries[2]).toContain('RESET ALL');
    expect(backend.queries[3]).toBe('SELECT 1');
    expect(second?.tags).toBe('CZ');
  }
});

test.each(['SELECT 1', 'INSERT 0 1', 'BEGIN', 'SHOW', 'START TRANSACTION', 'SAVEPOINT'])(
  'after %s a link needs no clean-up',
  async (tag) => {
    const rig = await Rig.open({ poolSize: 1 });
    const [first, second] = await rig.clients(2);
    const { backend } = rig.server;
    backend.answer = () => Buffer.concat([commandComplete(tag), readyForQuery('I')]);
    first?.send(query('one'));
    await rig.settle();
    second?.send(query('two'));
    await rig.settle();
    expect(backend.queries).toEqual(['one', 'two']);
  },
);

test('a replication client has a link of its own, for which an idle one makes room', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
  const walker = rig.caller({ replication: 'database', application_name: 'walker' });
  await rig.pass(1000);
  expect(walker.tags).toMatch(/Z$/);
  expect(rig.server.backend.parameters.get('replication')).toBe('database');
  expect(rig.server.openMax).toBe(1);
  walker.hangUp();
  await rig.settle();
  expect(rig.server.open).toBe(0);
});

test('a replication client that must wait takes the first link that becomes free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const walker = rig.caller({ replication: 'true' });
  await rig.settle();
  holder?.send(query('COMMIT'));
  await rig.pass(1000);
  expect(walker.tags).toMatch(/Z$/);
  expect(rig.server.openMax).toBe(1);
});

test('a replication client closes no more idle links than it needs', async () => {
  const rig = await Rig.open({ poolSize: 3 });
  for (const holder of await rig.holders(3)) holder.send(query('COMMIT'));
  await rig.settle();
  rig.server.closesOnGoodbye = false;
  rig.caller({ replication: 'true' });
  await rig.pass(5000);
  expect(rig.pool().idleCount).toBe(2);
});

test('a database that is removed and comes back is served by its new settings', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  await rig.holders(1);
  const { settings, credentials } = rig.pooler;
  rig.pooler.reload({ ...settings, databases: new Map() }, credentials);
  const databases = new Map([[databaseName('app'), databaseSettings({ dbname: 'moved' })]]);
  rig.pooler.reload({ ...settings, databases }, credentials);
  const client = rig.caller();
  await rig.pass(1000);
  expect(client.tags).toMatch(/Z$/);
  expect(rig.server.backend.parameters.get('database')).toBe('moved');
  expect(rig.server.openMax).toBe(1);
  rig.pooler.reload({ ...settings, databases, queryTimeoutMs: 1000 }, credentials);
  client.forget();
  client.send(query('hang'));
  await rig.pass(2000);
  expect(client.sqlState).toBe('57014');
});

test('after a reload to session mode a client is in it from its next transaction on', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [first] = await rig.holders(1);
  const second = await rig.client();
  const { settings, credentials } = rig.pooler;
  rig.pooler.reload({ ...settings, poolMode: 'session' }, credentials);
  first?.send(query('COMMIT'));
  await rig.settle();
  first?.send(query('SELECT 1'));
  await rig.settle();
  expect(first?.tags).toBe('CZCZ');
  second.send(query('SELECT 2'));
  await rig.settle();
  expect(second.tags).toBe('');
  first?.hangUp();
  await rig.settle();
  expect(second.tags).toBe('CZ');
  expect(rig.server.backends.flatMap(({ queries }) => queries)).toContain('DISCARD ALL');
});

test('after a reload to transaction mode a client without a link is in it at once', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session' });
  const [first, second] = await rig.clients(2);
  const { settings, credentials } = rig.pooler;
  rig.pooler.reload({ ...settings, poolMode: 'transaction' }, credentials);
  for (const client of [first, second, first]) {
    client?.send(query('SELECT 1'));
    await rig.settle();
  }
  expect([first?.tags, second?.tags]).toEqual(['CZCZ', 'CZ']);
});

test('server_fast_close leaves replication clients alone', async () => {
  const rig = await Rig.open({ serverFastClose: true });
  const walker = rig.caller({ replication: 'database' });
  await rig.pass(5000);
  expect(walker.tags).toMatch(/Z$/);
  expect(walker.closed).toBe(false);
  walker.forget();
  walker.send(query('IDENTIFY_SYSTEM'));
  await rig.pass(5000);
  expect(walker.tags).toBe('CZ');
});

test('server_fast_close ends the session of a client whose link is outdated', async () => {
  const rig = await Rig.open({ serverFastClose: true, poolMode: 'session' });
  const client = await rig.client();
  client.send(query('BEGIN'));
  await rig.settle();
  const { settings, credentials } = rig.pooler;
  const databases = new Map([[databaseName('app'), databaseSettings({ dbname: 'moved' })]]);
  rig.pooler.reload({ ...settings, databases }, credentials);
  await rig.pass(2000);
  expect(client.closed).toBe(false);
  client.send(query('COMMIT'));
  await rig.pass(2000);
  expect(client.sqlState).toBe('57P01');
});
