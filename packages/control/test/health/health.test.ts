import fc from 'fast-check';
import {
  GOOD_NEEDED_MAX,
  HEALTH_MOVES,
  type Health,
  type HealthEvent,
  isInService,
  isUnreachable,
  nextHealth,
  STABLE_AFTER_MS,
  TURNED_AWAY_MAX,
  unprovenHealth,
} from '../../src/health/health';

const LIMITS = { downAfter: 2, upAfter: 3 };

const good = (atMs: number, askedAtMs = atMs): HealthEvent => ({
  ...{ kind: 'answered', askedAtMs, atMs },
});
type Why = Extract<HealthEvent, { kind: 'failed' }>['why'];
const bad = (atMs: number, why: Why = 'refused'): HealthEvent => ({
  ...{ kind: 'failed', why, reason: `because of ${why}`, atMs },
});
const met = (atMs: number): HealthEvent => ({ kind: 'evidence', evidence: 'refused', atMs });

function after(events: readonly HealthEvent[], health: Health = unprovenHealth(0)): Health {
  return events.reduce((state, event) => nextHealth(state, event, LIMITS), health);
}

/** A server that has been down after a long life. */
const FALLEN = after([good(1), bad(STABLE_AFTER_MS + 1), bad(STABLE_AFTER_MS + 2)]);

describe('the way down', () => {
  test('a server of which nothing is known is in service after one good probe', () => {
    expect(isInService(unprovenHealth(0))).toBe(false);
    expect(after([good(1)]).kind).toBe('up');
  });

  test('one failed probe makes a server suspect, and it stays in service', () => {
    const health = after([good(1), bad(2)]);
    expect(health).toMatchObject({ kind: 'suspect', reason: 'because of refused' });
    expect(isInService(health)).toBe(true);
    expect(isUnreachable(health)).toBe(true);
  });

  test.each(['refused', 'timeout', 'lost'] as const)('%s twice in a row is down', (why) => {
    expect(after([good(1), bad(2, why), bad(3, why)]).kind).toBe('down');
  });

  test('a good probe in between ends the row', () => {
    expect(after([good(1), bad(2), good(3), bad(4)]).kind).toBe('suspect');
    expect(after([good(1), bad(2), good(3), bad(4), bad(5)]).kind).toBe('down');
  });

  test.each(['busy', 'rejected'] as const)('a server that answers %s for ever lives', (why) => {
    const health = after([good(1), ...Array.from({ length: 500 }, (_, at) => bad(2 + at, why))]);
    expect(health.kind).toBe('suspect');
    expect(isUnreachable(health)).toBe(false);
  });

  test('a server that was lost and then turns everybody away is down, in the end', () => {
    const turnedAway = Array.from({ length: TURNED_AWAY_MAX }, (_, at) => bad(3 + at, 'busy'));
    const events = [good(1), bad(2, 'lost'), ...turnedAway];
    expect(after(events.slice(0, -1)).kind).toBe('suspect');
    expect(after(events).kind).toBe('down');
  });
});

describe('evidence', () => {
  test('makes a server suspect at once, but not down, however much there is of it', () => {
    const health = after([good(1), ...Array.from({ length: 100 }, () => met(5))]);
    expect(health).toMatchObject({ kind: 'suspect', unreached: 0 });
    expect(isUnreachable(health)).toBe(false);
  });

  test('is not cleared by a probe that was asked before it', () => {
    const suspect = after([good(1), met(5)]);
    expect(after([good(6, 4)], suspect).kind).toBe('suspect');
    expect(after([good(7, 5)], suspect).kind).toBe('up');
  });

  test('says nothing about a server that takes no traffic', () => {
    expect(after([met(9)], FALLEN)).toBe(FALLEN);
    const proving = after([good(9)], FALLEN);
    expect(after([met(10)], proving)).toBe(proving);
  });
});

