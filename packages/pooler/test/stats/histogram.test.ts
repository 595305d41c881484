import fc from 'fast-check';
import {
  countOf,
  HISTOGRAM_BOUNDS_US,
  Histogram,
  mergeHistograms,
  NOTHING_OBSERVED,
  quantileUs,
} from '../../src/stats/histogram';

function of(times: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const us of times) histogram.observe(us);
  return histogram;
}

const TIMES = fc.array(
  fc.oneof(
    fc.double({ min: -10, max: 2e8, noNaN: true }),
    fc.constantFrom(...HISTOGRAM_BOUNDS_US),
    fc.constantFrom(...HISTOGRAM_BOUNDS_US.map((bound) => bound + 0.001)),
  ),
);

test('each bucket counts what took no longer than its bound, the last one everything', () => {
  fc.assert(
    fc.property(TIMES, (times) => {
      const { cumulative, maxUs, sumUs } = of(times).view();
      const expected = HISTOGRAM_BOUNDS_US.map((bound) => times.filter((us) => us <= bound).length);
      expect(cumulative).toEqual([...expected, times.length]);
      expect(maxUs).toBe(Math.max(0, ...times));
      expect(sumUs).toBeCloseTo(
        times.reduce((sum, us) => sum + Math.max(0, us), 0),
        -1,
      );
    }),
  );
});

test('several are together what one would have seen of all', () => {
  fc.assert(
    fc.property(TIMES, TIMES, (first, second) => {
      const together = mergeHistograms([of(first).view(), of(second).view()]);
      const { cumulative, maxUs } = of([...first, ...second]).view();
      expect(together).toMatchObject({ cumulative, maxUs });
    }),
  );
  expect(mergeHistograms([])).toEqual(NOTHING_OBSERVED);
});

test('a quantile lies in the bucket of the time that it stands for, and grows with its share', () => {
  fc.assert(
    fc.property(
      TIMES.filter((times) => times.length > 0),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (times, share) => {
        const view = of(times).view();
        const sorted = times.map((us) => Math.max(0, us)).sort((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        const bucket = HISTOGRAM_BOUNDS_US.findIndex((bound) => exact <= bound);
        const lower = HISTOGRAM_BOUNDS_US[bucket === -1 ? 19 : bucket - 1] ?? 0;
        const upper = Math.min(HISTOGRAM_BOUNDS_US[bucket] ?? view.maxUs, view.maxUs);
        const quantile = quantileUs(view, share);
        expect(quantile).toBeGreaterThanOrEqual(Math.floor(Math.min(lower, upper)));
        expect(quantile).toBeLessThanOrEqual(Math.ceil(upper));
        expect(quantileUs(view, share / 2)).toBeLessThanOrEqual(quantile);
      },
    ),
  );
});

test('without anything seen, and with nothing but what took no time, quantiles are 0', () => {
  expect(quantileUs(NOTHING_OBSERVED, 0.99)).toBe(0);
  const histogram = new Histogram();
  histogram.observeNone();
  histogram.observe(-3);
  expect(quantileUs(histogram.view(), 0.99)).toBe(0);
  expect(countOf(histogram.view())).toBe(2);
});

test('times are spread evenly between two bounds', () => {
  const view = of([300, 300, 300, 300, 60_000_001, 90_000_000]).view();
  expect(quantileUs(view, 0.25)).toBe(313);
  expect(quantileUs(view, 1)).toBe(90_000_000);
});
