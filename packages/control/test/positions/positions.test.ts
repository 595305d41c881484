import { databaseName, type PositionReport, type PositionSubscription } from '@pgweir/pooler';
import type { FakeServer } from '../kit/fake-world';
import { SYSTEM } from '../kit/knowledge';
import { APP, entry, Rig } from '../kit/rig';

/** One who listens, as a process with sessions does. */
class Listener {
  readonly reports: PositionReport[] = [];
  readonly subscription: PositionSubscription;

  constructor(rig: Rig, database = APP) {
    const heard = (report: PositionReport): void => void this.reports.push(report);
    this.subscription = rig.control.positions.subscribe(database, heard);
  }

  get last(): PositionReport | undefined {
    return this.reports.at(-1);
  }

  replica(host: string) {
    return this.last?.replicas.find((replica) => replica.host === host);
  }
}

function open(hosts: readonly string[] = ['a', 'b', 'c']) {
  const rig = new Rig(hosts);
  const [a, b, c] = rig.world.servers;
  if (a === undefined || b === undefined) throw new Error('two servers at least');
  Object.assign(a, { position: 100n, inserted: 100n });
  for (const server of [b, c]) if (server !== undefined) server.position = 100n;
  rig.after(20);
  const listener = new Listener(rig);
  rig.after(2000);
  return { rig, a, b, c: c ?? b, listener };
}

const samplesOf = (rig: Rig): readonly number[] => rig.world.servers.map(({ samples }) => samples);

function writes(server: FakeServer, to: bigint): void {
  Object.assign(server, { position: to, inserted: to });
}

test('what probes have seen is told at first, and then nothing is asked while nobody wants it', () => {
  const { rig, a, listener } = open();
  expect(listener.last).toEqual({
    ...{ epoch: 1, systemIdentifier: SYSTEM, timeline: 1, covers: 0, primary: undefined },
    replicas: ['b', 'c'].map((host) => ({
      ...{ host, port: 5432, incarnation: expect.any(Number), replayed: 100, covers: 0, lagMs: 0 },
    })),
    ...{ othersBegun: 0, othersCovered: 0 },
  });
  writes(a, 200n);
  const { length } = listener.reports;
  rig.after(300);
  expect(samplesOf(rig)).toEqual([0, 0, 0]);
  expect(listener.reports).toHaveLength(length);
});

test('a tick is covered by a sample that is asked for after its beginning was heard of', () => {
  const { rig, a, listener } = open();
  writes(a, 150n);
  listener.subscription.want(2, 'answers');
  rig.after(2);
  expect(listener.last).toMatchObject({ covers: 2, primary: 150 });
  // This one begins while the next sample is on its way, which does not cover it.
  rig.after(100);
  a.latencyMs = 10;
  listener.subscription.want(3, 'answers');
  rig.after(6);
  writes(a, 160n);
  listener.subscription.want(4, 'answers');
  rig.after(6);
  expect(listener.last).toMatchObject({ covers: 3, primary: 150 });
  rig.after(40);
  expect(listener.last).toMatchObject({ covers: 4, primary: 160 });
});

test('the primary is asked when somebody wants to know, a replica until it has what the primary had', () => {
  const { rig, a, b, c, listener } = open();
  writes(a, 150n);
  c.position = 150n;
  for (let tick = 2; tick < 12; tick++) {
    listener.subscription.want(tick, 'answers');
    rig.after(20);
  }
  const [ofPrimary = 0, ofSlow = 0, ofQuick = 0] = samplesOf(rig);
  expect(ofPrimary).toBeGreaterThanOrEqual(9);
  expect(ofPrimary).toBeLessThanOrEqual(11);
  expect(ofQuick).toBeGreaterThanOrEqual(9);
  expect(ofQuick).toBeLessThanOrEqual(11);
  expect(ofSlow).toBeGreaterThanOrEqual(9);
  expect(ofSlow).toBeLessThan(40);
  // Nobody asks any more: only the slow one is, until it has it.
  rig.after(100);
  const before = samplesOf(rig);
  rig.after(100);
  const [primary, slow = 0, quick] = samplesOf(rig);
  expect([primary, quick]).toEqual([before[0], before[2]]);
  expect(slow).toBeGreaterThan(before[1] ?? 0);
  b.position = 150n;
  rig.after(100);
  expect(listener.replica('b')).toMatchObject({ replayed: 150 });
  const after = samplesOf(rig);
  rig.after(2000);
  expect(samplesOf(rig)).toEqual(after);
});

test('a replica that lags for ever is asked less and less, and in the end by probes alone', () => {
  const { rig, a, b, listener } = open(['a', 'b']);
  writes(a, 150n);
  listener.subscription.want(2, 'answers');
  rig.after(6000);
  const { samples } = b;
  expect(samples).toBeLessThan(100);
  rig.after(60_000);
  expect(b.samples).toBe(samples);
  b.position = 150n;
  rig.after(600);
  expect(listener.replica('b')).toMatchObject({ replayed: 150 });
});

test('a primary that commits without waiting is asked what is inserted, from then on for ever', () => {
  const { rig, a, listener } = open(['a', 'b']);
  Object.assign(a, { position: 150n, inserted: 170n });
  listener.subscription.want(2, 'answers');
  rig.after(50);
  expect(listener.last).toMatchObject({ primary: 150 });
  a.commitsUnflushed = true;
  listener.subscription.want(3, 'answers');
  rig.after(50);
  expect(listener.last).toMatchObject({ primary: 170 });
  a.commitsUnflushed = false;
  a.inserted = 180n;
  listener.subscription.want(4, 'answers');
  rig.after(50);
  expect(listener.last).toMatchObject({ primary: 180 });
});

