import {
  cancelPacket,
  frontend,
  type LoginResult,
  RawClient,
  rowValues,
  type Server,
  waitFor,
} from '@pgweir/testkit';
import type { Client } from 'pg';
import { codeOf, SplitStage, serverOf, WHO, writesAndSees } from './support/split-stage';
import { errorIn, untilRuns, untilStops, value } from './support/stage';

let stage: SplitStage;

beforeAll(async () => {
  stage = await SplitStage.open();
});

afterAll(() => stage?.close());
afterEach(() => stage.leave());

/** A proven read of some megabytes. */
const ROWS = 20_000;
const LARGE = rows(ROWS);
/** What is told of it in SHOW and pg_stat_activity. */
const LARGE_MARK = LARGE.slice(0, 40);
/** A proven read that the lock below keeps waiting, on both servers. */
const STUCK = 'SELECT count(*)::int AS stuck FROM held';

/** Literals apart, all of these are one statement. */
function rows(count: number): string {
  return `SELECT n, whoami() AS port, repeat('x', 2000) FROM generate_series(1, ${count}) AS s (n)`;
}

const COPY = "COPY (SELECT n, repeat('y', 100) FROM generate_series(1, 5000) AS s (n)) TO STDOUT";

/** Whoever reads from `held` waits, on the primary and on the replica, until that is ended. */
async function lock(): Promise<{ release(): Promise<void> }> {
  const client = await stage.primary.connect();
  await client.query('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
  // What is flushed with it takes the lock to the replica.
  await stage.primary.query('SELECT pg_switch_wal()');
  await waitFor(
    async () => {
      const sql = `SELECT count(*)::int AS n FROM pg_locks WHERE relation = 'held'::regclass`;
      return (await stage.replica.query(sql))[0]?.n === 1;
    },
    { what: 'the lock on the replica' },
  );
  return { release: () => client.end() };
}

async function known(client: Client, sql: string): Promise<void> {
  await waitFor(
    async () => {
      const before = await replicaTransactions();
      await client.query(sql);
      return (await replicaTransactions()) > before;
    },
    { what: `"${sql}" to be known as a read` },
  );
}

async function replicaTransactions(): Promise<number> {
  const rows = await stage.show('ROUTING');
  return rows.reduce((sum, { replica_xacts: count }) => sum + Number(count), 0);
}

async function cancel({ processId, cancelKey }: LoginResult): Promise<void> {
  const { host, port } = stage.daemon;
  const courier = await RawClient.connect({ host, port });
  courier.send(cancelPacket(processId, cancelKey));
  await courier.closed;
}

/** A client by hand that has just read from the replica. */
async function raw(): Promise<{ readonly client: RawClient; readonly login: LoginResult }> {
  const entered = await stage.enterRaw();
  await untilReads(entered.client);
  return entered;
}

async function untilReads(client: RawClient): Promise<void> {
  const port = `${stage.replica.port}`;
  for (const [sql, column] of [
    [WHO, 0],
    [rows(1), 1],
  ] as const)
    await waitFor(
      async () => {
        const row = (await client.query(sql)).find(({ tag }) => tag === 'D');
        return row !== undefined && rowValues(row)[column] === port;
      },
      { what: `"${sql}" on the replica` },
    );
}

describe.each([[1], [2]])('with workers = %i', (workers) => {
  beforeAll(async () => {
    await stage.primary.query('CREATE TABLE IF NOT EXISTS held (); GRANT ALL ON held TO public');
    await stage.replayed();
    await stage.start({ settings: { workers } });
  });
  afterAll(() => stage.clear());

  test.each([
    ['a read', STUCK],
    ['what a hint sends there', '/* pgweir: replica */ SELECT pg_sleep(60) AS stuck'],
  ])('a cancel request reaches the replica that runs %s', async (_what, sql) => {
    await known(await stage.reader(), STUCK);
    const { client, login } = await raw();
    // Each worker learns by itself.
    await client.query(STUCK);
    await stage.replayed();
    await untilReads(client);
    const held = await lock();
    try {
      client.send(frontend.query(sql));
      await untilRuns(stage.replica, 'AS stuck');
      await cancel(login);
      expect(errorIn(await client.until('Z'))?.C).toBe('57014');
      await untilStops(stage.replica, 'AS stuck');
    } finally {
      await held.release();
    }
    expect(value(await client.query('SELECT 7 AS seven'))).toBe('7');
  });

  test('a cancel request reaches a READ ONLY transaction on the replica, and nothing after it', async () => {
    const { client, login } = await raw();
    await client.query('BEGIN READ ONLY');
    client.send(frontend.query('SELECT pg_sleep(60) AS transaction'));
    await untilRuns(stage.replica, 'AS transaction');
    await cancel(login);
    expect(errorIn(await client.until('Z'))?.C).toBe('57014');
    await client.query('ROLLBACK');
    client.send(frontend.query('SELECT pg_sleep(0.2) AS later'));
    await cancel(login);
    const codes = [errorIn(await client.until('Z'))?.C];
    expect(['57014', undefined]).toContain(codes[0]);
    for (let i = 0; i < 20; i++) expect(errorIn(await client.query(WHO))).toBeUndefined();
  });

  test.each(['close', 'reset'] as const)(
    'a client that goes away in the middle of a read (%s) leaves nothing running on the replica',
    async (how) => {
      const { client } = await raw();
      client.send(frontend.query('/* pgweir: replica */ SELECT pg_sleep(60) AS left_alone'));
      await untilRuns(stage.replica, 'AS left_alone');
      client.destroy(how);
      await untilStops(stage.replica, 'AS left_alone');
      const other = await raw();
      other.client.pause();
      other.client.send(frontend.query(LARGE));
      await untilRuns(stage.replica, LARGE_MARK);
      other.client.destroy(how);
      await untilStops(stage.replica, LARGE_MARK);
      const links = (await stage.show('SERVERS')).filter(({ database }) => database === 'app');
      expect(links.filter(({ state }) => state === 'active')).toEqual([]);
      await writesAndSees(await stage.reader(), 1);
    },
  );

  test.each([
    ['by itself', 'SELECT 1'],
    ['in a READ ONLY transaction', 'BEGIN READ ONLY'],
    ['in a transaction', 'BEGIN'],
  ])('COPY TO STDOUT %s', async (_where, begin) => {
    const { client } = await raw();
    await client.query(begin);
    for (let i = 0; i < 2; i++) {
      const data = (await client.query(COPY)).filter(({ tag }) => tag === 'd');
      expect(data).toHaveLength(5000);
      expect(data[4999]?.body.toString()).toBe(`5000\t${'y'.repeat(100)}\n`);
    }
    await client.query('COMMIT');
    await untilReads(client);
  });

  test('a large result of a replica comes as it is, also to a client that reads slowly', async () => {
    const { client } = await raw();
    client.pause();
    client.send(frontend.query(LARGE));
    await untilRuns(stage.replica, LARGE_MARK);
    client.resume();
    const rows = (await client.until('Z', { deadlineMs: 20_000 })).filter(({ tag }) => tag === 'D');
    expect(rows).toHaveLength(ROWS);
    expect(rows.every((row, at) => rowValues(row)[0] === `${at + 1}`)).toBe(true);
    client.forget();
    expect(value(await client.query(WHO))).toBe(`${stage.replica.port}`);
  });

  test('a read whose process on the replica is ended waits on, at the primary', async () => {
    const client = await stage.reader();
    await known(client, STUCK);
    const held = await lock();
    const read = client.query<{ stuck: number }>(STUCK);
    try {
      const pid = await untilRuns(stage.replica, 'AS stuck');
      await stage.replica.query('SELECT pg_terminate_backend($1)', [pid]);
      await untilRuns(stage.primary, 'AS stuck');
    } finally {
      await held.release();
    }
    expect((await read).rows).toEqual([{ stuck: 0 }]);
    const [pause] = (await stage.show('HISTOGRAMS')).filter(
      ({ what }) => what === 'failover_pause',
    );
    expect(Number(pause?.count)).toBe(1);
    await stage.untilReadsAt(client, stage.replica);
  });

  test.each(['a process of it is ended', 'it is killed'])(
    'in the middle of the rows of a replica %s: the answer is an error, or the connection is closed',
    async (how) => {
      const { client } = await raw();
      client.forget();
      client.pause();
      client.send(frontend.query(LARGE));
      const pid = await untilRuns(stage.replica, LARGE_MARK);
      if (how === 'it is killed') await stage.replica.kill();
      else await stage.replica.query('SELECT pg_terminate_backend($1)', [pid]);
      client.resume();
      const answer = client.until('Z', { deadlineMs: 20_000 });
      // Nothing can be put behind half a row.
      const isClosed = await answer.then(
        () => false,
        () => client.isClosed,
      );
      const { messages } = client;
      const came = messages.filter(({ tag }) => tag === 'D');
      expect(came.length).toBeGreaterThan(0);
      expect(came.length).toBeLessThan(ROWS);
      expect(came.every((row, at) => rowValues(row)[0] === `${at + 1}`)).toBe(true);
      const ends = messages.filter(({ tag }) => 'CEZ'.includes(tag)).map(({ tag }) => tag);
      expect(ends).toEqual(isClosed ? [] : ['E', 'Z']);
      if (!isClosed) {
        expect(errorIn(messages)).toMatchObject({ S: 'ERROR', C: '08006' });
        expect(value(await client.query('SELECT 8 AS eight'))).toBe('8');
      }
      if (how === 'it is killed') await restarted(stage.replica);
      await untilReads((await raw()).client);
    },
  );

  test('a replica that does not answer any more is noticed, and the primary reads instead', async () => {
    const clients = [await stage.reader(), await stage.reader()];
    stage.replica.freeze();
    try {
      const reads = clients.map((client) => serverOf(client));
      expect(await Promise.all(reads)).toEqual([stage.primary.port, stage.primary.port]);
    } finally {
      stage.replica.thaw();
    }
    for (const client of clients) await stage.untilReadsAt(client, stage.replica);
  });

  test('a replica that is killed in a READ ONLY transaction fails that, and no more', async () => {
    const client = await stage.reader();
    await client.query('BEGIN READ ONLY');
    expect(await serverOf(client)).toBe(stage.replica.port);
    await stage.replica.kill();
    expect(await codeOf(client.query(WHO))).toBe('08006');
    expect(await codeOf(client.query(WHO))).toBe('25P02');
    await client.query('ROLLBACK');
    await writesAndSees(client, 3);
    await restarted(stage.replica);
    await stage.untilReadsAt(client, stage.replica);
  });
});

async function restarted(server: Server): Promise<void> {
  await server.start();
  await stage.replayed();
}
