import { mergeHistograms, type PoolView } from '@pgweir/pooler';
import type { Picture } from '../../src/admin/show/item';
import { HistoryBook } from '../../src/dashboard/history-book';
import { FULL } from '../support/console-client';

const NOTHING_OBSERVED = mergeHistograms([]);
const [FULL_POOL] = FULL.pools;
const [FULL_STATS] = FULL.stats;
if (FULL_POOL === undefined || FULL_STATS === undefined) throw new Error('nothing to begin with');
const POOL: PoolView = { ...FULL_POOL, waits: NOTHING_OBSERVED };
const STATS = {
  ...FULL_STATS,
  transactions: 0,
  queries: 0,
  transactionUs: 0,
  queryUs: 0,
  waitUs: 0,
};

function picture(pools: readonly Partial<PoolView>[], stats: Partial<typeof STATS> = {}): Picture {
  return {
    ...FULL,
    pools: pools.map((pool) => ({ ...POOL, ...pool })),
    stats: [{ ...STATS, ...stats }],
  };
}

/** The pictures, one second apart. */
function bookOf(...pictures: readonly Picture[]): HistoryBook {
  const book = new HistoryBook(7);
  pictures.forEach((one, at) => {
    book.add(one, { nowMs: 1_000 * at, wallMs: 9_000 + 1_000 * at });
  });
  return book;
}

test('the first picture alone is no sample', () => {
  const { last, atMs, epoch } = bookOf(picture([{}])).history(0, undefined);
  expect({ last, atMs, epoch }).toEqual({ last: 0, atMs: [], epoch: 7 });
});

test('time goes to the queue, to PostgreSQL and to the application: sessions on average', () => {
  const spent = { waitUs: 3_000_000, queryUs: 2_000_000, transactionUs: 2_500_000 };
  const book = bookOf(picture([{}]), picture([{}], { ...spent, transactions: 10, queries: 40 }));
  const { time, atMs } = book.history(0, undefined);
  expect(atMs).toEqual([10_000]);
  expect(time).toEqual({
    ...{ queue: [3], postgres: [2], application: [0.5], transactions: [10], queries: [40] },
  });
});

test('what has not ended counts as well, once: also while nothing ends', () => {
  const stuck = (ms: number) =>
    picture([{ waitingMs: 5 * ms, inQueryMs: ms, inTransactionMs: 3 * ms }]);
  const ended = { waitUs: 5 * 3e6, queryUs: 3e6, transactionUs: 3 * 3e6 };
  const calm = { waitingMs: 0, inQueryMs: 0, inTransactionMs: 0 };
  const book = bookOf(stuck(0), stuck(1_000), stuck(2_000), picture([calm], ended));
  expect(book.history(0, undefined).time).toMatchObject({
    ...{ queue: [5, 5, 5], postgres: [1, 1, 1], application: [2, 2, 2] },
  });
});

test('whoever gives up waiting does not make time go back', () => {
  const book = bookOf(picture([{ waitingMs: 4_000 }]), picture([{ waitingMs: 0 }]));
  expect(book.history(0, undefined).time.queue).toEqual([0]);
});

test('p95 is that of the leases of the sample, not of all since start', () => {
  const waits = (fast: number, slow: number) => ({
    // The 14th bound is 1 s.
    cumulative: NOTHING_OBSERVED.cumulative.map((_, at) => fast + (at >= 13 ? slow : 0)),
    sumUs: slow * 1e6,
    maxUs: 1e6,
  });
  const book = bookOf(
    picture([{ waits: waits(1_000_000, 0) }]),
    picture([{ waits: waits(1_000_000, 10) }]),
    picture([{ waits: waits(1_000_100, 10) }]),
  );
  const [during = 0, after] = book.history(0, { database: 'app', user: 'ann' }).pools.waitP95Us;
  expect(during).toBeGreaterThan(500_000);
  expect(after).toBe(0);
});

test('pools have their own history, all together have theirs, and small charts have the links', () => {
  const two = [
    { clientsWaiting: 2, linksActive: 1, linksIdle: 4 },
    { user: 'bob', clientsWaiting: 3, linksActive: 5, linksIdle: 1 },
  ];
  const book = bookOf(picture(two), picture(two));
  expect(book.history(0, undefined).pools).toMatchObject({ waiting: [5], linksActive: [6] });
  const ofBob = book.history(0, { database: 'app', user: 'bob' });
  expect(ofBob.pools).toMatchObject({ waiting: [3], linksActive: [5], linksIdle: [1] });
  expect(book.sparks(0).pools).toEqual([
    { database: 'app', user: 'ann', linksActive: [1], waiting: [2] },
    { database: 'app', user: 'bob', linksActive: [5], waiting: [3] },
  ]);
  expect(book.sparks(1).pools[0]).toMatchObject({ linksActive: [], waiting: [] });
});

test('a worker that says nothing leaves a gap, and then nothing is counted twice', () => {
  const whole = picture([{ linksActive: 4 }], { queryUs: 1_000_000, queries: 10 });
  const [worker] = FULL.workers;
  if (worker === undefined) throw new Error('nobody works');
  const without = {
    ...picture([]),
    workers: [{ ...worker, state: 'not answering' }],
  };
  const after = picture([{ linksActive: 4 }], { queryUs: 2_000_000, queries: 20 });
  const { atMs, pools, time } = bookOf(picture([{}]), whole, without, after).history(0, undefined);
  expect(atMs).toEqual([10_000, 12_000]);
  expect(pools.linksActive).toEqual([4, 4]);
  expect(time.queries).toEqual([10, 5]);
});

test('of more pools than have a history all together have one', () => {
  const many = Array.from({ length: 600 }, (_, at) => ({ user: `u${at}`, linksActive: 1 }));
  const crowd = (transactions: number): Picture => ({
    ...picture(many),
    stats: many.map(({ user }) => ({ ...STATS, database: user, transactions })),
  });
  const { pools, time } = bookOf(crowd(0), crowd(2)).history(0, undefined);
  expect(pools.linksActive).toEqual([600]);
  expect(time.transactions).toEqual([1200]);
});

test('200 pools for a quarter of an hour: a sample takes little, and memory has an end', () => {
  const many = Array.from({ length: 700 }, (_, at) => ({ user: `u${at}` }));
  const book = bookOf(...Array.from({ length: 200 }, () => picture(many.slice(0, 200))));
  const { atMs, pools } = book.history(0, { database: 'app', user: 'u199' });
  expect([atMs.length, pools.clients.length]).toEqual([180, 180]);
  expect(book.sparks(0).pools).toHaveLength(200);
  book.add(picture(many), { nowMs: 1e6, wallMs: 1e6 });
  expect(book.sparks(0).pools).toHaveLength(500);
});
