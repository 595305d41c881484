import { checkIsolation } from '@pgweir/testkit';

/** The long version is `node packages/testkit/dist/isolation/main.js`. */
const QUERIES = 6_000;
const QUERIES_OF_OTHERS = 1_500;

test('hundreds of clients that come, vanish and cancel over 8 links each get their own answers, to the byte', async () => {
  const report = await checkIsolation({ queries: QUERIES, clients: 150, seed: 20_260_101 });
  expect(report.details).toEqual([]);
  expect(report.violations).toBe(0);
  // The churn was there: an empty run proves nothing.
  const { counts } = report;
  expect(counts.queries).toBeGreaterThanOrEqual(QUERIES);
  expect(counts.aborted).toBeGreaterThan(20);
  expect(counts.canceled).toBeGreaterThan(5);
  expect(counts.slowReads).toBeGreaterThan(0);
  expect(report.rows).toBeGreaterThan(100);
}, 60_000);

test.each([
  { clientSide: 'tls', serverSide: 'tls', extraLines: [] },
  { clientSide: 'tls', serverSide: 'plain', extraLines: ['workers = 2'] },
  { clientSide: 'unix', serverSide: 'tls', extraLines: [] },
] as const)(
  'so do clients over $clientSide of links over $serverSide $extraLines',
  async (sides) => {
    const report = await checkIsolation({
      queries: QUERIES_OF_OTHERS,
      clients: 60,
      seed: 20_260_102,
      ...sides,
    });
    expect(report.details).toEqual([]);
    expect(report.violations).toBe(0);
    expect(report.counts.queries).toBeGreaterThanOrEqual(QUERIES_OF_OTHERS);
    expect(report.counts.aborted).toBeGreaterThan(0);
  },
  60_000,
);
