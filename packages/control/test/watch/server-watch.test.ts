import { HandClock } from '@pgweir/testkit';
import type { Health } from '../../src/health/health';
import type { ProbeResult, ServerAddress } from '../../src/observation';
import type { Prober, ServerProbe } from '../../src/ports/prober';
import type { Position } from '../../src/probe/position-query';
import {
  CONTROL_DEFAULTS,
  FAST_FOR_MS,
  JITTER,
  PROBE_GAP_MS,
  PROBER_GRACE_MS,
} from '../../src/settings';
import { ServerWatch } from '../../src/watch/server-watch';
import { observation, SYSTEM } from '../kit/knowledge';
import { Rig } from '../kit/rig';

const ADDRESS: ServerAddress = { host: 'a', port: 5432 };

/** A prober that answers when the test says so. */
class HandProber implements Prober {
  readonly asked: ((result: ProbeResult) => void)[] = [];
  readonly sampling: ((position: Position | undefined) => void)[] = [];
  opened = 0;
  closed = 0;
  disturb: (reason: string) => void = () => undefined;

  open(_: ServerAddress, disturbed: (reason: string) => void): ServerProbe {
    this.opened++;
    this.disturb = disturbed;
    return {
      probe: (_deadlineMs, done) => void this.asked.push(done),
      sample: (sampled) => this.sampling.push(sampled) > 0,
      close: () => void this.closed++,
    };
  }
}

function watched({ random = 0.5 }: { readonly random?: number } = {}) {
  const clock = new HandClock();
  const prober = new HandProber();
  const moves: string[] = [];
  const watch = new ServerWatch(ADDRESS, {
    ...{ prober, clock, random: () => random, settings: () => CONTROL_DEFAULTS },
    learned: (server: ServerWatch, before: Health) => {
      moves.push(`${before.kind} ${server.health.kind}`);
    },
  });
  const answer = (changes: Parameters<typeof observation>[0] = {}): void => {
    const nowMs = clock.nowMs();
    const seen = observation({ askedAtMs: nowMs, answeredAtMs: nowMs, ...changes });
    prober.asked.at(-1)?.({ kind: 'seen', observation: seen });
  };
  const fail = (): void => {
    const atMs = clock.nowMs();
    prober.asked.at(-1)?.({ kind: 'failed', atMs, why: 'refused', reason: 'refused' });
  };
  clock.advance(0);
  return { clock, prober, watch, moves, answer, fail };
}

describe('a prober that hangs', () => {
  test('counts as a failed probe, and is replaced; its answer is too late', () => {
    const { clock, prober, watch, answer } = watched();
    answer();
    clock.advance(500);
    clock.advance(CONTROL_DEFAULTS.healthCheckTimeoutMs + PROBER_GRACE_MS - 1);
    expect(watch.health.kind).toBe('up');
    clock.advance(1);
    expect(watch.health).toMatchObject({ kind: 'suspect', unreached: 1 });
    expect(prober.closed).toBe(1);
    // It is overdue, so the next one begins at once.
    expect(prober.opened).toBe(2);
    const nowMs = clock.nowMs();
    const late = observation({ askedAtMs: nowMs, answeredAtMs: nowMs });
    prober.asked[1]?.({ kind: 'seen', observation: late });
    expect(watch.health.kind).toBe('suspect');
    answer();
    expect(watch.health.kind).toBe('up');
  });

  test('a second answer to one question is not heard', () => {
    const { clock, watch, answer, fail, moves } = watched();
    answer();
    fail();
    fail();
    expect(watch.health.kind).toBe('up');
    expect(moves).toEqual(['recovering up']);
    expect(clock.pending).toBe(1);
  });
});

describe('a sample of the position', () => {
  const position: Position = { kind: 'replica', systemIdentifier: SYSTEM, replayed: 7n };

  test('is asked for between probes, and not while one is under way', () => {
    const { clock, watch, answer, prober } = watched();
    const sampled = jest.fn();
    expect(watch.sample(sampled)).toBe(false);
    answer();
    expect(watch.sample(sampled)).toBe(true);
    prober.sampling[0]?.(position);
    expect(sampled).toHaveBeenCalledWith(position, undefined);
    clock.advance(500);
    expect(watch.sample(sampled)).toBe(false);
  });

  test('that comes after something was met at the server may be of another incarnation', () => {
    const { watch, answer, prober } = watched();
    const sampled = jest.fn();
    answer();
    const before = watch.incarnation;
    watch.sample(sampled);
    watch.heed('terminated');
    expect(watch.incarnation).not.toBe(before);
    prober.sampling[0]?.(position);
    expect(sampled).toHaveBeenCalledWith(undefined, undefined);
  });

  test('that is lost makes another incarnation, and so does a probe that fails', () => {
    const { clock, watch, answer, fail, prober } = watched();
    const incarnations = new Set<number>();
    answer();
    incarnations.add(watch.incarnation);
    watch.sample(jest.fn());
    prober.sampling[0]?.(undefined);
    incarnations.add(watch.incarnation);
    clock.advance(500);
    fail();
    incarnations.add(watch.incarnation);
    expect(incarnations.size).toBe(3);
  });

  test('an answer to a probe counts in the incarnation in which it was asked for', () => {
    const { clock, watch, answer } = watched();
    answer();
    expect(watch.seenNow).toBeDefined();
    clock.advance(500);
    watch.heed('terminated');
    answer();
    expect(watch.seenNow).toBeUndefined();
    clock.advance(PROBE_GAP_MS);
    answer();
    expect(watch.seenNow).toBeDefined();
  });
});

