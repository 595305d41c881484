import { waitFor } from '@pgweir/testkit';
import type { Client } from 'pg';
import { type SplitOptions, SplitStage, serverOf, WHO, writesAndSees } from './support/split-stage';

let stage: SplitStage;

beforeAll(async () => {
  stage = await SplitStage.open({ replicas: 2 });
});

afterAll(() => stage?.close());
afterEach(() => stage.leave());

const WORKERS = [[1], [2]] as const;

function others(): readonly number[] {
  return stage.cluster.replicas.map(({ port }) => port);
}

async function untilLeaves(...clients: readonly Client[]): Promise<void> {
  for (const client of clients)
    await waitFor(async () => others().includes(await serverOf(client)), {
      what: 'a read that leaves the primary',
    });
}

async function untilStays(...clients: readonly Client[]): Promise<void> {
  for (const client of clients)
    await waitFor(async () => (await serverOf(client)) === stage.primary.port, {
      what: 'a read on the primary',
    });
}

async function valueFor(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ a: number }>('SELECT a FROM t WHERE id = 1');
  return rows[0]?.a;
}

/** All workers have it, when this is done. */
async function reload(options: SplitOptions): Promise<void> {
  stage.daemon.write('pgweir.ini', stage.config(options));
  const admin = await stage.admin();
  await admin.query('RELOAD');
  await admin.end();
}

