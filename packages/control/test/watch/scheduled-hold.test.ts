import { CollectingLogger, HandClock } from '@pgweir/testkit';
import type {
  PlannedSwitchover,
  TopologyClaim,
  TopologyClaims,
} from '../../src/ports/topology-claims';
import { serverKey } from '../../src/server-key';
import { CLAIM_FRESH_MS, CONTROL_DEFAULTS } from '../../src/settings';
import { ScheduledHold, stepFor } from '../../src/watch/scheduled-hold';
import { claim } from '../kit/knowledge';
import { APP, Rig } from '../kit/rig';

const HOSTS = ['a', 'b', 'c'];
const address = (host: string) => ({ host, port: 5432 });
const members = HOSTS.map((host) => ({
  ...{ name: `pg-${host}`, address: address(host), state: 'running' },
}));

const { switchoverLeadMs: LEAD_MS, switchoverTimeoutMs: TIMEOUT_MS } = CONTROL_DEFAULTS;

/** Somebody who says once a second, and when he is asked, what a test has him say. */
class Source implements TopologyClaims {
  said: Partial<TopologyClaim> = {};
  isSilent = false;
  asked = 0;
  current: TopologyClaim | undefined;
  readonly #rig: () => Rig;
  #changed: () => void = () => undefined;

  constructor(rig: () => Rig) {
    this.#rig = rig;
  }

  start(changed: () => void): void {
    this.#changed = changed;
  }

  recheck(): void {
    this.asked++;
    this.#rig().clock.after(5, () => this.say());
  }

  close(): void {
    this.#changed = () => undefined;
  }

  say(): void {
    if (this.isSilent) return;
    const confirmedAtMs = this.#rig().clock.nowMs();
    this.current = {
      ...{ leader: address('a'), members, confirmedAtMs, paused: false, switchover: undefined },
      clockAheadMs: 0,
      ...this.said,
    };
    this.#changed();
  }
}

/** A cluster whose source is asked every second. */
function watched(settings: Partial<typeof CONTROL_DEFAULTS> = {}): { rig: Rig; source: Source } {
  let rig: Rig | undefined;
  const world = (): Rig => {
    if (rig === undefined) throw new Error('not there yet');
    return rig;
  };
  const source = new Source(world);
  rig = new Rig(HOSTS, {
    settings: { ...CONTROL_DEFAULTS, ...settings },
    claimsOf: () => ({ key: 'one', open: () => source }),
  });
  rig.clock.every(1_000, () => source.say());
  rig.after(2_500);
  return { rig, source };
}

/** What is scheduled in `ms` from now. */
function inMs(rig: Rig, ms: number, more: Partial<PlannedSwitchover> = {}): PlannedSwitchover {
  return { atMs: rig.clock.wallMs() + ms, from: 'pg-a', to: 'pg-b', ...more };
}

test('work waits from shortly before it until another server is primary', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 20_000) };
  expect(rig.until(() => rig.isHolding() === true)).toBe(20_000 - LEAD_MS);
  rig.after(LEAD_MS + 500);
  const { world } = rig;
  world.follow(world.server('a'), world.server('a'));
  source.said = { leader: undefined };
  rig.after(500);
  expect(rig.isHolding()).toBe(true);
  world.promote(world.server('b'));
  source.said = { leader: address('b') };
  expect(rig.until(() => rig.isHolding() === false)).toBeLessThanOrEqual(150);
  expect(rig.primary()).toBe('b');
  const [record, ...others] = rig.control.failovers();
  expect(others).toEqual([]);
  expect(record).toMatchObject({
    ...{ isPlanned: true, outcome: 'switched over', seen: 'scheduled switchover to b:5432' },
    ...{ oldPrimary: 'a:5432', newPrimary: 'b:5432' },
  });
});

test('whoever is chosen then is fine where nobody was named', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 5_000, { from: undefined, to: undefined }) };
  rig.until(() => rig.isHolding() === true);
  const { world } = rig;
  world.follow(world.server('a'), world.server('a'));
  world.promote(world.server('c'));
  source.said = { leader: address('c') };
  rig.until(() => rig.primary() === 'c');
  expect(rig.control.failovers()).toMatchObject([
    { outcome: 'switched over', seen: 'scheduled switchover' },
  ]);
});

test('when nothing happens work goes on after switchover_timeout, and is not held again for that', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 4_000) };
  rig.until(() => rig.isHolding() === true);
  expect(rig.until(() => rig.isHolding() === false)).toBeLessThanOrEqual(LEAD_MS + TIMEOUT_MS);
  expect(rig.primary()).toBe('a');
  for (let passedMs = 0; passedMs < 60_000; passedMs += 100) {
    rig.after(100);
    expect(rig.isHolding()).toBe(false);
  }
  expect(rig.control.failovers()).toMatchObject([
    { isPlanned: true, outcome: 'called off', heldMs: LEAD_MS + TIMEOUT_MS },
  ]);
  expect(rig.log.texts.join('\n')).toMatch(
    /called off, work goes on .*not happened in switchover_timeout/,
  );
});

test.each<[string, Partial<TopologyClaim>]>([
  ['is taken back', {}],
  ['is put off', { switchover: { atMs: Date.UTC(2100, 0), from: 'pg-a', to: 'pg-b' } }],
  ['is suspended by a pause', { paused: true }],
])('work goes on at once when it %s', (_what, after) => {
  const { rig, source } = watched();
  const switchover = inMs(rig, 4_000);
  source.said = { switchover };
  rig.until(() => rig.isHolding() === true);
  source.said = { switchover: after.paused === true ? switchover : undefined, ...after };
  expect(rig.until(() => rig.isHolding() === false)).toBeLessThanOrEqual(300);
  rig.after(60_000);
  expect(rig.control.failovers()).toMatchObject([{ outcome: 'called off' }]);
});