describe('evidence', () => {
  test('that comes while a probe is under way is followed by another probe', () => {
    const { clock, prober, watch, answer } = watched();
    answer();
    clock.advance(500);
    const askedAtMs = clock.nowMs();
    clock.advance(3);
    watch.heed('terminated');
    expect(prober.asked).toHaveLength(2);
    answer({ askedAtMs });
    expect(watch.health.kind).toBe('suspect');
    clock.advance(PROBE_GAP_MS);
    expect(prober.asked).toHaveLength(3);
    answer();
    expect(watch.health.kind).toBe('up');
  });

  test('of the prober itself is heeded like that of traffic', () => {
    const { clock, prober, watch, answer } = watched();
    answer();
    clock.advance(100);
    prober.disturb('closed');
    expect(watch.health).toMatchObject({ kind: 'suspect', unreached: 0 });
    clock.advance(0);
    expect(prober.asked).toHaveLength(2);
  });
});

describe('pace', () => {
  test.each([0, 0.25, 0.999])('probes begin an interval apart, give or take (%p)', (random) => {
    const { clock, prober, answer } = watched({ random });
    answer();
    const { healthCheckIntervalMs } = CONTROL_DEFAULTS;
    const intervalMs = healthCheckIntervalMs * (1 + JITTER * (2 * random - 1));
    clock.advance(intervalMs - 1);
    expect(prober.asked).toHaveLength(1);
    clock.advance(2);
    expect(prober.asked).toHaveLength(2);
  });

  test('is fast in trouble, but not for ever; a new trouble is fast again', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    const [a, b] = [rig.world.server('a'), rig.world.server('b')];
    const probesIn = (ms: number): number => {
      const before = b.probes;
      rig.after(ms);
      return b.probes - before;
    };
    rig.world.kill(a);
    expect(probesIn(5_000)).toBeGreaterThan(40);
    rig.after(FAST_FOR_MS);
    expect(probesIn(5_000)).toBeLessThanOrEqual(11);
    rig.world.start(a);
    rig.after(5_000);
    rig.world.kill(a);
    expect(probesIn(5_000)).toBeGreaterThan(40);
  });
});

describe('a timeline that is not told', () => {
  const replica = { inRecovery: true, timeline: 3 };
  const untold = { inRecovery: true, timeline: undefined };

  test('is what it was, while nothing happens to the server', () => {
    const { clock, watch, answer } = watched();
    answer(replica);
    clock.advance(600);
    answer(untold);
    expect(watch.knowledge.timeline).toBe(3);
    clock.advance(600);
    answer({ ...replica, timeline: 4 });
    expect(watch.knowledge.timeline).toBe(4);
  });

  test.each([
    ['another role', { ...untold, inRecovery: false }],
    ['another system', { ...untold, systemIdentifier: `${SYSTEM}9` }],
  ])('is not known any more with %s', (_, changes) => {
    const { clock, watch, answer } = watched();
    answer(replica);
    clock.advance(600);
    answer(changes);
    expect(watch.knowledge.timeline).toBeUndefined();
  });

  test('is not known any more after the server was down', () => {
    const { clock, watch, answer, fail } = watched();
    answer(replica);
    for (let count = 0; count < 2; count++) {
      clock.advance(600);
      fail();
    }
    expect(watch.health.kind).toBe('down');
    clock.advance(600);
    answer(untold);
    expect(watch.knowledge.timeline).toBeUndefined();
  });
});

test('a closed watch asks nobody, and hears nothing', () => {
  const { clock, prober, watch, answer, moves } = watched();
  watch.close();
  answer();
  watch.heed('refused');
  clock.advance(10_000);
  expect(prober.asked).toHaveLength(1);
  expect(prober.closed).toBe(1);
  expect(moves).toEqual([]);
  expect(clock.pending).toBe(0);
});