describe.each(WORKERS)('with workers = %i', (workers) => {
  const settings = { workers, pidfile: '{dir}/pgweir.pid' };
  beforeAll(() => stage.start({ settings }));
  afterAll(() => stage.clear());

  test('a reload turns the split off and on, in the middle of transactions, and nobody notices', async () => {
    const [idle, reading, writing] = [
      await stage.enter(),
      await stage.enter(),
      await stage.enter(),
    ];
    await untilLeaves(idle, reading, writing);
    for (let turn = 1; turn <= 3; turn++) {
      await reading.query('BEGIN READ ONLY');
      expect(others()).toContain(await serverOf(reading));
      await writing.query('BEGIN');
      await writing.query(`UPDATE t SET a = ${turn} WHERE id = 1`);
      await reload({ settings, split: 'off', attributes: 'target_session_attrs=primary' });
      expect(others()).toContain(await serverOf(reading));
      expect(await serverOf(writing)).toBe(stage.primary.port);
      for (const client of [reading, writing]) await client.query('COMMIT');
      for (const client of [idle, reading, writing]) {
        await writesAndSees(client, 100 + turn);
        expect(await serverOf(client)).toBe(stage.primary.port);
      }
      await writing.query('BEGIN');
      await reload({ settings });
      expect(await serverOf(writing)).toBe(stage.primary.port);
      await writing.query('COMMIT');
      await writesAndSees(reading, 200 + turn);
      await untilLeaves(idle, reading, writing);
    }
    await waitFor(
      async () => (await stage.show('SERVERS')).every(({ close_needed: close }) => close === 0),
      { what: 'links of before to be closed' },
    );
  });

  test('a replica that is added is read from, one that is removed is not', async () => {
    const { primary } = stage;
    const [first, second] = stage.cluster.replicas;
    if (first === undefined || second === undefined) throw new Error('two replicas');
    const of = (...servers: SplitOptions['servers'] & object) => ({
      settings,
      attributes: 'replica_balance=round-robin',
      servers,
    });
    await reload(of(primary, first));
    const [client, held] = [await stage.enter(), await stage.enter()];
    for (const each of [client, held]) await stage.untilReadsAt(each, first);
    await held.query('BEGIN READ ONLY');
    expect(await serverOf(held)).toBe(first.port);
    await reload(of(primary, first, second));
    await stage.untilReadsAt(client, second);
    await stage.untilReadsAt(client, first);
    await reload(of(primary, second));
    // A transaction that is under way goes on to its end.
    expect(await serverOf(held)).toBe(first.port);
    await held.query('COMMIT');
    for (const each of [client, held]) {
      await stage.untilReadsAt(each, second);
      await writesAndSees(each, 31);
    }
    const atFirst =
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'app' AND query LIKE $1";
    await waitFor(async () => (await first.query(atFirst, [`%${WHO}%`]))[0]?.n === 0, {
      what: 'the links to the replica that was removed to be closed',
    });
    await reload(of(primary));
    await writesAndSees(client, 32);
    expect(await serverOf(client)).toBe(primary.port);
    await reload(of(second, primary, first));
    await untilLeaves(client, held);
    await writesAndSees(held, 33);
  });

  test('consistency is another one from the next read on', async () => {
    const [first, second] = stage.cluster.replicas;
    await reload({ settings, attributes: 'consistency=session' });
    const [writer, reader] = [await stage.enter(), await stage.enter()];
    await untilLeaves(writer, reader);
    await writesAndSees(writer, 41);
    await stage.replayed();
    const reads = async (client: Client) => {
      const sql = 'SELECT a, whoami() AS port FROM t WHERE id = 1';
      return (await client.query<{ a: number; port: number }>(sql)).rows[0];
    };
    for (const client of [writer, reader])
      await waitFor(async () => others().includes((await reads(client))?.port ?? 0), {
        what: 'the statement to be known as a read',
      });
    for (const replica of [first, second]) await replica?.query('SELECT pg_wal_replay_pause()');
    try {
      await writesAndSees(writer, 42);
      expect(await reads(reader)).toMatchObject({ a: 41 });
      await reload({ settings, attributes: 'consistency=global' });
      expect(await reads(writer)).toEqual({ a: 42, port: stage.primary.port });
      await waitFor(async () => (await reads(reader))?.a === 42, { what: 'a global read' });
      await reload({ settings, attributes: 'consistency=eventual' });
      await waitFor(async () => (await reads(writer))?.a === 41, { what: 'a stale read' });
      await reload({ settings, attributes: 'consistency=session' });
      // What it has seen before counts again.
      expect(await reads(reader)).toMatchObject({ a: 42 });
      await writesAndSees(writer, 43);
    } finally {
      for (const replica of [first, second]) await replica?.query('SELECT pg_wal_replay_resume()');
    }
    await untilLeaves(writer, reader);
    await writesAndSees(writer, 44);
  });

  test('with consistency = global everybody reads what anybody was told', async () => {
    await reload({ settings, attributes: 'consistency=global' });
    const clients = await Promise.all([1, 2, 3, 4].map(() => stage.enter()));
    await untilLeaves(...clients);
    for (let turn = 1; turn <= 60; turn++) {
      await clients[turn % 4]?.query(`UPDATE t SET a = ${turn} WHERE id = 1`);
      const everybody = () => Promise.all(clients.map(async (client) => await valueFor(client)));
      // Workers tell each other by messages, which are on their way for a moment.
      if (workers > 1)
        await waitFor(async () => (await everybody()).every((value) => value === turn), {
          what: 'the workers to have told each other',
        });
      expect(await everybody()).toEqual([turn, turn, turn, turn]);
    }
    await untilLeaves(...clients);
  });

  test('an online restart: clients stay, their reads leave the primary, and they see what they write', async () => {
    // Both processes ask all three servers how they are, which is no matter of the clients' pool.
    const small = { ...settings, default_pool_size: 3 };
    await reload({ settings: small });
    const before = stage.daemon;
    const [old, busy] = [await stage.enter(), await stage.enter()];
    await untilLeaves(old, busy);
    await busy.query('BEGIN READ ONLY');
    const at = await serverOf(busy);
    await stage.start({ settings: small });
    const late = await stage.enter();
    expect(await serverOf(busy)).toBe(at);
    await busy.query('COMMIT');
    await untilLeaves(old, busy, late);
    for (const [value, client] of [old, busy, late].entries()) {
      await writesAndSees(client, 50 + value);
      await client.query('BEGIN READ ONLY');
      expect((await client.query('SELECT a FROM t')).rows).toEqual([{ a: 50 + value }]);
      await client.query('COMMIT');
    }
    await untilLeaves(old, busy, late);
    // For a moment both accept whoever comes.
    await Promise.all([old.end(), busy.end(), late.end()]);
    expect(await before.exit).toEqual({ code: 0, signal: null });
    const last = await stage.enter();
    await untilLeaves(last);
    await writesAndSees(last, 59);
  });
});

test('the loss of the primary is survived while a reload turns the split on', async () => {
  await stage.start({ split: 'off', attributes: 'target_session_attrs=primary' });
  const client = await stage.enter();
  await untilStays(client);
  stage.primary.freeze();
  try {
    stage.daemon.write('pgweir.ini', stage.config());
    await stage.daemon.reload();
  } finally {
    stage.primary.thaw();
  }
  await untilLeaves(client);
  await writesAndSees(client, 61);
  await stage.clear();
});
