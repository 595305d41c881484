import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@pgweir/testkit';
import { type Client, DatabaseError } from 'pg';
import { Stage } from './stage';

let stage: Stage;
afterEach(() => stage.close());

/** What clients were told of the rows that they have written. */
interface Book {
  readonly done: number[];
  readonly undone: number[];
  readonly unknown: number[];
  /** Of errors outside of what is allowed. */
  readonly odd: string[];
  reads: number;
  nextId: number;
}

/** What an error says about the work that it ends. */
function note(book: Book, ids: readonly number[], error: unknown): void {
  const code = error instanceof DatabaseError ? error.code : String(error);
  if (code === '08007') book.unknown.push(...ids);
  else if (code === '08006' || code === '25P02') book.undone.push(...ids);
  else book.odd.push(code ?? 'no code');
}

async function writeOne(client: Client, book: Book): Promise<void> {
  const id = book.nextId++;
  try {
    // By both protocols, with and without a name.
    if (id % 3 === 0) await client.query(`INSERT INTO t VALUES (${id})`);
    else if (id % 3 === 1) await client.query('INSERT INTO t VALUES ($1)', [id]);
    else await client.query({ name: 'put', text: 'INSERT INTO t VALUES ($1)', values: [id] });
    book.done.push(id);
  } catch (error) {
    note(book, [id], error);
  }
}

async function writeTwo(client: Client, book: Book): Promise<void> {
  const ids = [book.nextId++, book.nextId++];
  try {
    await client.query('BEGIN');
    for (const id of ids) await client.query('INSERT INTO t VALUES ($1)', [id]);
    const { command } = await client.query('COMMIT');
    (command === 'COMMIT' ? book.done : book.undone).push(...ids);
  } catch (error) {
    note(book, ids, error);
    await client.query('ROLLBACK').catch((again: unknown) => book.odd.push(String(again)));
  }
}

async function read(client: Client, book: Book): Promise<void> {
  try {
    await client.query('SELECT id FROM t WHERE id < $1 LIMIT 3', [10]);
    book.reads++;
  } catch (error) {
    book.odd.push(`read: ${String(error)}`);
  }
}

/** Rows with these ids, how often each is there. */
async function rowsOf(client: Client): Promise<ReadonlyMap<number, number>> {
  const { rows } = await client.query<{ id: number; n: string }>(
    'SELECT id, count(*) AS n FROM t GROUP BY id',
  );
  return new Map(rows.map(({ id, n }) => [id, Number(n)]));
}

async function underLoad(lose: () => Promise<void>): Promise<Book> {
  const book: Book = { done: [], undone: [], unknown: [], odd: [], reads: 0, nextId: 1 };
  const clients: Client[] = [];
  for (let i = 0; i < 12; i++) clients.push(await stage.client());
  const idle = await stage.client();
  await idle.query('CREATE TABLE t (id int)');
  let isOver = false;
  const acts = [writeOne, read, writeTwo, read];
  const workers = clients.map(async (client, index) => {
    for (let turn = index; !isOver; turn++) await acts[turn % acts.length]?.(client, book);
  });
  await waitFor(() => book.done.length > 100, { what: 'some work' });
  await lose();
  const before = book.done.length;
  await waitFor(() => book.done.length > before + 100, { what: 'work after the failover' });
  isOver = true;
  await Promise.all(workers);
  // One that had nothing to do has noticed nothing.
  const rows = await rowsOf(idle);
  const count = (id: number): number => rows.get(id) ?? 0;
  expect(book.odd).toEqual([]);
  expect(stage.broken).toEqual([]);
  expect(book.done.filter((id) => count(id) !== 1)).toEqual([]);
  expect(book.undone.filter((id) => count(id) !== 0)).toEqual([]);
  expect(book.unknown.filter((id) => count(id) > 1)).toEqual([]);
  return book;
}

test('kill -9 of the primary under load: every acknowledged commit is there once, all clients stay', async () => {
  stage = await Stage.open();
  const book = await underLoad(async () => {
    await stage.cluster.primary.kill();
    // Found out after a while.
    await delay(200);
    stage.hold();
    await stage.promote();
  });
  expect(book.reads).toBeGreaterThan(50);
  const [database] = stage.pooler.databases.values();
  expect((database?.counters.moved ?? 0) + (database?.counters.failed ?? 0)).toBeGreaterThan(0);
}, 60_000);

test('a primary that hangs: its links are dropped when it is known to be lost', async () => {
  stage = await Stage.open();
  await underLoad(async () => {
    stage.cluster.primary.freeze();
    await delay(300);
    stage.hold();
    await stage.promote();
  });
  stage.cluster.primary.thaw();
}, 60_000);

test('a clean stop of the primary: nobody hears of an end that is not theirs', async () => {
  stage = await Stage.open();
  await underLoad(async () => {
    await stage.cluster.primary.stop('fast');
    stage.hold();
    await stage.promote();
  });
}, 60_000);

test('settings, prepared statements and LISTEN are there on the promoted server', async () => {
  stage = await Stage.open();
  const client = await stage.client();
  const heard: (string | undefined)[] = [];
  client.on('notification', ({ payload }) => heard.push(payload));
  await client.query("SET work_mem = '5MB'");
  await client.query('LISTEN news');
  await client.query({ name: 'one', text: 'SELECT $1::int AS n', values: [1] });
  await stage.cluster.primary.kill();
  stage.hold();
  await stage.promote();
  const shown = await client.query<{ work_mem: string }>('SHOW work_mem');
  expect(shown.rows).toEqual([{ work_mem: '5MB' }]);
  const { rows } = await client.query<{ n: number }>({ name: 'one', text: '', values: [2] });
  expect(rows).toEqual([{ n: 2 }]);
  const other = await stage.client();
  await waitFor(
    async () => {
      await other.query("NOTIFY news, 'hello'");
      return heard.includes('hello');
    },
    { what: 'a notification by the promoted server', everyMs: 100 },
  );
}, 60_000);

test('a transaction that was lost is answered as PostgreSQL answers one that has failed', async () => {
  stage = await Stage.open();
  const client = await stage.client();
  await client.query('CREATE TABLE t (id int)');
  await client.query('BEGIN');
  await client.query('INSERT INTO t VALUES (1)');
  await stage.cluster.primary.kill();
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof DatabaseError ? error.code : error),
    );
  expect(await codeOf(client.query('INSERT INTO t VALUES (2)'))).toBe('08006');
  expect(await codeOf(client.query('INSERT INTO t VALUES ($1)', [3]))).toBe('25P02');
  stage.hold();
  expect((await client.query('COMMIT')).command).toBe('ROLLBACK');
  await stage.promote();
  expect((await client.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
}, 60_000);
