import fc from 'fast-check';
import { HAPPENINGS, type Happening, Simulation } from './simulation';

const happening: fc.Arbitrary<Happening> = fc.record({
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HAPPENINGS) },
    { weight: 1, arbitrary: fc.constantFrom('fail over', 'repair', 'promote', 'start') },
  ),
  who: fc.nat(11),
  other: fc.nat(11),
  by: fc.nat(1_000),
  afterMs: fc.oneof(fc.nat(300), fc.nat(300), fc.nat(3_000)),
});

/** Each plays up to 40 events. */
const RUNS = 1_000;

test('thousands of orders of events: never a wrong primary, and every wait ends', () => {
  let successions = 0;
  let firsts = 0;
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40, size: 'max' }),
      fc.nat(),
      fc.nat(20),
      (happenings, seed, choice) => {
        const simulation = new Simulation(seed);
        for (const next of happenings) simulation.happen(next);
        successions += simulation.oracle.successions;
        if (simulation.oracle.accepted !== undefined) firsts++;
        simulation.settle(choice);
      },
    ),
    { numRuns: RUNS },
  );
  // Much must really have happened.
  expect(successions).toBeGreaterThan(RUNS / 4);
  expect(firsts).toBeGreaterThan(RUNS / 2);
});
