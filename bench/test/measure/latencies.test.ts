import { Latencies } from '../../src/measure/latencies';
import { median } from '../../src/measure/median';

test('percentiles are exact to half a percent', () => {
  const latencies = new Latencies();
  for (let us = 1; us <= 10_000; us++) latencies.add(us);
  expect(latencies.total).toBe(10_000);
  for (const share of [0.01, 0.5, 0.99, 0.999, 1]) {
    const exact = 10_000 * share;
    expect(Math.abs(latencies.percentileUs(share) / exact - 1)).toBeLessThan(0.005);
  }
});

test('a latency beyond the last bucket counts as the last', () => {
  const latencies = new Latencies();
  latencies.add(1e12);
  expect(latencies.percentileUs(0.5)).toBeGreaterThan(0.99e9);
});

test('counts added up elsewhere give the same percentiles', () => {
  const [latencies, copy] = [new Latencies(), new Latencies()];
  for (const us of [0, 3, 50, 51, 52, 7000]) latencies.add(us);
  for (const [us, count] of latencies.counts()) copy.add(us, count);
  expect(copy.total).toBe(latencies.total);
  expect(copy.counts()).toEqual(latencies.counts());
});

test('without latencies every percentile is 0', () => {
  expect(new Latencies().percentileUs(0.5)).toBe(0);
});

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
});
