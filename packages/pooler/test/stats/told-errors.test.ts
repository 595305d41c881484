import { errorResponse, readyForQuery } from '@pgweir/protocol';
import type { TransactionObserver } from '../../src/ports/transaction-observer';
import type { PoolerSettings } from '../../src/settings/settings';
import { extended, query, sync } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';
import { TransactionLog } from '../kit/transaction-log';
import { asks, Stage } from '../lost-links/stage';

const FAILURE = Buffer.concat([
  errorResponse({ severity: 'ERROR', code: '42601', message: 'syntax error' }),
  readyForQuery('I'),
]);
const EVERY = { sampleRatio: 1, perSecondMax: 1000 };

/** The errors that have been counted: source, SQLSTATE and how often. */
async function counted({ pooler }: Rig): Promise<readonly string[]> {
  const { errors } = await pooler.snapshot([]);
  return errors.map(({ source, sqlstate, count }) => `${source} ${sqlstate} ${count}`);
}

const codesOf = ({ errors }: TestClient) => errors.map(({ code }) => code);

async function open(
  changes: Partial<PoolerSettings>,
  observer: TransactionObserver = new TransactionLog(),
): Promise<{ readonly rig: Rig; readonly client: TestClient }> {
  const settings = { poolMode: 'transaction', tracing: EVERY, ...changes } as const;
  const rig = await Rig.open(settings, { observer });
  const client = await rig.client();
  // The fake knows no other way to fail than to be told so.
  rig.server.backend.answer = (sql) => (sql.startsWith('pgweir') ? FAILURE : undefined);
  return { rig, client };
}

test.each([
  ['simple', query('CREATE TEMP TABLE t (a int)')],
  ['extended', Buffer.concat([extended('CREATE TEMP TABLE t (a int)'), sync()])],
])('what strict mode refuses is our 0A000: %s', async (_protocol, message) => {
  const log = new TransactionLog();
  const { client, rig } = await open({ sessionState: 'strict' }, log);
  client.send(message);
  await rig.settle();
  expect(codesOf(client)).toEqual(['0A000']);
  expect(await counted(rig)).toEqual(['pgweir 0A000 1']);
  expect(log.all.map(({ sqlstate }) => sqlstate)).toEqual(['0A000']);
});

test('what PostgreSQL says itself is of the server', async () => {
  const { client, rig } = await open({ sessionState: 'strict' });
  client.send(query('CREATE TEMP TABLE t (a int)'), query('fail'));
  await rig.settle();
  expect(codesOf(client)).toEqual(['0A000', '42601']);
  expect(await counted(rig)).toEqual(['pgweir 0A000 1', 'server 42601 1']);
});

test('a statement that is cancelled while it waits is our 57014', async () => {
  const { client: holder, rig } = await open({ poolSize: 1 });
  holder.send(query('BEGIN'));
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  await rig.cancel(client);
  expect(codesOf(client)).toEqual(['57014']);
  expect(await counted(rig)).toEqual(['pgweir 57014 1']);
});

test('every error in a transaction that is lost is counted', async () => {
  const stage = await Stage.open({});
  const client = await stage.rig.client();
  await asks(stage, client, query('BEGIN'));
  await stage.failOver();
  for (const message of [query('SELECT 1'), query('SELECT 2'), extended('SELECT 3')])
    await asks(stage, client, message);
  await asks(stage, client, sync(), query('ROLLBACK'));
  expect(await counted(stage.rig)).toEqual(['pgweir 08006 1', 'pgweir 25P02 2']);
});
