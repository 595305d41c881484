import {
  bind,
  bound,
  describe as describePortal,
  describeStatement,
  execute,
  extended,
  flush,
  frame,
  parse,
  query,
  sync,
} from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard, Stage, TWO } from './stage';

/** A client in an open transaction, whose server is lost. */
async function inLostTransaction(): Promise<{ stage: Stage; client: TestClient }> {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN'));
  await stage.rig.settle();
  client.forget();
  await stage.failOver();
  expect(heard(client)).toBe('');
  return { stage, client };
}

async function asks(stage: Stage, client: TestClient, ...parts: Buffer[]): Promise<string> {
  client.forget();
  client.send(...parts);
  await stage.rig.settle();
  return heard(client);
}

const closed = (kind: string, name: string): Buffer => frame('C', `${kind}${name}\0`);

test('its next statement hears 08006, the others 25P02, until it rolls back; all without a link', async () => {
  const { stage, client } = await inLostTransaction();
  expect(await asks(stage, client, query('INSERT INTO t VALUES (1)'))).toBe('E08006 ZE');
  expect(client.errors[0]?.hint).toContain('whole transaction');
  expect(await asks(stage, client, query('SELECT 1'))).toBe('E25P02 ZE');
  expect(await asks(stage, client, query(''))).toBe('I ZE');
  expect(await asks(stage, client, query('SAVEPOINT a'))).toBe('E25P02 ZE');
  expect(await asks(stage, client, query("COMMIT PREPARED 'x'"))).toBe('E25P02 ZE');
  expect(await asks(stage, client, query("ROLLBACK PREPARED 'x'"))).toBe('E25P02 ZE');
  expect(await asks(stage, client, query('this is no SQL'))).toBe('E25P02 ZE');
  expect(await asks(stage, client, frame('F', Buffer.alloc(10)))).toBe('E25P02 ZE');
  expect(stage.rig.server.live).toEqual([]);
  expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
  expect(stage.rig.server.live).toEqual([]);
  expect(await asks(stage, client, query('SELECT 2'))).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['SELECT 2']);
  expect(stage.counts).toEqual([0, 0, 1]);
});

test.each(['ROLLBACK', 'abort', ' /* bye */ rollback transaction; '])(
  'a client that rolls back anyway hears nothing of the loss: %s',
  async (sql) => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, query(sql))).toBe('C(ROLLBACK) ZI');
  },
);

test.each(['COMMIT', 'END', "PREPARE TRANSACTION 'x'"])(
  'a client that commits must hear of an error, and is out of the transaction: %s',
  async (sql) => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, query(sql))).toBe('E08006 ZI');
    expect(await asks(stage, client, query('SELECT 2'))).toBe('C(SELECT 0) ZI');
  },
);

test.each(['COMMIT', 'END', "PREPARE TRANSACTION 'x'"])(
  'one that has heard of it gets ROLLBACK for %s, as PostgreSQL says it',
  async (sql) => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('E08006 ZE');
    expect(await asks(stage, client, query(sql))).toBe('C(ROLLBACK) ZI');
  },
);

test.each(['ROLLBACK TO SAVEPOINT a', 'ROLLBACK AND CHAIN', 'COMMIT AND CHAIN'])(
  'what would need the transaction itself is refused with 08006 each time: %s',
  async (sql) => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, query(sql))).toBe('E08006 ZE');
    expect(await asks(stage, client, query(sql))).toBe('E08006 ZE');
    expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
  },
);

test('what stands behind a ROLLBACK in its text runs on the next server', async () => {
  const { stage, client } = await inLostTransaction();
  const answer = await asks(stage, client, query('ROLLBACK; SELECT 1'), query('SELECT 2'));
  expect(answer).toBe('C(ROLLBACK) C(SELECT 0) ZI C(SELECT 0) ZI');
  const [first, second] = stage.at(TWO).queries;
  expect(first).toMatch(/^ {10}SELECT 1$/);
  expect(second).toBe('SELECT 2');
});

test('what stands behind a COMMIT that fails is not run', async () => {
  const { stage, client } = await inLostTransaction();
  expect(await asks(stage, client, query('COMMIT; INSERT INTO t VALUES (1)'))).toBe('E08006 ZI');
  expect(stage.rig.server.live).toEqual([]);
});

