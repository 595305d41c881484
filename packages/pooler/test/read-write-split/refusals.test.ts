import {
  commandComplete,
  dataRow,
  errorResponse,
  readyForQuery,
  rowDescription,
} from '@pgweir/protocol';
import type { FakeBackend } from '../kit/fake-backend';
import { execute, extended, frame, parse, query, sync } from '../kit/messages';
import { heard } from '../lost-links/stage';
import { A, B, bindTo, ONE_REPLICA, PRIMARY, Stage } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';
const PARSED = frame('1');
const BOUND = frame('2');

function error(code: string): Buffer {
  return errorResponse({ severity: 'ERROR', code, message: 'no' });
}

/** Whoever asks a replica for these gets an error and nothing else. */
function refuse(stage: Stage, code: string, refused: readonly string[]): void {
  for (const port of [A, B])
    stage.at(port, (backend) => {
      backend.answer = (sql, { status }) =>
        refused.includes(sql)
          ? Buffer.concat([error(code), readyForQuery(status === 'I' ? 'I' : 'E')])
          : undefined;
    });
}

/** Replicas say nothing; what they are sent is answered by hand. */
function silence(stage: Stage): void {
  for (const port of [A, B])
    stage.at(port, (backend) => {
      backend.answers = false;
    });
}

function asked(stage: Stage): FakeBackend {
  const backend = stage.rig.server.live.find(
    ({ answers, received }) => !answers && received.length > 0,
  );
  if (backend === undefined) throw new Error('nobody was asked');
  return backend;
}

test.each(['25006', '40001', '0A000'])(
  '%s of a replica: the primary runs it, unseen',
  async (code) => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    refuse(stage, code, [READ]);
    client.send(query(READ), query(WRITE), query(READ));
    await stage.rig.settle();
    expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI C(SELECT 0) ZI');
    expect(stage.onPrimary).toEqual([READ, WRITE, READ]);
    expect(stage.counts).toEqual({ replica: 0, primary: 0, rerouted: 1 });
    // The next one is tried on a replica again.
    client.send(query('SELECT b FROM t'));
    await stage.rig.settle();
    expect(stage.onReplicas).toEqual(['SELECT b FROM t']);
  },
);

test('it is run on the primary even where reads are not retried', async () => {
  const stage = await Stage.open({}, { retryReads: false });
  const client = await stage.rig.client();
  refuse(stage, '25006', [READ]);
  client.send(query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
});

test.each(['42P01', '57014', '22012', '53200', '40P01'])(
  "%s of a replica is the client's",
  async (code) => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    refuse(stage, code, [READ]);
    client.send(query(READ));
    await stage.rig.settle();
    expect(heard(client)).toBe(`E${code} ZI`);
    expect(stage.onPrimary).toEqual([]);
  },
);

test.each([
  ['at once', []],
  ['behind ParseComplete', [PARSED]],
  ['behind BindComplete', [PARSED, BOUND]],
  ['behind the description of its rows', [PARSED, BOUND, rowDescription([])]],
])('an extended read is refused %s in one chunk', async (_when, before) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  silence(stage);
  client.send(extended(READ), sync(), query(WRITE));
  await stage.rig.settle();
  asked(stage).send(...before, error('25006'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe('1 2 C(SELECT 0) ZI C(SELECT 0) ZI');
  expect(stage.onPrimary).toEqual([READ, WRITE]);
});

test('a statement prepared by name is refused when it runs: it is prepared on the primary', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  silence(stage);
  client.send(parse(READ, 'n'), bindTo('n'), execute(), sync());
  await stage.rig.settle();
  asked(stage).send(PARSED, BOUND, error('40001'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe('1 2 C(SELECT 0) ZI');
  client.forget();
  client.send(bindTo('n'), execute(), sync());
  await stage.rig.settle();
  const backend = asked(stage);
  expect(backend.tags).toBe('PBES');
  backend.send(PARSED, BOUND, commandComplete('SELECT 0'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe('2 C(SELECT 0) ZI');
});

test('rows have been forwarded: the client hears of the error, and nothing is run again', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  silence(stage);
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  const replica = asked(stage);
  replica.send(rowDescription([]), dataRow([]));
  await stage.rig.settle();
  replica.send(dataRow([]), error('40001'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe('T D D E40001 ZI C(SELECT 0) ZI');
  expect(stage.onPrimary).toEqual([WRITE]);
  expect(stage.counts.rerouted).toBe(0);
});

test('rows and the error in one chunk: no row has been forwarded', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  silence(stage);
  client.send(query(READ));
  await stage.rig.settle();
  asked(stage).send(rowDescription([]), dataRow([]), error('40001'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
});

test('the error comes in two chunks: the client has it from the one that had seen nothing', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  silence(stage);
  client.send(query(READ));
  await stage.rig.settle();
  const bytes = Buffer.concat([error('40001'), readyForQuery('I')]);
  for (const byte of bytes) {
    asked(stage)?.send(Buffer.from([byte]));
    await stage.rig.settle();
    if (client.tags !== '') break;
  }
  expect(heard(client)).toBe('C(SELECT 0) ZI');
});

test('BEGIN READ ONLY that is refused begins on the primary, and all of it is there', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  refuse(stage, '0A000', ['BEGIN READ ONLY']);
  client.send(query('BEGIN READ ONLY'), query(READ), query('COMMIT'), query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(BEGIN) ZT C(SELECT 0) ZT C(COMMIT) ZI C(SELECT 0) ZI');
  expect(stage.onPrimary).toEqual(['BEGIN READ ONLY', READ, 'COMMIT', READ]);
});

test("an error within a READ ONLY transaction is the client's", async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  refuse(stage, '25006', [WRITE]);
  client.send(query('BEGIN READ ONLY'), query(WRITE));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(BEGIN) ZT E25006 ZE');
  client.send(query('ROLLBACK'), query(WRITE));
  await stage.rig.settle();
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('the primary refuses it too: that is what the client hears', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  refuse(stage, '25006', [READ]);
  stage.at(PRIMARY, (backend) => {
    backend.answer = (sql) =>
      sql === READ ? Buffer.concat([error('25006'), readyForQuery('I')]) : undefined;
  });
  client.send(query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe('E25006 ZI');
  expect(stage.counts.rerouted).toBe(1);
});

test('a statement of an earlier group is still there when one that names it anew is refused', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  client.send(parse('SELECT b FROM t', 'n'), sync());
  await stage.rig.settle();
  client.forget();
  silence(stage);
  client.send(frame('C', 'Sn\0'), parse(READ, 'n'), bindTo('n'), execute(), sync());
  await stage.rig.settle();
  asked(stage).send(PARSED, BOUND, error('25006'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe('3 1 2 C(SELECT 0) ZI');
  expect(stage.onPrimary).toEqual([READ]);
});

test('a refusal that comes for what nobody asked for any more harms nobody', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  silence(stage);
  client.send(query(READ));
  await stage.rig.settle();
  const replica = asked(stage);
  client.wire.close(undefined);
  await stage.rig.settle();
  replica.send(error('25006'), readyForQuery('I'));
  await stage.rig.pass(1000);
  expect(stage.rig.pooler.sessions.size).toBe(0);
  expect(stage.onPrimary).toEqual([]);
});

test('refusals are each run on the primary, and after three in a row reads keep away for ten seconds', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  refuse(stage, '40001', [READ]);
  for (let i = 0; i < 20; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  expect(heard(client)).toBe(Array(20).fill('C(SELECT 0) ZI').join(' '));
  expect(stage.counts.rerouted).toBe(3);
  await stage.rig.pass(10_001);
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.counts.rerouted).toBe(4);
});
