import { checkIsolation } from '@pgweir/testkit';

const QUERIES = 20_000;

test('hundreds of clients that come, vanish and cancel over 8 links each get their own answers, to the byte', async () => {
  const report = await checkIsolation({ queries: QUERIES, clients: 200, seed: 20_260_101 });
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
