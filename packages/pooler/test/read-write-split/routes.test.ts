import { userName } from '../../src/ports/names';
import {
  bind,
  copyData,
  copyDone,
  describe as describePortal,
  execute,
  extended,
  flush,
  frame,
  parse,
  query,
  sync,
  terminate,
} from '../kit/messages';
import { NO_USER_SETTINGS } from '../kit/settings';
import { heard } from '../lost-links/stage';
import { A, bindTo, Stage, setTo } from './stage';

const READS = [
  'SELECT a FROM t',
  'TABLE t',
  'VALUES (1)',
  'SELECT a FROM t; SELECT b FROM t',
  '/* pgweir: replica */ SELECT f(1)',
];

const NO_READS = [
  'INSERT INTO t VALUES (1)',
  'UPDATE t SET a = 1',
  'SELECT a FROM t FOR UPDATE',
  'SELECT a FROM t FOR SHARE',
  'SELECT unknown_function(1)',
  'SELECT a FROM t; DELETE FROM t',
  'WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w',
  'SELECT a INTO u FROM t',
  "SELECT nextval('s')",
  "SELECT set_config('a.b', 'c', false)",
  'SHOW work_mem',
  'EXPLAIN SELECT a FROM t',
  'COPY t TO STDOUT',
  'COPY (SELECT a FROM t) TO STDOUT',
  'NOTIFY a',
  'PREPARE p AS SELECT a FROM t',
  'DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t',
  'CREATE TABLE u (a int)',
  'VACUUM t',
  'this is no SQL',
  '',
  '/* pgweir: primary */ SELECT a FROM t',
  '/* pgweir: replica */ INSERT INTO t VALUES (1)',
];

test.each(READS)('a simple query that reads runs on a replica: %s', async (sql) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query(sql));
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([sql]);
  expect(stage.onPrimary).toEqual([]);
  expect(client.tags.endsWith('Z')).toBe(true);
  expect(stage.counts).toEqual({ replica: 1, primary: 0, rerouted: 0 });
});

test.each(NO_READS)('a simple query that may write runs on the primary: %s', async (sql) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query(sql));
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([]);
  expect(stage.onPrimary).toEqual([sql]);
  expect(client.tags.endsWith('Z')).toBe(true);
  expect(stage.counts).toEqual({ replica: 0, primary: 0, rerouted: 0 });
});

test.each(READS.filter((sql) => !sql.includes(';')))('a group of one read: %s', async (sql) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(extended(sql), describePortal(), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([sql]);
  expect(stage.onPrimary).toEqual([]);
  expect(client.tags).toBe('12CnZ');
});

test.each(NO_READS.filter((sql) => !sql.includes(';')))('a group of a write: %s', async (sql) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(extended(sql), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([]);
  expect(stage.onPrimary).toEqual([sql]);
});

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';

test('reads take turns among the replicas, and other reads of a session too', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  for (let i = 0; i < 6; i++) {
    client.send(query(`SELECT a FROM t WHERE a = ${i}`));
    await stage.rig.settle();
  }
  expect(stage.ran(A)).toHaveLength(3);
  expect(stage.onReplicas).toHaveLength(6);
  expect(stage.counts).toEqual({ replica: 6, primary: 0, rerouted: 0 });
});

test('a text that opens a READ ONLY transaction, reads and ends it', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answer = () => undefined;
  });
  client.send(query('BEGIN READ ONLY; SELECT a FROM t; COMMIT'));
  await stage.rig.settle();
  expect(stage.onReplicas).toHaveLength(1);
});

test('a statement prepared on one replica is run on the other, prepared again', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(READ, 'r'), sync());
  await stage.rig.settle();
  client.forget();
  for (let i = 0; i < 4; i++) client.send(bindTo('r'), execute(), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([READ, READ, READ, READ]);
  expect(stage.onPrimary).toEqual([]);
  expect(client.tags).toBe('2CZ2CZ2CZ2CZ');
});

test('a write prepared earlier is bound on the primary, and a read on a replica', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(WRITE, 'w'), parse(READ, 'r'), sync());
  await stage.rig.settle();
  // A group in which one prepares a write goes to the primary.
  expect(stage.rig.server.liveAt(A)).toEqual([]);
  for (const name of ['r', 'w', 'r', 'w']) {
    client.send(bindTo(name), execute(), sync());
    await stage.rig.settle();
  }
  expect(stage.onReplicas).toEqual([READ, READ]);
  expect(stage.onPrimary).toEqual([WRITE, WRITE]);
  expect(client.tags).toBe('11Z2CZ2CZ2CZ2CZ');
});

