import type { History } from '../src/api';
import { placeOf } from '../src/page/places';
import { extended, extendedSparks } from '../src/page/samples';

function history(last: number, values: readonly number[], epoch = 1): History {
  const pools = { clients: values, waiting: values, linksActive: values, linksIdle: values };
  return {
    ...{ last, epoch, intervalMs: 5_000, atMs: values },
    pools: { ...pools, linksOther: values, pinned: values, waitP95Us: values },
    time: {
      ...{ queue: values, postgres: values, application: values },
      ...{ transactions: values, queries: values },
    },
  };
}

test('what is new is put behind what is known, and no more than a quarter of an hour is kept', () => {
  const known = history(3, [1, 2, 3]);
  expect(extended(known, history(5, [4, 5])).time.queue).toEqual([1, 2, 3, 4, 5]);
  expect(extended(known, history(3, []))).toBe(known);
  const long = extended(history(180, Array<number>(180).fill(0)), history(182, [1, 2]));
  expect([long.atMs.length, long.pools.clients.at(-1)]).toEqual([180, 2]);
});

test('samples of a daemon that was started again do not go on from those before', () => {
  expect(extended(history(3, [1, 2, 3]), history(1, [9], 2)).atMs).toEqual([9]);
});

test('small charts grow, and those of pools that are gone go', () => {
  const spark = { database: 'app', user: 'ann', linksActive: [1], waiting: [0] };
  const first = extendedSparks(undefined, {
    ...{ last: 1, epoch: 1, pools: [spark, { ...spark, user: 'bob' }] },
  });
  const next = extendedSparks(first, { last: 2, epoch: 1, pools: [spark] });
  expect([...next.byPool.values()]).toEqual([{ ...spark, linksActive: [1, 1], waiting: [0, 0] }]);
  expect(extendedSparks(next, { last: 2, epoch: 1, pools: [spark] })).toBe(next);
});

test('an address names a view, and a pool', () => {
  expect(placeOf('')).toEqual({ view: 'overview', pool: undefined });
  expect(placeOf('#/nonsense')).toEqual({ view: 'overview', pool: undefined });
  expect(placeOf('#/pools/a%2Fb/ann')).toEqual({
    ...{ view: 'pools', pool: { database: 'a/b', user: 'ann' } },
  });
  expect(placeOf('#/pools/100%/ann').pool).toEqual({ database: '100%', user: 'ann' });
});
