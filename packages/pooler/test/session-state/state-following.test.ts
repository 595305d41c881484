import { commandComplete, errorResponse, readyForQuery } from '@pgweir/protocol';
import type { PoolerSettings } from '../../src/settings/settings';
import { inspected, type Truth } from '../kit/answers';
import { frame, query } from '../kit/messages';
import { Rig } from '../kit/rig';

const DONE = Buffer.concat([commandComplete('SELECT 1'), readyForQuery('I')]);

async function truthful(changes: Partial<PoolerSettings> = {}) {
  const rig = await Rig.open({ poolSize: 1, ...changes });
  const truth: Truth = { temporary: false, locks: false, setting: 'x' };
  const client = await rig.client();
  const tell = (): void => {
    for (const backend of rig.server.live) {
      backend.answer = (sql, self) => inspected(sql, truth, self);
    }
  };
  tell();
  return { rig, truth, client, tell };
}

test('a setting goes with the client: it is asked for once and replayed on the next link', async () => {
  const { rig, client } = await truthful();
  client.send(query("SET work_mem TO 'x'"));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.pool().idleCount).toBe(1);
  const other = await rig.client();
  other.send(query('SELECT 1'));
  await rig.settle();
  expect(other.tags).toBe('CZ');
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(client.tags).toBe('CZCZ');
  const after = rig.server.backend.queries.slice(-4);
  expect(after).toEqual([
    'RESET "work_mem"',
    'SELECT 1',
    "SELECT pg_catalog.set_config(E'work_mem',E'x',false)",
    'SELECT 2',
  ]);
});

test('what we ask is not under the time limit that the client has for its own statements', async () => {
  const { rig, client } = await truthful();
  client.send(query('SET statement_timeout TO 5'));
  await rig.settle();
  client.send(query('SELECT pg_advisory_lock(1)'));
  await rig.settle();
  const asked = rig.server.backend.queries.filter((sql) =>
    /^(?!.*TO DEFAULT).*(current_setting|pg_locks)/.test(sql),
  );
  expect(asked).toHaveLength(2);
  // Of itself it would give a wrong answer.
  expect(asked[0]).toMatch(/^SELECT /);
  expect(asked[1]).toMatch(/^SET LOCAL statement_timeout = 0;SELECT /);
});

