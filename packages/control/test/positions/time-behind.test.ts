import { TimeBehind } from '../../src/positions/time-behind';
import { observation } from '../kit/knowledge';

/** A primary that was seen every 500 ms, 100 bytes further each time: at 0 ms at 0. */
function watched(times: number): TimeBehind {
  const behind = new TimeBehind();
  for (let nth = 0; nth < times; nth++) {
    behind.sawPrimary(observation({ askedAtMs: nth * 500, flushed: BigInt(nth * 100) }));
  }
  return behind;
}

const replica = (replayed: bigint, replayLagMs: number | undefined, askedAtMs = 2100) =>
  observation({ inRecovery: true, replayed, replayLagMs, askedAtMs });

test('a replica that has what the primary had lately is believed', () => {
  const behind = watched(5);
  expect(behind.of(replica(400n, 0))).toBe(0);
  expect(behind.of(replica(400n, 7))).toBe(7);
  expect(behind.of(replica(399n, 7))).toBe(7);
});

test('one that is cut off takes itself for up to date, and is not believed', () => {
  const behind = watched(5);
  expect(behind.of(replica(200n, 0))).toBe(1100);
  expect(behind.of(replica(100n, 0))).toBe(1600);
});

test('what a replica cannot tell is known by what it has, or not at all', () => {
  const behind = watched(5);
  expect(behind.of(replica(400n, undefined))).toBe(0);
  expect(behind.of(replica(300n, undefined))).toBe(600);
  expect(new TimeBehind().of(replica(400n, 0))).toBeUndefined();
  expect(watched(200).of(replica(50n, 0, 99_600))).toBeUndefined();
  expect(behind.of(observation({ inRecovery: true, replayLagMs: 0 }))).toBeUndefined();
});

test('what another primary had does not compare', () => {
  const behind = watched(5);
  behind.clear();
  expect(behind.of(replica(400n, 0))).toBeUndefined();
});
