import { SeriesBook } from '../../src/dashboard/series-book';

const row = (n: number) => ({ a: n, b: n * 10 });
const LIMITS = { samplesMax: 3, keysMax: 2 };

function book() {
  return new SeriesBook(['a', 'b'] as const, LIMITS);
}

test('the last samples come back, the newest last', () => {
  const made = book();
  for (const n of [1, 2]) made.add(new Map([['x', row(n)]]));
  expect(made.countSince(0)).toBe(2);
  expect(made.read('x', 2, ['a', 'b'])).toEqual({ a: [1, 2], b: [10, 20] });
  for (const n of [3, 4]) made.add(new Map([['x', row(n)]]));
  expect(made.last).toBe(4);
  expect(made.countSince(0)).toBe(3);
  expect(made.read('x', 3, ['a'])).toEqual({ a: [2, 3, 4] });
});

test('only what is new is counted, and nothing for numbers of another book', () => {
  const made = book();
  for (const n of [1, 2, 3, 4]) made.add(new Map([['x', row(n)]]));
  expect(made.countSince(3)).toBe(1);
  expect(made.countSince(4)).toBe(0);
  expect(made.countSince(99)).toBe(0);
});

test('what was not there is null, and what has been gone for all samples is forgotten', () => {
  const made = book();
  made.add(new Map([['x', row(1)]]));
  made.add(new Map([['y', row(2)]]));
  expect(made.read('x', 2, ['a'])).toEqual({ a: [1, null] });
  expect(made.read('y', 2, ['a'])).toEqual({ a: [null, 2] });
  expect(made.read('z', 2, ['a'])).toEqual({ a: [null, null] });
  for (const n of [3, 4]) made.add(new Map([['y', row(n)]]));
  expect(made.keys).toEqual(['y']);
});

test('there are never more things than allowed; a place that is free is taken again', () => {
  const made = book();
  const all = (names: string) => new Map([...names].map((name) => [name, row(1)]));
  made.add(all('xyz'));
  expect(made.keys).toEqual(['x', 'y']);
  for (let n = 0; n < 3; n++) made.add(all('yz'));
  made.add(all('yz'));
  expect(made.keys).toEqual(['y', 'z']);
});

test('values are rounded on their way out', () => {
  const made = book();
  made.add(new Map([['x', { a: 1 / 3, b: 0.1 }]]));
  expect(made.read('x', 1, ['a', 'b'])).toEqual({ a: [0.333], b: [0.1] });
});