test('a temporary table pins as long as PostgreSQL says that it is there', async () => {
  const { rig, client, truth } = await truthful();
  truth.temporary = true;
  client.send(query('CREATE TEMP TABLE t (a int)'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.pool().idleCount).toBe(0);
  truth.temporary = false;
  client.send(query('DROP TABLE t'));
  await rig.settle();
  expect(client.tags).toBe('CZCZ');
  expect(rig.pool().idleCount).toBe(1);
});

test('a link that is lost during a question of ours gives the client 08006 and nothing else', async () => {
  const { rig, client } = await truthful();
  const { backend } = rig.server;
  backend.answer = (sql, self) => {
    if (sql.startsWith('SET work_mem')) return undefined;
    self.crash();
    return Buffer.alloc(0);
  };
  client.send(query('SET work_mem TO 1'), query('SELECT 2'));
  await rig.settle();
  expect(client.tags).toBe('CZE');
  expect(client.sqlState).toBe('08006');
  expect(client.closed).toBe(true);
  expect(rig.server.open).toBe(0);
});

test.each(['inspection', 'defaults', 'preparation'])(
  'a client that vanishes during our %s leaves a link that is clean or closed',
  async (moment) => {
    const { rig, client, truth } = await truthful({ poolSize: 1 });
    const { backend } = rig.server;
    if (moment === 'preparation') {
      client.send(query('SET work_mem TO 1'));
      await rig.settle();
      const other = await rig.client();
      other.send(query('SELECT 1'));
      await rig.settle();
    }
    const isIt = (sql: string): boolean =>
      moment === 'preparation'
        ? sql.includes('set_config')
        : moment === 'defaults'
          ? sql.startsWith('SET LOCAL')
          : sql.startsWith('SELECT pg_catalog.encode');
    let held: Buffer | undefined;
    backend.answer = (sql, self) => {
      const answer = inspected(sql, truth, self);
      if (!isIt(sql) || held !== undefined) return answer;
      held = answer ?? DONE;
      return Buffer.alloc(0);
    };
    client.send(query(moment === 'preparation' ? 'SELECT 2' : 'SET geqo TO 1'));
    await rig.settle();
    expect(held).toBeDefined();
    client.hangUp();
    await rig.settle();
    if (held !== undefined) backend.send(held);
    await rig.settle();
    const next = await rig.client();
    next.send(query('SELECT 3'));
    await rig.settle();
    expect(next.tags).toBe('CZ');
    const queries = rig.server.live.flatMap((one) => one.queries);
    expect(queries.at(-1)).toBe('SELECT 3');
    if (!backend.closed) expect(queries.at(-2)).toMatch(/RESET|DISCARD/);
  },
);

test('strict refuses what would pin with 0A000 and goes on', async () => {
  const { rig, client } = await truthful({ sessionState: 'strict' });
  // The fake knows no other way to fail than to be told so.
  rig.server.backend.answer = (sql) => (sql.startsWith('pgweir') ? FAILURE : undefined);
  client.send(query('CREATE TEMP TABLE t (a int)'), query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('EZCZ');
  expect(client.sqlState).toBe('0A000');
  expect(client.errors[0]?.hint).toContain('session_state');
  expect(rig.server.backend.queries).not.toContain('CREATE TEMP TABLE t (a int)');
  expect(rig.pool().idleCount).toBe(1);
});

test.each(['DISCARD ALL', 'DEALLOCATE ALL', 'DEALLOCATE a', 'CLOSE ALL', 'UNLISTEN *'])(
  'strict has nothing against what takes state away: %s',
  async (sql) => {
    const { rig, client } = await truthful({ sessionState: 'strict' });
    client.send(query(sql));
    await rig.settle();
    expect(client.tags).toBe('CZ');
    expect(rig.server.backend.queries).toContain(sql);
  },
);

test('strict refuses a call by the fast path only for what it is known to make', async () => {
  const { rig, client } = await truthful({ sessionState: 'strict' });
  rig.server.backend.answer = (sql) => (sql.startsWith('pgweir') ? FAILURE : undefined);
  client.send(call(NEXTVAL), query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('EZCZ');
  expect(client.sqlState).toBe('0A000');
  expect(rig.server.backend.tags).not.toContain('F');
  client.send(call(INT4_PLUS));
  await rig.settle();
  expect(rig.server.backend.tags).toContain('F');
});

/** Oids of built-in functions never change. */
const NEXTVAL = 1574;
const INT4_PLUS = 177;

function call(oid: number): Buffer {
  const body = Buffer.alloc(10);
  body.writeInt32BE(oid);
  return frame('F', body);
}

const FAILURE = Buffer.concat([
  errorResponse({ severity: 'ERROR', code: '42601', message: 'syntax error' }),
  readyForQuery('I'),
]);

test('leak asks nothing and touches nothing', async () => {
  const { rig, client } = await truthful({ sessionState: 'leak' });
  client.send(query('CREATE TEMP TABLE t (a int)'), query('SET work_mem TO 1'));
  await rig.settle();
  const other = await rig.client();
  other.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.server.backend.queries).toEqual([
    'CREATE TEMP TABLE t (a int)',
    'SET work_mem TO 1',
    'SELECT 1',
  ]);
});

test('max_pinned_per_pool with error: 53300, and the session goes on', async () => {
  const { rig, client, truth, tell } = await truthful({
    poolSize: 2,
    pinnedPerPoolMax: 1,
    pinnedLimitAction: 'error',
  });
  truth.temporary = true;
  client.send(query('CREATE TEMP TABLE t (a int)'));
  await rig.settle();
  const other = await rig.client();
  other.send(query('SELECT 1'));
  await rig.settle();
  tell();
  for (const backend of rig.server.live) {
    const before = backend.answer;
    backend.answer = (sql, self) => (sql.startsWith('pgweir') ? FAILURE : before?.(sql, self));
  }
  other.forget();
  other.send(query('CREATE TEMP TABLE u (a int)'), query('SELECT 2'));
  await rig.settle();
  expect(other.tags).toBe('EZCZ');
  expect(other.sqlState).toBe('53300');
});

test('max_pinned_per_pool with wait: the next is served when a pin ends', async () => {
  const { rig, client, truth } = await truthful({ poolSize: 2, pinnedPerPoolMax: 1 });
  truth.temporary = true;
  client.send(query('CREATE TEMP TABLE t (a int)'));
  await rig.settle();
  const other = await rig.client();
  other.send(query('CREATE TEMP TABLE u (a int)'), query('SELECT 2'));
  await rig.settle();
  expect(other.tags).toBe('');
  truth.temporary = false;
  client.send(query('DROP TABLE t'));
  await rig.settle();
  for (const backend of rig.server.live) backend.answer ??= (s, self) => inspected(s, truth, self);
  expect(other.tags).toBe('CZCZ');
});

test('sequence_pin_timeout is how long a client that has used a sequence keeps others waiting', async () => {
  const { rig, client } = await truthful({ sequencePinTimeoutMs: 5000 });
  client.send(query("SELECT nextval('s')"));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  const other = await rig.client();
  other.send(query('SELECT 1'));
  await rig.pass(4000);
  expect(other.tags).toBe('');
  await rig.pass(2000);
  expect(other.tags).toBe('CZ');
});

test('max_pinned_per_pool with wait ends at query_wait_timeout with 53300', async () => {
  const { rig, client, truth } = await truthful({
    poolSize: 2,
    pinnedPerPoolMax: 1,
    queryWaitTimeoutMs: 5000,
  });
  truth.temporary = true;
  client.send(query('CREATE TEMP TABLE t (a int)'));
  await rig.settle();
  const other = await rig.client();
  other.send(query('CREATE TEMP TABLE u (a int)'));
  await rig.pass(4000);
  expect(other.errors).toEqual([]);
  await rig.pass(3000);
  expect(other.sqlState).toBe('53300');
});

test.each([
  ['outside of a transaction', []],
  ['in a transaction', [query('BEGIN')]],
])('a statement that waits for a pin %s can be canceled', async (_where, before) => {
  const { rig, client, truth, tell } = await truthful({ poolSize: 2, pinnedPerPoolMax: 1 });
  truth.temporary = true;
  client.send(query('CREATE TEMP TABLE t (a int)'));
  await rig.settle();
  const other = await rig.client();
  other.send(...before, query('SELECT 1'));
  await rig.settle();
  tell();
  for (const backend of rig.server.live) {
    const told = backend.answer;
    backend.answer = (sql, self) => (sql.startsWith('pgweir') ? FAILURE : told?.(sql, self));
  }
  other.forget();
  other.send(query('CREATE TEMP TABLE u (a int)'), query('SELECT 2'));
  await rig.settle();
  expect(other.tags).toBe('');
  await rig.cancel(other);
  await rig.settle();
  expect(other.tags).toBe('EZCZ');
  expect(other.sqlState).toBe('57014');
  expect(rig.server.cancels).toBe(0);
  // It waits no more.
  other.forget();
  truth.temporary = false;
  client.send(query('DROP TABLE t'));
  await rig.settle();
  expect(other.tags).toBe('');
});

test('a cancel request during a question of ours hits nobody', async () => {
  const { rig, client, truth } = await truthful();
  const { backend } = rig.server;
  let held: Buffer | undefined;
  backend.answer = (sql, self) => {
    const answer = inspected(sql, truth, self);
    if (answer === undefined || held !== undefined) return answer;
    held = answer;
    return Buffer.alloc(0);
  };
  client.send(query('SET work_mem TO 1'), query('SELECT 2'));
  await rig.settle();
  expect(held).toBeDefined();
  await rig.cancel(client);
  expect(rig.server.cancels).toBe(0);
  if (held !== undefined) backend.send(held);
  await rig.settle();
  expect(client.tags).toBe('CZCZ');
});

test('a shutdown ends a pinned client as it ends one in session mode', async () => {
  const ends: string[] = [];
  for (const poolMode of ['transaction', 'session'] as const) {
    const { rig, client, truth } = await truthful({ poolMode });
    truth.temporary = true;
    client.send(query('CREATE TEMP TABLE t (a int)'));
    await rig.settle();
    client.forget();
    const stopping = rig.pooler.stop();
    await rig.pass(20_000);
    await stopping;
    ends.push(`${client.tags} ${client.sqlState} ${client.closed} ${rig.server.open}`);
  }
  expect(ends[0]).toBe(ends[1]);
});

test('draining waits for a pinned client, and is over when its pin ends', async () => {
  const { rig, client, truth } = await truthful();
  truth.temporary = true;
  client.send(query('CREATE TEMP TABLE t (a int)'));
  await rig.settle();
  let drained = false;
  const done = rig.pooler.drain('links-closed').then(() => {
    drained = true;
  });
  await rig.settle();
  expect(drained).toBe(false);
  truth.temporary = false;
  client.send(query('DROP TABLE t'));
  await rig.settle();
  await done;
  expect(client.tags).toBe('CZCZ');
});
