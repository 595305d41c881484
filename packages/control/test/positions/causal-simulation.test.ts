import fc from 'fast-check';
import { CausalSimulation } from './causal-simulation';

const RUNS = 12;
const RUN_MS = 8000;

test('no session ever reads from a replica that lacks what it has seen, and reads do leave the primary', () => {
  const total = { replica: 0, primary: 0, promotions: 0 };
  fc.assert(
    fc.property(fc.noShrink(fc.integer({ min: 0, max: 2 ** 31 })), (seed) => {
      const simulation = new CausalSimulation(seed);
      simulation.run(RUN_MS);
      simulation.settle();
      simulation.close();
      const { replica, primary, promotions } = simulation.counts;
      total.replica += replica;
      total.primary += primary;
      total.promotions += promotions;
    }),
    { numRuns: RUNS },
  );
  expect(total.replica).toBeGreaterThan(total.primary / 4);
  expect(total.promotions).toBeGreaterThan(RUNS / 4);
}, 120_000);
