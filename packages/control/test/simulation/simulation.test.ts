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
const RUNS = 400;

test('hundreds of orders of events: never a wrong primary, and every wait ends', () => {
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

test('a primary that rises, falls back and follows another before it has proved itself', () => {
  const simulation = new Simulation(5);
  const happen = (what: Happening['what'], who: number, by: number, afterMs: number): void =>
    simulation.happen({ what, who, other: who, by, afterMs });
  const [a, d] = [0, 3];
  // d is primary on timeline 2, and b its replica.
  happen('fail over', d, 0, 0);
  happen('reload', a, 144, 0);
  happen('nothing', a, 0, 950);
  // It comes back on timeline 3, answers once, and is a replica: b, on 3, is in step with it.
  happen('kill', d, 0, 96);
  happen('repair', d, 0, 20);
  happen('follow', d, 0, 0);
  happen('repair', d, 235, 0);
  // Both follow a server that is not in the list, and d is the first to say so.
  happen('fail over', a, 0, 0);
  happen('nothing', a, 0, 584);
  expect(simulation.rig.replicas()).toEqual(['b', 'd']);
  happen('repair', a, 0, 33);
  expect(simulation.rig.replicas()).toEqual(['b']);
  simulation.settle(0);
});