test.each([
  ['two reads', ['r', 'r'], true],
  ['a read and a write', ['r', 'w'], false],
  ['a write and a read', ['w', 'r'], false],
])('a group of %s that were prepared earlier', async (_what, names, isForReplica) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(WRITE, 'w'), parse(READ, 'r'), sync());
  await stage.rig.settle();
  client.forget();
  client.send(...names.flatMap((name) => [bindTo(name), describePortal(), execute()]), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toHaveLength(isForReplica ? 2 : 0);
  expect(stage.onPrimary).toHaveLength(isForReplica ? 0 : 2);
  expect(client.tags).toBe('2nC2nCZ');
});

test('a name that is bound in the group where it is given anew means the new text', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(READ, 'x'), sync());
  await stage.rig.settle();
  client.forget();
  client.send(frame('C', 'Sx\0'), parse(WRITE, 'x'), bindTo('x'), execute(), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([]);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('a read is parsed, and another statement is bound behind it', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(WRITE, 'w'), sync());
  await stage.rig.settle();
  client.send(parse(READ), bindTo('w'), execute(), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([]);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('the unnamed statement of an earlier group is bound: what it was counts', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(WRITE), sync());
  await stage.rig.settle();
  client.send(bind(), execute(), sync());
  await stage.rig.settle();
  client.send(parse(READ), sync());
  await stage.rig.settle();
  client.send(bind(), execute(), sync());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([READ]);
  expect(stage.onPrimary).toEqual([WRITE]);
  expect(client.tags).toBe('1Z2CZ1Z2CZ');
});

test('a statement that nobody has prepared: PostgreSQL says so', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(bindTo('nobody'), execute(), sync());
  await stage.rig.settle();
  expect(heard(client)).toBe('E26000 ZI');
  expect(stage.onReplicas).toEqual([]);
});

test('Describe of a statement in a group of its own, as drivers do it', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(parse(READ, 'r'), frame('D', 'Sr\0'), sync());
  await stage.rig.settle();
  expect(client.tags).toMatch(/^1t?nZ$/);
  client.forget();
  client.send(bindTo('r'), execute(), sync());
  await stage.rig.settle();
  expect(client.tags).toBe('2CZ');
  expect(stage.onReplicas).toEqual([READ]);
});

test('a Sync alone, Close alone and FunctionCall are answered', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(sync());
  await stage.rig.settle();
  client.send(frame('C', 'Sx\0'), sync());
  await stage.rig.settle();
  client.send(frame('F', Buffer.from([0, 0, 0, 9, 0, 0, 0, 0, 0, 0])));
  await stage.rig.settle();
  expect(client.tags).toBe('Z3ZVZ');
  expect(stage.rig.server.liveAt(A)).toEqual([]);
});

test('a group with Flush goes to the primary, because its rest may never come', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(extended(READ), flush());
  await stage.rig.settle();
  expect(client.tags).toBe('12C');
  client.send(sync());
  await stage.rig.settle();
  expect(client.tags).toBe('12CZ');
  expect(stage.onPrimary).toEqual([READ]);
});

test.each([
  ['of 32 KB', 32 * 1024, true],
  ['of more', 32 * 1024 + 1, false],
  ['of a lot', 200_000, false],
])('a group %s', async (_what, bytes, isForReplica) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  const rest = execute().length + sync().length;
  client.send(parse(READ, 'r'), sync());
  await stage.rig.settle();
  client.forget();
  const few = bindTo('r', '');
  const whole = bindTo('r', 'x'.repeat(bytes - rest - few.length));
  const group = Buffer.concat([whole, execute(), sync()]);
  expect(group.length).toBe(bytes);
  for (let at = 0; at < bytes; at += 1000) client.send(group.subarray(at, at + 1000));
  await stage.rig.settle();
  expect(client.tags).toBe('2CZ');
  expect(stage.onReplicas).toEqual(isForReplica ? [READ] : []);
  expect(stage.onPrimary).toEqual(isForReplica ? [] : [READ]);
});