describe('by the extended protocol', () => {
  test('an error, and what follows it is skipped up to the Sync', async () => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, extended('INSERT INTO t VALUES (1)'), sync())).toBe(
      'E08006 ZE',
    );
    expect(await asks(stage, client, extended('SELECT 1'), sync())).toBe('E25P02 ZE');
    expect(await asks(stage, client, extended('SELECT 1'))).toBe('E25P02');
    expect(await asks(stage, client, extended('ROLLBACK'))).toBe('');
    expect(await asks(stage, client, sync())).toBe('ZE');
    expect(await asks(stage, client, sync())).toBe('ZE');
  });

  test('ROLLBACK is prepared, bound, described and run', async () => {
    const { stage, client } = await inLostTransaction();
    const messages = [parse('ROLLBACK'), bind(), describePortal(), execute(), sync()];
    expect(await asks(stage, client, ...messages)).toBe('1 2 n C(ROLLBACK) ZI');
    expect(stage.rig.server.live).toEqual([]);
  });

  test('message by message, with Flush', async () => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, parse('ROLLBACK', 'r'), flush())).toBe('1');
    expect(await asks(stage, client, describeStatement('r'), flush())).toBe('t n');
    expect(await asks(stage, client, bound('r'), flush())).toBe('2');
    expect(await asks(stage, client, execute(), flush())).toBe('C(ROLLBACK)');
    expect(await asks(stage, client, flush())).toBe('');
    expect(await asks(stage, client, sync())).toBe('ZI');
    expect(await asks(stage, client, bound('r'), execute(), sync())).toBe('2 C(ROLLBACK) ZI');
    expect(stage.at(TWO).tags).toContain('P');
  });

  test('in pieces of one byte', async () => {
    const { stage, client } = await inLostTransaction();
    const messages = Buffer.concat([
      extended('SELECT 1'),
      sync(),
      parse('ROLLBACK'),
      bind(),
      execute(),
      sync(),
      query('SELECT 2'),
    ]);
    for (const byte of messages) {
      client.send(Buffer.from([byte]));
      await stage.rig.settle();
    }
    expect(heard(client)).toBe('E08006 ZE 1 2 C(ROLLBACK) ZI C(SELECT 0) ZI');
  });

  test('a COMMIT hears of an error, and is over with its Sync', async () => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, extended('COMMIT'), sync())).toBe('1 2 E08006 ZI');
    expect(await asks(stage, client, extended('SELECT 1'), sync())).toBe('1 2 C(SELECT 0) ZI');
  });

  test('a ROLLBACK that was prepared before is bound by its name', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    client.send(parse('ROLLBACK', 'r'), parse('SELECT 1', 's'), sync(), query('BEGIN'));
    await stage.rig.settle();
    await stage.failOver();
    expect(await asks(stage, client, bound('s'), execute(), sync())).toBe('E08006 ZE');
    expect(await asks(stage, client, bound('r'), execute(), sync())).toBe('2 C(ROLLBACK) ZI');
    expect(await asks(stage, client, bound('s'), execute(), sync())).toBe('2 C(SELECT 0) ZI');
  });

  test('what follows the ROLLBACK in its group runs on the next server', async () => {
    const { stage, client } = await inLostTransaction();
    const messages = [extended('ROLLBACK'), extended('SELECT 1'), sync(), query('SELECT 2')];
    const answer = await asks(stage, client, ...messages);
    expect(answer).toBe('1 2 C(ROLLBACK) 1 2 C(SELECT 0) ZI C(SELECT 0) ZI');
    expect(stage.at(TWO).tags).toBe('PBESQ');
  });

  test('statements can be closed, and a name that is taken is no name for another', async () => {
    const { stage, client } = await inLostTransaction();
    expect(await asks(stage, client, parse('ROLLBACK', 'r'), closed('S', 'r'), sync())).toBe(
      '1 3 ZE',
    );
    expect(await asks(stage, client, parse('ROLLBACK', 'r'), closed('P', 'x'), sync())).toBe(
      '1 3 ZE',
    );
    expect(await asks(stage, client, parse('ROLLBACK', 'r'), sync())).toBe('E08006 ZE');
    expect(await asks(stage, client, bound('x'), execute(), sync())).toBe('E25P02 ZE');
  });

  test('the types of parameters are told as they were given', async () => {
    const { stage, client } = await inLostTransaction();
    const types = Buffer.from([0, 1, 0, 0, 0, 23]);
    client.forget();
    client.send(frame('P', Buffer.concat([Buffer.from('r\0ROLLBACK\0'), types])));
    client.send(describeStatement('r'), sync());
    await stage.rig.settle();
    const [, described] = client.recent;
    expect(described?.body).toEqual(types);
  });
});

