import fc from 'fast-check';
import { type Event, Rivals } from './rivals';

const WHAT: readonly Event['what'][] = [
  ...(['stop', 'end', 'cut etcd', 'heal etcd', 'hide', 'show', 'nothing', 'advance'] as const),
];

const event: fc.Arbitrary<Event> = fc.record({
  what: fc.constantFrom(...WHAT),
  who: fc.nat(1),
  host: fc.nat(1),
  afterMs: fc.oneof(fc.nat(300), fc.nat(3_000), fc.nat(20_000)),
});

const RUNS = 120;

test('two promoters, one lease, whatever is late, stopped, cut off or unseen: never two primaries', async () => {
  let promotions = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 25, size: 'max' }),
      fc.nat(),
      async (events, seed) => {
        const rivals = new Rivals(seed);
        for (const next of events) await rivals.happen(next);
        await rivals.pass(10_000);
        if (rivals.promoted.length > 1) throw new Error(`promoted: ${rivals.promoted.join(', ')}`);
        promotions += rivals.promoted.length;
      },
    ),
    { numRuns: RUNS },
  );
  expect(promotions).toBeGreaterThan(RUNS / 4);
}, 120_000);
