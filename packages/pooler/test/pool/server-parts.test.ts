import { commandComplete, dataRow, readyForQuery, rowDescription } from '@pgweir/protocol';
import { serverShares } from '../../src/pool/server-shares';
import { databaseName } from '../../src/ports/names';
import type { PoolerSettings } from '../../src/settings/settings';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

/** A rig whose server allows so many connections. */
async function open(
  changes: Partial<PoolerSettings>,
  server: { maxConnections: number },
): Promise<Rig> {
  const rig = await Rig.open({ poolSize: 50, ...changes });
  rig.server.answer = (sql) =>
    sql === 'SHOW max_connections'
      ? Buffer.concat([
          rowDescription([{ name: 'max_connections', typeOid: 25, typeLength: -1 }]),
          dataRow([String(server.maxConnections)]),
          commandComplete('SHOW'),
          readyForQuery('I'),
        ])
      : undefined;
  rig.budget.limitServers(serverShares(rig.pooler.settings, rig.pooler.topology.current));
  return rig;
}

const asked = (rig: Rig) =>
  rig.server.backends.flatMap(({ queries }) => queries).filter((sql) => sql.startsWith('SHOW'));

test('max_connections_percent: as many links as that part of what the server allows, whoever waits', async () => {
  const rig = await open({ maxConnectionsPercent: 50 }, { maxConnections: 9 });
  const clients = await rig.clients(12);
  for (const client of clients) client.send(query('hang'));
  await rig.pass(3000);
  expect(rig.server.open).toBe(4);
  expect(rig.server.openMax).toBe(4);
  for (let i = 0; i < 12; i++) {
    for (const backend of rig.server.live) backend.finish();
    await rig.pass(400);
  }
  expect(clients.every(({ tags }) => tags === 'CZ')).toBe(true);
  expect(rig.server.openMax).toBe(4);
});

test('the smallest limit counts', async () => {
  const rig = await open({ maxConnectionsPercent: 50, databaseLinksMax: 2 }, { maxConnections: 9 });
  for (const client of await rig.clients(12)) client.send(query('hang'));
  await rig.pass(3000);
  expect(rig.server.openMax).toBe(2);
});

test('max_connections_percent of an entry counts for all entries with that server', async () => {
  const databases = new Map([
    [databaseName('app'), databaseSettings({ maxConnectionsPercent: 30 })],
    [databaseName('other'), databaseSettings()],
  ]);
  const rig = await open({ databases }, { maxConnections: 10 });
  const others = [];
  for (let i = 0; i < 6; i++) others.push(await rig.client({ database: 'other' }));
  for (const client of [...(await rig.clients(6)), ...others]) client.send(query('hang'));
  await rig.pass(5000);
  expect(rig.server.openMax).toBe(3);
});

test('the server is started anew with fewer connections: from its first login on fewer links are opened', async () => {
  const server = { maxConnections: 20 };
  const rig = await open({ maxConnectionsPercent: 50 }, server);
  for (const client of await rig.clients(10)) client.send(query('SELECT 1; hang'));
  await rig.pass(2000);
  expect(rig.server.open).toBe(10);
  server.maxConnections = 6;
  for (const backend of [...rig.server.live]) backend.terminate();
  rig.server.openMax = 0;
  for (const client of await rig.clients(10)) client.send(query('hang'));
  await rig.pass(3000);
  expect(rig.server.openMax).toBe(3);
});

test('nobody asks a server where no part of it is set', async () => {
  const rig = await open({}, { maxConnections: 9 });
  await rig.holders(3);
  await rig.pass(120_000);
  expect(asked(rig)).toEqual([]);
});

test('each link asks when it is opened, and an idle one every minute', async () => {
  const rig = await open({ maxConnectionsPercent: 50 }, { maxConnections: 9 });
  await rig.clients(1);
  await rig.pass(30_000);
  expect(asked(rig)).toHaveLength(1);
  await rig.pass(60_000);
  expect(asked(rig)).toHaveLength(2);
});

test('a server that does not say what it allows keeps few links, and serves', async () => {
  const rig = await open({ maxConnectionsPercent: 50 }, { maxConnections: Number.NaN });
  const clients = await rig.clients(3);
  for (const client of clients) client.send(query('SELECT 1'));
  await rig.pass(1000);
  expect(clients.every(({ tags }) => tags === 'CZ')).toBe(true);
  expect(rig.server.openMax).toBe(1);
  expect(rig.log.lines.some(({ message }) => message.includes('does not say'))).toBe(true);
});

test('the part is set by a reload when there are more links: they go when the server has been asked', async () => {
  const rig = await open({}, { maxConnections: 8 });
  const holders = await rig.holders(10);
  const settings = { ...rig.pooler.settings, maxConnectionsPercent: 50 };
  rig.budget.limitServers(serverShares(settings, rig.pooler.topology.current));
  rig.pooler.reload(settings, rig.pooler.credentials);
  await rig.pass(2000);
  expect(rig.server.open).toBe(10);
  for (const client of holders) client.send(query('COMMIT'));
  await rig.pass(20_000);
  expect(rig.server.open).toBe(4);
});

test('max_idle_connections_percent: what has been idle for 5 minutes is closed down to it', async () => {
  const rig = await open({ maxIdleConnectionsPercent: 20 }, { maxConnections: 10 });
  const holders = await rig.holders(6);
  for (const client of holders) client.send(query('COMMIT'));
  await rig.pass(200_000);
  expect(rig.server.open).toBe(6);
  await rig.pass(300_000);
  expect(rig.server.open).toBe(2);
});

test('each of several workers has its part of the idle links', async () => {
  const changes = { maxIdleConnectionsPercent: 30, workerSlot: { index: 1, count: 2 } };
  const rig = await open(changes, { maxConnections: 10 });
  for (const client of await rig.holders(6)) client.send(query('COMMIT'));
  await rig.pass(500_000);
  expect(rig.server.open).toBe(1);
});

test('max_idle_connections_percent of an entry holds for its server', async () => {
  const entry = databaseSettings({ maxIdleConnectionsPercent: 10 });
  const databases = new Map([[databaseName('app'), entry]]);
  const rig = await open({ maxIdleConnectionsPercent: 50, databases }, { maxConnections: 10 });
  for (const client of await rig.holders(6)) client.send(query('COMMIT'));
  await rig.pass(500_000);
  expect(rig.server.open).toBe(1);
});
