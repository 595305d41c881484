import { databaseName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

const ENTRIES = new Map([[databaseName('app'), databaseSettings()]]);

async function seen(rig: Rig) {
  return await rig.pooler.snapshot([]);
}

test('clients count for the entry that they ask for, and names that do not exist for one', async () => {
  const rig = await Rig.open({ databases: ENTRIES });
  const [first] = await rig.clients(2);
  for (const database of ['made-up', 'made-up-too']) rig.caller({ database });
  await rig.settle();
  first?.hangUp();
  await rig.settle();
  const { clientTraffic, entryClients } = await seen(rig);
  expect(clientTraffic).toEqual([
    { entry: 'app', received: 2, succeeded: 2, failedAuth: 0, closed: 1 },
    { entry: '*', received: 2, succeeded: 0, failedAuth: 0, closed: 2 },
  ]);
  expect(entryClients).toEqual([{ entry: 'app', clients: 1, clientsTls: 0 }]);
});

test('whoever cannot prove who he is counts as one that failed', async () => {
  const credentials = { lookup: () => undefined };
  const rig = await Rig.open({ databases: ENTRIES }, { credentials });
  rig.caller();
  await rig.settle();
  const { clientTraffic } = await seen(rig);
  expect(clientTraffic).toEqual([
    { entry: 'app', received: 1, succeeded: 0, failedAuth: 1, closed: 1 },
  ]);
});

test('whoever is refused for lack of TLS counts as one that came and failed', async () => {
  const rig = await Rig.open({ databases: ENTRIES, clientTlsMode: 'require' });
  rig.caller();
  await rig.settle();
  const { clientTraffic } = await seen(rig);
  expect(clientTraffic).toMatchObject([{ received: 1, failedAuth: 1 }]);
});

test('connections count for their server: tried, opened and failed, lent and in a transaction', async () => {
  const rig = await Rig.open({ databases: ENTRIES, poolSize: 3 });
  await rig.holders(1);
  const [busy] = await rig.clients(1);
  busy?.send(query('hang'));
  await rig.settle();
  rig.server.dialling = { kind: 'refuse' };
  const [late] = await rig.clients(1);
  late?.send(query('SELECT 1'));
  await rig.settle();
  const { targetLinks, targetTraffic } = await seen(rig);
  const target = { entry: 'app', server: 'db.test:5432' };
  expect(targetLinks).toEqual([
    { ...target, links: 2, linksTls: 0, borrowed: 2, inTransaction: 1, pinned: 0 },
  ]);
  expect(targetTraffic).toMatchObject([{ ...target, requests: 3, succeeded: 2, failed: 1 }]);
});

test('what a server answers is timed for it', async () => {
  const rig = await Rig.open({ databases: ENTRIES });
  const [client] = await rig.clients(1);
  client?.send(query('hang'));
  await rig.pass(250);
  rig.server.backend.finish();
  await rig.settle();
  const { stats, targetTraffic } = await seen(rig);
  expect(targetTraffic).toMatchObject([{ replies: 1, replyUs: 250_000, requestsTls: 0 }]);
  expect(stats).toMatchObject([{ queries: 1, queriesTls: 0, queryUs: 250_000 }]);
});
