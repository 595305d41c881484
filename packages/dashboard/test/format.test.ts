import { average, bytes, count, duration, microseconds, percent, some } from '../src/page/format';

test.each([
  [0, '0'],
  [950, '950'],
  [1_234, '1.2 k'],
  [35_400, '35 k'],
  [999_600, '1 M'],
  [null, '–'],
  [Number.NaN, '–'],
])('count %s is %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [0, '0'],
  [0.25, '250 µs'],
  [0.9999, '1 ms'],
  [12.4, '12 ms'],
  [1_500, '1.5 s'],
  [59_900, '1 min'],
  [9_000_000, '2.5 h'],
  [3 * 86_400_000, '3 d'],
  [undefined, '–'],
])('%s ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('shares do not round to nothing or to all', () => {
  expect([0, 0.001, 0.426, 0.999, 1].map(percent)).toEqual([
    ...['0 %', '< 1 %', '43 %', '> 99 %', '100 %'],
  ]);
});

test('bytes, averages and plurals', () => {
  expect([512, 1_536, 16_000_000].map(bytes)).toEqual(['512 B', '1.5 kB', '16 MB']);
  expect([0, 0.001, 0.123, 5.55, 123].map(average)).toEqual(['0', '< 0.01', '0.12', '5.5', '123']);
  expect(microseconds(1_500)).toBe('1.5 ms');
  expect([some(1, 'client'), some(2, 'client')]).toEqual(['1 client', '2 clients']);
});