describe('the way back', () => {
  test('a server that was down answers so many probes in a row first', () => {
    expect(FALLEN).toMatchObject({ kind: 'down', goodNeeded: 3 });
    const at = STABLE_AFTER_MS + 10;
    expect(after([good(at), good(at + 1)], FALLEN).kind).toBe('recovering');
    expect(after([good(at), good(at + 1), good(at + 2)], FALLEN).kind).toBe('up');
    expect(after([good(at), good(at + 1), bad(at + 2), good(at + 3)], FALLEN)).toMatchObject({
      ...{ kind: 'recovering', goodInARow: 1 },
    });
  });

  test('being turned away begins the row anew', () => {
    const at = STABLE_AFTER_MS + 10;
    const health = after([good(at), good(at + 1), bad(at + 2, 'busy')], FALLEN);
    expect(health).toMatchObject({ kind: 'recovering', goodInARow: 0, reason: 'because of busy' });
  });

  test('a server that flaps proves itself longer each time, up to a limit', () => {
    let health = FALLEN;
    let atMs = STABLE_AFTER_MS + 10;
    const needed: number[] = [];
    for (let fall = 0; fall < 8; fall++) {
      let probes = 0;
      for (; health.kind !== 'up'; probes++) health = after([good(++atMs)], health);
      needed.push(probes);
      health = after([bad(++atMs), bad(++atMs)], health);
    }
    expect(needed).toEqual([3, 6, 12, 24, 32, 32, 32, 32]);
    expect(needed.at(-1)).toBe(GOOD_NEEDED_MAX);
  });

  test('a long time in service makes up for it', () => {
    const flapping: Health = { kind: 'up', inServiceSinceMs: 0, goodNeeded: GOOD_NEEDED_MAX };
    const late = after([bad(STABLE_AFTER_MS), bad(STABLE_AFTER_MS + 1)], flapping);
    expect(late).toMatchObject({ kind: 'down', goodNeeded: 3 });
    const early = after([bad(STABLE_AFTER_MS - 1), bad(STABLE_AFTER_MS)], flapping);
    expect(early).toMatchObject({ kind: 'down', goodNeeded: GOOD_NEEDED_MAX });
  });

  test('the row begins at one probe where one is enough', () => {
    const limits = { downAfter: 2, upAfter: 1 };
    const down: Health = { kind: 'down', sinceMs: 0, goodNeeded: 1, reason: 'x' };
    expect(nextHealth(down, good(1), limits).kind).toBe('up');
  });
});

const anyEvent = fc.oneof(
  fc.record({ back: fc.nat(5) }).map(
    ({ back }) =>
      (at: number) =>
        good(at, at - back),
  ),
  fc
    .constantFrom('refused', 'timeout', 'busy', 'rejected', 'lost')
    .map((why) => (at: number) => bad(at, why)),
  fc.constant(met),
);

test('no order of events makes an illegal move, and proof stays within its limits', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 200 }), (events) => {
      let health = unprovenHealth(0);
      events.forEach((event, at) => {
        const next = nextHealth(health, event(at), LIMITS);
        if (next !== health) {
          expect(HEALTH_MOVES[health.kind]).toContain(next.kind);
          seen.add(`${health.kind} ${next.kind}`);
        }
        expect(next.goodNeeded).toBeLessThanOrEqual(GOOD_NEEDED_MAX);
        health = next;
      });
      for (let probe = 0; probe < GOOD_NEEDED_MAX; probe++) {
        health = nextHealth(health, good(1_000 + probe), LIMITS);
      }
      expect(health.kind).toBe('up');
    }),
    { numRuns: 500 },
  );
  const legal = Object.entries(HEALTH_MOVES).flatMap(([from, all]) =>
    all.map((to) => `${from} ${to}`),
  );
  // After a fall one good probe is enough only by setting.
  expect([...seen].sort()).toEqual(legal.filter((move) => move !== 'down up').sort());
});
