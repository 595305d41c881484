import fc from 'fast-check';
import { HAPPENINGS, type Happening, MembersSimulation } from './members-simulation';

const happening: fc.Arbitrary<Happening> = fc.record({
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HAPPENINGS) },
    { weight: 1, arbitrary: fc.constantFrom('fail over', 'start', 'heal', 'give up') },
  ),
  who: fc.nat(11),
  by: fc.nat(1_000),
  afterMs: fc.oneof(fc.nat(300), fc.nat(300), fc.nat(3_000)),
});

/** Each plays up to 30 events. */
const RUNS = 120;

test('hundreds of orders of events: never two writers, and members that agree serve', () => {
  let successions = 0;
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 30, size: 'max' }),
      fc.nat(),
      fc.nat(20),
      (happenings, seed, choice) => {
        const simulation = new MembersSimulation(seed);
        for (const next of happenings) simulation.happen(next);
        simulation.settle(choice);
        successions += simulation.successions;
      },
    ),
    { numRuns: RUNS },
  );
  // Much must really have happened.
  expect(successions).toBeGreaterThan(RUNS / 2);
});