test('another one is waited for as the one before was', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 3_000) };
  rig.until(() => rig.isHolding() === true);
  source.said = { switchover: inMs(rig, 30_000) };
  rig.until(() => rig.isHolding() === false);
  expect(rig.until(() => rig.isHolding() === true)).toBeGreaterThan(25_000);
});

test('a primary that is lost meanwhile is waited for as in any failover', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 3_000) };
  rig.until(() => rig.isHolding() === true);
  rig.world.kill(rig.world.server('a'));
  source.said = { leader: undefined };
  rig.after(LEAD_MS + TIMEOUT_MS + 5_000);
  expect(rig.isHolding()).toBe(true);
  rig.world.promote(rig.world.server('b'));
  rig.until(() => rig.primary() === 'b');
  expect(rig.control.failovers()).toHaveLength(1);
});

test.each<[string, (rig: Rig, source: Source) => void]>([
  ['it is suspended by a pause', (_rig, source) => Object.assign(source.said, { paused: true })],
  ['the source is silent for long', (_rig, source) => Object.assign(source, { isSilent: true })],
  [
    'another server leads than the source says',
    (_rig, source) => Object.assign(source.said, { leader: address('b') }),
  ],
  [
    'it is for another leader',
    (rig, source) => {
      source.said = { switchover: inMs(rig, 30_000, { from: 'pg-c' }) };
    },
  ],
  [
    'it was long ago',
    (rig, source) => {
      source.said = { switchover: inMs(rig, -TIMEOUT_MS) };
    },
  ],
])('nothing waits when %s', (_what, happens) => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 30_000) };
  rig.after(2_000);
  happens(rig, source);
  for (let passedMs = 0; passedMs < 60_000; passedMs += 100) {
    rig.after(100);
    expect(rig.isHolding()).toBe(false);
  }
});

test('switchover_lead = 0: nothing waits before it happens', () => {
  const { rig, source } = watched({ switchoverLeadMs: 0 });
  source.said = { switchover: inMs(rig, 2_000) };
  rig.after(5_000);
  expect(rig.control.failovers()).toEqual([]);
});

test('SWITCHOVER goes first, and is not called off for a schedule that is taken back', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 10_000) };
  rig.after(1_100);
  const plan = rig.control.planSwitchover(APP, 'c');
  if (plan.kind === 'refused') throw new Error(plan.reason);
  rig.until(() => rig.isHolding() === true);
  expect(plan.cluster.begin(60_000)).toMatch(/a switchover is under way/);
  rig.after(LEAD_MS + TIMEOUT_MS);
  expect(rig.isHolding()).toBe(false);
  source.said = { switchover: inMs(rig, 5_000) };
  expect(plan.cluster.begin(60_000)).toBeUndefined();
  rig.after(4_000);
  source.said = {};
  rig.after(30_000);
  expect(rig.isHolding()).toBe(true);
  plan.cluster.callOff();
  expect(rig.isHolding()).toBe(false);
});

test('while work waits the source is asked at its own pace, however often servers are', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 3_000) };
  rig.until(() => rig.isHolding() === true);
  const { asked } = source;
  rig.after(1_000);
  expect(source.asked - asked).toBe(5);
});

test('a source whose answer ends the wait within the call is not asked any more', () => {
  const clock = new HandClock();
  const primary = serverKey(address('a'));
  let asked = 0;
  let switchover: PlannedSwitchover | undefined;
  let isHeld = false;
  const review = (): void => {
    const said = { ...claim(address('a'), clock.nowMs()), members, switchover };
    hold.review(said, { primary, isHeld });
  };
  const hold = new ScheduledHold({
    ...{ settings: () => CONTROL_DEFAULTS, clock, log: new CollectingLogger(), review },
    hold: () => {
      isHeld = true;
      return true;
    },
    callOff: () => {
      isHeld = false;
    },
    ask: () => {
      asked++;
      switchover = undefined;
      review();
    },
  });
  switchover = { atMs: clock.wallMs(), from: 'pg-a', to: 'pg-b' };
  review();
  expect(isHeld).toBe(true);
  clock.advance(10_000);
  expect(isHeld).toBe(false);
  expect(asked).toBe(1);
  expect(clock.pending).toBe(0);
});

test('nothing of it is left when the watch ends', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, 3_000) };
  rig.until(() => rig.isHolding() === true);
  rig.after(10);
  rig.control.close();
  // That of the test itself.
  expect(rig.clock.pending).toBe(1);
});

test.each([
  [0, 2_000],
  [1_500, 500],
  [-1_500, 3_500],
])('a clock of the source that is ahead by %p: %p ms from now', (clockAheadMs, afterMs) => {
  const said: TopologyClaim = {
    ...{ leader: address('a'), members, confirmedAtMs: 0, paused: false, clockAheadMs },
    switchover: { atMs: LEAD_MS + 2_000, from: 'pg-a', to: 'pg-b' },
  };
  const step = stepFor(said, serverKey(address('a')), { wallMs: 0, settings: CONTROL_DEFAULTS });
  expect(step).toEqual({ kind: 'later', afterMs });
});

test('what was heard last counts for as long as it is fresh', () => {
  const { rig, source } = watched();
  source.said = { switchover: inMs(rig, CLAIM_FRESH_MS - 1_000) };
  rig.after(1_100);
  source.isSilent = true;
  expect(rig.until(() => rig.isHolding() === true)).toBeLessThan(CLAIM_FRESH_MS);
});
