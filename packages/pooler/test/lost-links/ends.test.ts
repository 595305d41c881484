import { commandComplete, errorResponse, readyForQuery } from '@pgweir/protocol';
import {
  copyData,
  copyDone,
  execute,
  extended,
  frame,
  parse,
  query,
  sync,
  terminate,
} from '../kit/messages';
import { asks, heard, ONE, ranAt, Stage, TWO } from './stage';

const GOES = errorResponse({ severity: 'FATAL', code: '57P01', message: 'it ends' });

describe('PostgreSQL says itself that it ends a connection', () => {
  test.each(['57P01', '57P02', '57P03'])('%s: the client does not hear of it', async (code) => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    const [backend] = stage.rig.server.live;
    if (backend === undefined) throw new Error('no backend');
    backend.answers = false;
    expect(await asks(stage, client, query('SELECT a FROM t'))).toBe('');
    backend.send(errorResponse({ severity: 'FATAL', code, message: 'it ends' }));
    await stage.rig.settle();
    // The server is there as before.
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(stage.counts).toEqual([0, 1, 0]);
    backend.close();
    await stage.rig.settle();
  });

  test('behind whole messages of an answer, in pieces', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    const backend = stage.at(ONE);
    backend.answers = false;
    await asks(stage, client, query('INSERT INTO t VALUES (1)'));
    backend.send(frame('C', 'INSERT 0 1\0'));
    const end = errorResponse({ severity: 'FATAL', code: '57P01', message: 'it ends' });
    for (const byte of end) backend.send(Buffer.from([byte]));
    await stage.rig.settle();
    expect(heard(client)).toBe('C(INSERT 0 1) E08007 ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test.each(['25P03', '57P05', '08P01'])(
    'because of what the client does (%s): it hears that and is closed',
    async (code) => {
      const stage = await Stage.open();
      const client = await stage.rig.client();
      const backend = stage.at(ONE);
      await asks(stage, client, query('BEGIN'));
      client.forget();
      backend.send(errorResponse({ severity: 'FATAL', code, message: 'too long' }));
      backend.close();
      await stage.rig.settle();
      expect(heard(client)).toBe(`E${code}`);
      expect(client.closed).toBe(true);
    },
  );

  test('behind the answer to a SET of ours: the statement has not been sent, and gets another connection', async () => {
    const stage = await Stage.open({ poolSize: 1 });
    const [plain, client] = [
      await stage.rig.client(),
      await stage.rig.client({ application_name: 'other' }),
    ];
    await asks(stage, plain, query('SELECT 1'));
    const backend = stage.at(ONE);
    backend.answer = (sql) => {
      if (!sql.includes('set_config')) return undefined;
      return Buffer.concat([commandComplete('SELECT 1'), readyForQuery('I'), GOES]);
    };
    expect(await asks(stage, client, query('INSERT INTO t VALUES (1)'))).toBe('C(SELECT 0) ZI');
    expect(client.closed).toBe(false);
    expect(backend.queries.at(-1)).toContain('application_name');
    expect(ranAt(stage, ONE)).toContain('INSERT INTO t VALUES (1)');
  });

  test('in an open transaction: the next statement hears of it', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, query('BEGIN'));
    client.forget();
    stage.at(ONE).terminate();
    await stage.rig.settle();
    expect(heard(client)).toBe('');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('E08006 ZE');
  });
});

describe('more than is kept in copy', () => {
  const long = 'x'.repeat(100_000);

  test('a read is not run again', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(
      stage,
      client,
      parse(`SELECT '${long}'`),
      frame('B', Buffer.alloc(8)),
      execute(),
      sync(),
    );
    await stage.failOver();
    expect(heard(client)).toBe('E08007 ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test('a statement with long parameters is known by its name', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, parse('SELECT a FROM t WHERE b = $1', 's'), sync());
    stage.at(ONE).answers = false;
    const parameter = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x86, 0xa0]), Buffer.from(long)]);
    parameter.writeUInt32BE(long.length, 2);
    const values = Buffer.concat([Buffer.from('\0s\0\0\0'), parameter, Buffer.alloc(2)]);
    await asks(stage, client, frame('B', values), execute(), sync());
    await stage.failOver();
    expect(heard(client)).toBe('E08006 ZI');
  });

  test('a message of which only a part was sent has done nothing; what is left of it is dropped', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    const text = query(`INSERT INTO t VALUES ('${long}')`);
    await asks(stage, client, text.subarray(0, 90_000));
    await stage.failOver();
    expect(heard(client)).toBe('E08006 ZI');
    expect(await asks(stage, client, text.subarray(90_000), query('SELECT 1'))).toBe(
      'C(SELECT 0) ZI',
    );
    expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
  });

  test('a part of one in an open transaction', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, query('BEGIN'));
    stage.at(ONE).answers = false;
    const text = query(`INSERT INTO t VALUES ('${long}')`);
    await asks(stage, client, text.subarray(0, 90_000));
    await stage.failOver();
    expect(heard(client)).toBe('E08006 ZE');
    expect(await asks(stage, client, text.subarray(90_000), query('SELECT 1'))).toBe('E25P02 ZE');
    expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
  });
});

describe('COPY', () => {
  test('the server is lost while it reads: 08007, and what still comes of the data is dropped', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    expect(await asks(stage, client, query('copy t'))).toBe('G');
    expect(await asks(stage, client, copyData('1\n'))).toBe('');
    await stage.failOver();
    expect(heard(client)).toBe('E08007 ZI');
    expect(await asks(stage, client, copyData('2\n'), copyDone())).toBe('');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
    expect(stage.at(TWO).tags).toBe('Q');
  });

  test('by the extended protocol the ReadyForQuery comes with the next Sync', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    expect(await asks(stage, client, extended('copy t'), sync())).toBe('1 2 G');
    await stage.failOver();
    expect(heard(client)).toBe('1 2 G E08007');
    expect(await asks(stage, client, copyData('2\n'), copyDone())).toBe('');
    expect(await asks(stage, client, sync())).toBe('ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  });

  test('in an open transaction it is lost with that', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, query('BEGIN'));
    expect(await asks(stage, client, query('copy t'), copyData('1\n'))).toBe('G');
    await stage.failOver();
    expect(heard(client)).toBe('G E08006 ZE');
    expect(await asks(stage, client, copyDone(), query('COMMIT'))).toBe('C(ROLLBACK) ZI');
  });
});

test('a client that has said goodbye is not kept for the sake of its last statement', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  stage.at(ONE).answers = false;
  await asks(stage, client, query('INSERT INTO t VALUES (1)'), terminate());
  await stage.failOver();
  expect(stage.rig.pooler.sessions.size).toBe(0);
});

test('a canceled statement that waits for a server is canceled', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  stage.at(ONE).answers = false;
  await asks(stage, client, query('SELECT a FROM t'));
  await stage.kill();
  await stage.hold();
  await stage.rig.cancel(client);
  expect(heard(client)).toBe('E57014 ZI');
  await stage.promote();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
});
