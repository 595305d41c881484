import { HandClock } from '@pgweir/testkit';
import { FairTurns } from '../../src/identity/fair-turns';
import { KnownAnswers } from '../../src/identity/known-answers';
import type { StsRequest } from '../../src/identity/read-token';
import { REFUSALS_MAX, RefusalCounts } from '../../src/identity/refusal-counts';
import type { StsAnswer } from '../../src/identity/sts-answer';

const WRONG: Extract<StsAnswer, { kind: 'refused' }> = { kind: 'refused', why: 'no' };

const asks = (path: string): StsRequest => ({
  ...{ host: 'sts.us-east-1.amazonaws.com', serverName: 'weir', expiresAtMs: 0, path },
});

test('keys of tokens differ from process to process, and from token to token', () => {
  const clock = new HandClock();
  const [one, two] = [new KnownAnswers(clock), new KnownAnswers(clock)];
  expect(one.keyOf(asks('a'))).toBe(one.keyOf(asks('a')));
  expect(one.keyOf(asks('a'))).not.toBe(two.keyOf(asks('a')));
  expect(one.keyOf(asks('a'))).not.toBe(one.keyOf(asks('b')));
});

test.each([
  [true, 10_000],
  [false, 1_000],
])(
  'of those who may log in (%s) %i answers are kept, and the last used longest',
  (isAccepted, max) => {
    const clock = new HandClock();
    const known = new KnownAnswers(clock);
    const keys = Array.from({ length: max + 1 }, (_, i) => known.keyOf(asks(`${i}`)));
    const last = keys.pop();
    const of = { expiresAtMs: clock.wallMs() + 60_000, isAccepted };
    for (const key of keys) known.remember(key, WRONG, of);
    const [first, second] = keys;
    if (first === undefined || second === undefined || last === undefined) throw new Error('keys');
    expect(known.find(first)).toBeDefined();
    known.remember(last, WRONG, of);
    expect([first, second, last].map((key) => known.find(key) !== undefined)).toEqual([
      ...[true, false, true],
    ]);
  },
);

test('however many strangers come, what is known of others stays', () => {
  const clock = new HandClock();
  const known = new KnownAnswers(clock);
  const expiresAtMs = clock.wallMs() + 60_000;
  const good = known.keyOf(asks('good'));
  known.remember(good, WRONG, { expiresAtMs, isAccepted: true });
  for (let i = 0; i < 10_050; i++)
    known.remember(known.keyOf(asks(`${i}`)), WRONG, { expiresAtMs, isAccepted: false });
  expect(known.find(good)).toBeDefined();
});

test('so many addresses are remembered, and the oldest goes first', () => {
  const counts = new RefusalCounts(new HandClock());
  for (let i = 0; i < REFUSALS_MAX; i++) counts.refused('first');
  expect(counts.isOver('first')).toBe(true);
  for (let i = 0; i < 10_000; i++) counts.refused(`${i}`);
  expect(counts.isOver('first')).toBe(false);
});

test('addresses take turns, however many one has brought first', async () => {
  const turns = new FairTurns({ running: 1, runningOfOne: 1, waiting: 10, waitingOfOne: 10 });
  const order: string[] = [];
  let last: Promise<void> = Promise.resolve();
  for (const address of ['a', 'a', 'a', 'b', 'c']) {
    last = new Promise((resolve) => {
      turns.add(address, async () => {
        await Promise.resolve();
        order.push(address);
        resolve();
      });
    });
  }
  await last;
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(['a', 'a', 'b', 'c', 'a']);
});