test('a READ ONLY transaction stays on one replica, with whatever is in it', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  const others = await stage.rig.client();
  for (const sql of ['BEGIN READ ONLY', READ, 'SELECT unknown_function(1)', WRITE, 'COMMIT']) {
    client.send(query(sql));
    await stage.rig.settle();
    others.send(query(READ));
    await stage.rig.settle();
  }
  const [first] = stage.rig.server.backends.filter(({ ran }) =>
    ran.some(({ sql }) => sql === 'BEGIN READ ONLY'),
  );
  expect(first?.ran.map(({ sql }) => sql).filter((sql) => sql !== READ)).toEqual([
    'BEGIN READ ONLY',
    'SELECT unknown_function(1)',
    WRITE,
    'COMMIT',
  ]);
  expect(stage.onPrimary).toEqual([]);
  client.send(query(WRITE));
  await stage.rig.settle();
  expect(stage.onPrimary).toEqual([WRITE]);
});

test.each(['BEGIN', 'START TRANSACTION', 'BEGIN READ ONLY ISOLATION LEVEL SERIALIZABLE'])(
  'all of a transaction that begins with %s is for the primary',
  async (begin) => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(5001, (backend) => {
      backend.answer = undefined;
    });
    const statements = [begin.replace('START TRANSACTION', 'BEGIN'), READ, WRITE, READ, 'COMMIT'];
    for (const sql of statements) client.send(query(sql));
    await stage.rig.settle();
    expect(stage.onPrimary).toEqual(statements);
    expect(stage.onReplicas).toEqual([]);
  },
);

test('SET pgweir.route and default_transaction_isolation are minded as long as they are set', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  const where = async (sql: string): Promise<string> => {
    const [onReplicas, onPrimary] = [stage.onReplicas.length, stage.onPrimary.length];
    client.send(query(sql));
    await stage.rig.settle();
    const [more, morePrimary] = [stage.onReplicas.length, stage.onPrimary.length];
    return more > onReplicas ? 'replica' : morePrimary > onPrimary ? 'primary' : 'nowhere';
  };
  await setTo(stage, client, 'pgweir.route', 'primary');
  expect(await where(READ)).toBe('primary');
  expect(await where('/* pgweir: replica */ SELECT a FROM t')).toBe('replica');
  await setTo(stage, client, 'pgweir.route', 'replica');
  expect(await where('SELECT f(1)')).toBe('replica');
  expect(await where('/* pgweir: primary */ SELECT a FROM t')).toBe('primary');
  expect(await where(WRITE)).toBe('primary');
  await setTo(stage, client, 'pgweir.route', 'auto');
  expect(await where(READ)).toBe('replica');
  expect(await where('SELECT f(1)')).toBe('primary');
  await setTo(stage, client, 'default_transaction_isolation', 'serializable');
  expect(await where(READ)).toBe('primary');
  await setTo(stage, client, 'default_transaction_isolation', 'read committed');
  expect(await where(READ)).toBe('replica');
});

test("COPY FROM STDIN is the primary's, and a read behind it goes to a replica", async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('copy t FROM STDIN'));
  await stage.rig.settle();
  expect(client.tags).toBe('G');
  client.send(copyData('1\n'), copyDone(), query(READ));
  await stage.rig.settle();
  // What comes in one chunk with the end of the COPY is still for the link that the session has.
  expect(client.tags).toBe('GCZCZ');
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([READ]);
});

test('a client that says goodbye behind a read', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query(READ), query(WRITE), terminate());
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([READ]);
  expect(stage.onPrimary).toEqual([WRITE]);
  expect(client.closed).toBe(true);
});

test.each([
  ['session_state = leak', { sessionState: 'leak' }],
  ['pool_mode = session', { poolMode: 'session' }],
] as const)('a user with %s has no reads on replicas: others have', async (_what, own) => {
  const users = new Map([[userName('leaky'), { ...NO_USER_SETTINGS, ...own }]]);
  const stage = await Stage.open({}, { users });
  const leaky = await stage.rig.client({ user: 'leaky' });
  leaky.send(query(READ));
  await stage.rig.pass(1000);
  expect(heard(leaky)).toBe('C(SELECT 0) ZI');
  expect(stage.onPrimary).toEqual([READ]);
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual([READ]);
});