test.each([
  ['simple', [query('INSERT INTO t VALUES (1)')]],
  ['extended', [extended('INSERT INTO t VALUES (1)'), sync()]],
])('a statement in the transaction that is under way: 08006, once (%s)', async (_how, messages) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN'));
  await stage.rig.settle();
  client.forget();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(...messages);
  await stage.rig.settle();
  await stage.failOver();
  expect(heard(client)).toBe('E08006 ZE');
  expect(await asks(stage, client, query('SELECT 1'))).toBe('E25P02 ZE');
  expect(await asks(stage, client, query('COMMIT'))).toBe('C(ROLLBACK) ZI');
  expect(stage.rig.server.live).toEqual([]);
  expect(stage.counts).toEqual([0, 0, 1]);
});

test.each([
  ['COMMIT', [query('COMMIT')], 'E08007 ZI'],
  ['COMMIT, extended', [extended('COMMIT'), sync()], 'E08007 ZI'],
  [
    'COMMIT behind a write',
    [query('INSERT INTO t VALUES (1)'), query('COMMIT')],
    'E08007 ZE E08007 ZI',
  ],
  ['COMMIT AND CHAIN', [query('COMMIT AND CHAIN')], 'E08007 ZE'],
  ['PREPARE TRANSACTION', [query("PREPARE TRANSACTION 'x'")], 'E08007 ZI'],
  ['ROLLBACK', [query('ROLLBACK')], 'C(ROLLBACK) ZI'],
  ['ROLLBACK, extended', [extended('ROLLBACK'), sync()], '1 2 C(ROLLBACK) ZI'],
  [
    'ROLLBACK behind a write',
    [query('UPDATE t SET a = 1'), query('ROLLBACK')],
    'E08006 ZE C(ROLLBACK) ZI',
  ],
  [
    'a read behind ROLLBACK',
    [query('ROLLBACK'), query('SELECT a FROM t')],
    'C(ROLLBACK) ZI C(SELECT 0) ZI',
  ],
  [
    'a write behind ROLLBACK',
    [query('ROLLBACK'), query('UPDATE t SET a = 1')],
    'E08007 ZI E08007 ZI',
  ],
])('an end of the transaction that is under way: %s', async (_what, messages, expected) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN'));
  await stage.rig.settle();
  client.forget();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(...messages);
  await stage.rig.settle();
  await stage.failOver();
  expect(heard(client)).toBe(expected);
});

test('a transaction that has failed by itself goes on failing, and nobody is told of the loss', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN'), query('fail'));
  await stage.rig.settle();
  await stage.failOver();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('E25P02 ZE');
  expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
  expect(stage.counts).toEqual([1, 0, 0]);
});

test('a group without its Sync: the error comes at once, ReadyForQuery with the Sync', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN'));
  await stage.rig.settle();
  client.forget();
  client.send(extended('INSERT INTO t VALUES (1)'), flush());
  await stage.rig.settle();
  expect(heard(client)).toBe('1 2 C(SELECT 0)');
  await stage.failOver();
  expect(heard(client)).toBe('1 2 C(SELECT 0) E08006');
  expect(await asks(stage, client, extended('SELECT 1'))).toBe('');
  expect(await asks(stage, client, sync())).toBe('ZE');
  expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
});

test('a client that says goodbye in a lost transaction is gone', async () => {
  const { stage, client } = await inLostTransaction();
  client.send(frame('X'));
  await stage.rig.settle();
  expect(client.closed).toBe(true);
  expect(stage.rig.pooler.sessions.size).toBe(0);
});

test('nonsense in a lost transaction is 08P01 as ever', async () => {
  const { stage, client } = await inLostTransaction();
  expect(await asks(stage, client, frame('!'))).toBe('E08P01');
  expect(client.closed).toBe(true);
});
