import { ShortageWatch } from '../../src/pool/shortage';

test('short waits say nothing', () => {
  const watch = new ShortageWatch();
  for (let ms = 0; ms < 60_000; ms += 333) expect(watch.look(999, ms)).toBeUndefined();
});

test('a long wait is told when it begins, and when nobody has waited long for ten seconds', () => {
  const watch = new ShortageWatch();
  expect(watch.look(1000, 5000)).toEqual({ kind: 'begins', waitedMs: 1000 });
  expect(watch.look(4000, 8000)).toBeUndefined();
  expect(watch.look(0, 12_000)).toBeUndefined();
  // Again before that time is over: it is still the same.
  expect(watch.look(1500, 14_000)).toBeUndefined();
  expect(watch.look(0, 23_999)).toBeUndefined();
  expect(watch.look(0, 24_000)).toEqual({ kind: 'ends', lastedMs: 10_000, waitedMs: 4000 });
  expect(watch.look(0, 60_000)).toBeUndefined();
  expect(watch.look(2000, 70_000)).toEqual({ kind: 'begins', waitedMs: 2000 });
});