test('a client that says so counts as much', () => {
  const { rig, a, listener } = open(['a', 'b']);
  Object.assign(a, { position: 150n, inserted: 170n });
  listener.subscription.noteUnflushedCommits();
  listener.subscription.want(2, 'answers');
  rig.after(50);
  expect(listener.last).toMatchObject({ primary: 170 });
});

describe('a replica', () => {
  test('that was killed is another incarnation, and not known until it was asked', () => {
    const { rig, b, listener } = open();
    const before = listener.replica('b');
    rig.world.kill(b);
    rig.after(1);
    expect(listener.replica('b')?.incarnation).not.toBe(before?.incarnation);
    expect(listener.replica('b')?.replayed).toBeUndefined();
    b.position = 90n;
    rig.world.start(b);
    rig.after(5000);
    expect(listener.replica('b')).toMatchObject({ replayed: 90 });
  });

  test('that was killed while it was asked is not known by that answer', () => {
    const { rig, a, b, listener } = open(['a', 'b']);
    b.latencyMs = 10;
    writes(a, 150n);
    b.position = 150n;
    listener.subscription.want(2, 'answers');
    rig.after(8);
    rig.world.kill(b);
    b.position = 90n;
    rig.world.start(b);
    rig.after(20);
    expect(listener.reports.some(({ replicas }) => replicas[0]?.replayed === 150)).toBe(false);
  });

  test('on another timeline is not told of', () => {
    const { rig, b, listener } = open();
    b.timeline = 7;
    rig.after(600);
    expect(listener.last?.replicas.map(({ host }) => host)).toEqual(['c']);
    b.timeline = 1;
    rig.after(600);
    expect(listener.last?.replicas.map(({ host }) => host)).toEqual(['b', 'c']);
  });

  test('is asked for who distrusts it, also when there is no primary', () => {
    const { rig, a, listener } = open();
    rig.world.kill(a);
    rig.after(3000);
    listener.subscription.want(2, 'news');
    rig.after(50);
    expect(listener.replica('b')).toMatchObject({ covers: 2 });
    expect(listener.last?.covers).toBe(0);
  });
});

test('a server that does not want to say how far it is is named once, and reads stay away', () => {
  const { rig, a, listener } = open(['a', 'b']);
  a.refusal = 'permission denied';
  listener.subscription.want(2, 'answers');
  rig.after(2000);
  expect(listener.last?.covers).toBe(0);
  const text = 'a server does not say how far it is';
  const said = rig.log.lines.filter(({ message }) => message === text);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatchObject({ fields: { server: 'a:5432', reason: 'permission denied' } });
  a.refusal = undefined;
  rig.after(600);
  expect(listener.last).toMatchObject({ covers: 2, primary: 100 });
});

test('another primary: nothing is known of it until it was asked, and the tick waits for that', () => {
  const { rig, a, b, c, listener } = open();
  listener.subscription.want(2, 'answers');
  rig.after(50);
  expect(listener.last).toMatchObject({ epoch: 1, covers: 2, primary: 100 });
  rig.world.kill(a);
  listener.subscription.want(3, 'answers');
  rig.after(3000);
  expect(listener.last).toMatchObject({ epoch: 1, covers: 2 });
  rig.world.promote(b);
  writes(b, 120n);
  rig.world.follow(c, b);
  rig.until(() => listener.last?.covers === 3, 10_000);
  const first = listener.reports.find(({ epoch }) => epoch === 2);
  expect(first).toMatchObject({ timeline: 2, primary: undefined });
  expect(listener.last).toMatchObject({ epoch: 2, timeline: 2, primary: 120 });
});

test('who minds others hears of their answers at once, and of the sample that covers them', () => {
  const { rig, a, listener } = open(['a', 'b']);
  const other = new Listener(rig);
  other.subscription.mindOthers(true);
  rig.after(50);
  const begun = other.last?.othersBegun ?? 0;
  expect(other.last).toMatchObject({ othersBegun: begun, othersCovered: begun });
  writes(a, 150n);
  listener.subscription.want(2, 'answers');
  expect(other.last).toMatchObject({ othersBegun: begun + 1, othersCovered: begun });
  rig.after(50);
  const covered = { othersBegun: begun + 1, othersCovered: begun + 1, primary: 150 };
  expect(other.last).toMatchObject(covered);
  listener.subscription.want(3, 'news');
  expect(other.last).toMatchObject(covered);
});

test('entries come and go with reloads; who has left hears nothing', () => {
  const other = databaseName('other');
  const { rig, listener } = open(['a', 'b']);
  const late = new Listener(rig, other);
  late.subscription.want(2, 'news');
  rig.after(1000);
  expect(late.reports).toEqual([]);
  const entries = [entry(['a', 'b']), entry(['a', 'b'], { database: other })];
  rig.reload(entries);
  rig.after(100);
  expect(late.last).toMatchObject({ epoch: 1, covers: 2, primary: 100 });
  rig.reload(entries.slice(0, 1));
  listener.subscription.leave();
  const { length } = listener.reports;
  late.subscription.want(3, 'answers');
  listener.subscription.want(9, 'answers');
  rig.after(1000);
  expect(late.last).toMatchObject({ covers: 2 });
  expect(listener.reports).toHaveLength(length);
  rig.control.close();
  expect(rig.clock.pending).toBe(0);
});
