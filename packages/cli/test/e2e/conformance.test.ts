import {
  allScenarios,
  type ConformanceResult,
  runConformance,
  scenarioFailures,
} from '@pgweir/testkit';

const MAJOR = 18;
/** A step that waits ends as soon as its answer is there; only a lost answer takes so long. */
const DEADLINE_MS = 30_000;
const TEST_MS = 300_000;

const scenarios = allScenarios().filter(({ majors }) => majors?.includes(MAJOR) ?? true);

test(
  'in transaction mode, alone and competing for links, sessions see what they see directly',
  async () => {
    const results = await runConformance({
      major: MAJOR,
      scenarios,
      contenders: ['track'],
      deadlineMs: DEADLINE_MS,
    });
    expect(scenarioFailures(results)).toEqual([]);
    expect(results).toHaveLength(2 * scenarios.length);
    const changes = sum(results, (each) => each.changes.changes);
    const chances = sum(results, (each) => each.changes.chances);
    // A pool that is about to have its last link back may give the session the old one.
    expect(changes).toBeGreaterThan(0.9 * chances);
    expect(chances).toBeGreaterThan(scenarios.length);
  },
  TEST_MS,
);

function sum(
  results: readonly ConformanceResult[],
  of: (result: ConformanceResult) => number,
): number {
  return results.reduce((total, each) => total + of(each), 0);
}
