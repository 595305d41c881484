import { databaseName } from '../../src/ports/names';
import { parseCausalToken } from '../../src/routing/causal-token';
import { type FreshnessSettings, ReplicaPositions } from '../../src/routing/replica-positions';
import { SessionFloor } from '../../src/routing/session-floor';
import { HandPositions, R1, R2, replica } from './hand-positions';

function open(settings: Partial<FreshnessSettings> = {}) {
  const source = new HandPositions();
  const positions = new ReplicaPositions({
    source,
    entry: databaseName('app'),
    settings: { consistency: 'session', maxReplicaLagMs: 0, ...settings },
  });
  return { source, positions };
}

/** Two replicas that have replayed up to 100, and a primary that was there when it was sampled. */
function openWithReplicas(settings: Partial<FreshnessSettings> = {}) {
  const { source, positions } = open(settings);
  source.tell({
    primary: 100,
    replicas: [replica(R1, { replayed: 100 }), replica(R2, { replayed: 100 })],
  });
  return { source, positions, floor: new SessionFloor(positions) };
}

describe('what the primary has answered', () => {
  test('keeps reads from replicas until one has replayed the first sample that covers it', () => {
    const { source, positions, floor } = openWithReplicas();
    expect(floor.isReachedBy(positions, R1)).toBe(true);
    floor.sawPrimary(positions);
    expect(source.wanted).toEqual([{ tick: 2, why: 'answers' }]);
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ covers: 2, primary: 150 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { replayed: 149 }), replica(R2, { replayed: 150 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    expect(floor.isReachedBy(positions, R2)).toBe(true);
  });

  test('is not covered by a sample that was requested before', () => {
    const { source, positions, floor } = openWithReplicas();
    new SessionFloor(positions).sawPrimary(positions);
    // The sample for tick 2 is on its way when this answer is given.
    floor.sawPrimary(positions);
    source.tell({ covers: 2, primary: 120, replicas: [replica(R1, { replayed: 130 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    expect(source.wanted.map(({ tick }) => tick)).toEqual([2, 3]);
    source.tell({ covers: 3, primary: 130 });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('takes the first sample that covers it, also when there are later ones', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawPrimary(positions);
    source.tell({ covers: 2, primary: 120, replicas: [replica(R1, { replayed: 120 })] });
    for (let tick = 3; tick < 40; tick++) source.tell({ covers: tick, primary: tick * 100 });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('takes the oldest sample that is kept when the first one is not any more', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawPrimary(positions);
    for (let tick = 2; tick < 200; tick++) source.tell({ covers: tick, primary: tick * 100 });
    source.tell({ replicas: [replica(R1, { replayed: 120 }), replica(R2, { replayed: 20_000 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    expect(floor.isReachedBy(positions, R2)).toBe(true);
  });

  test('is asked for once, however many sessions are answered meanwhile', () => {
    const { source, positions } = openWithReplicas();
    for (let nth = 0; nth < 100; nth++) new SessionFloor(positions).sawPrimary(positions);
    expect(source.wanted).toHaveLength(1);
    source.tell({ covers: 2 });
    expect(source.wanted).toHaveLength(2);
    source.tell({ covers: 3 });
    expect(source.wanted).toHaveLength(2);
  });

  test('is reached at the end of a page, behind which the primary counts the header of the next', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawPrimary(positions);
    source.tell({ covers: 2, primary: 8192 + 24, replicas: [replica(R1, { replayed: 8192 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
    floor.sawPrimary(positions);
    source.tell({ covers: 3, primary: 8192 + 48 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
  });
});

describe('what a replica has answered', () => {
  test('the same one has, and another one when it has replayed a sample that covers it', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawReplica(positions, R1);
    expect(floor.isReachedBy(positions, R1)).toBe(true);
    expect(floor.isReachedBy(positions, R2)).toBe(false);
    const r1 = replica(R1, { replayed: 150 });
    source.tell({ covers: 2, primary: 150, replicas: [r1, replica(R2, { replayed: 149 })] });
    expect(floor.isReachedBy(positions, R2)).toBe(false);
    source.tell({ replicas: [r1, replica(R2, { replayed: 150 })] });
    expect(floor.isReachedBy(positions, R2)).toBe(true);
  });

  test('the same one does not have when it was down since', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawReplica(positions, R1);
    const again = { incarnation: 2, replayed: undefined };
    source.tell({ replicas: [replica(R1, again), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { incarnation: 2, replayed: 90 }), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ covers: 2, primary: 100 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { incarnation: 2, replayed: 100 }), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('the same one does not have when its answer was on the way while it was started anew', () => {
    const { source, positions, floor } = openWithReplicas();
    source.tell({ replicas: [replica(R1, { incarnation: 2, replayed: undefined }), replica(R2)] });
    floor.sawReplica(positions, R1);
    source.tell({ replicas: [replica(R1, { incarnation: 2, replayed: 50 }), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
  });

  test('with one replica nothing is sampled for reads', () => {
    const { source, positions } = open();
    source.tell({ primary: 100, replicas: [replica(R1, { replayed: 100 })] });
    new SessionFloor(positions).sawReplica(positions, R1);
    expect(source.wanted).toEqual([]);
  });
});

describe('a replica', () => {
  test('of which nothing is known, or that does not follow the primary, is not fit', () => {
    const { source, positions } = open();
    const floor = new SessionFloor(positions);
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ primary: 100, replicas: [replica(R1, { replayed: undefined })] });
    const fresh = new SessionFloor(positions);
    expect(fresh.isReachedBy(positions, R1)).toBe(false);
    expect(fresh.isReachedBy(positions, R2)).toBe(false);
    source.tell({ replicas: [replica(R1)] });
    expect(fresh.isReachedBy(positions, R1)).toBe(true);
  });

  test('whose links were lost counts again when it was asked after that', () => {
    const { source, positions, floor } = openWithReplicas();
    positions.distrust(R1);
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    expect(floor.isReachedBy(positions, R2)).toBe(true);
    source.tell({ replicas: [replica(R1, { replayed: 200 }), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    const asked = replica(R1, { replayed: 100, covers: 2 });
    source.tell({ covers: 2, replicas: [asked, replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('that is asked while a question is out counts after the next one', () => {
    const { source, positions, floor } = openWithReplicas();
    new SessionFloor(positions).sawPrimary(positions);
    positions.distrust(R1);
    source.tell({ covers: 2, replicas: [replica(R1, { replayed: 100, covers: 2 }), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ covers: 3, replicas: [replica(R1, { replayed: 100, covers: 3 }), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('that has left and come back is not what it was', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawReplica(positions, R1);
    source.tell({ replicas: [replica(R2)] });
    source.tell({ replicas: [replica(R1), replica(R2)] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
  });
});

describe('another primary', () => {
  test('every floor rises to its first sample, also that of a session that has seen nothing', () => {
    const { source, positions, floor } = openWithReplicas();
    const wrote = new SessionFloor(positions);
    wrote.sawPrimary(positions);
    source.tell({ covers: 2, primary: 1000 });
    expect(wrote.isReachedBy(positions, R1)).toBe(false);
    const replicas = [replica(R1, { replayed: 110, covers: 2 })];
    source.tell({ epoch: 2, timeline: 2, primary: undefined, replicas });
    for (const one of [floor, wrote]) expect(one.isReachedBy(positions, R1)).toBe(false);
    expect(source.wanted.at(-1)).toEqual({ tick: 3, why: 'news' });
    source.tell({ covers: 3, primary: 110 });
    for (const one of [floor, wrote]) expect(one.isReachedBy(positions, R1)).toBe(true);
  });

  test('an answer of it that came before its first sample was requested is covered by that', () => {
    const { source, positions, floor } = openWithReplicas();
    source.tell({ epoch: 2, timeline: 2, primary: undefined });
    floor.sawPrimary(positions);
    source.tell({ covers: 2, primary: 90, replicas: [replica(R1, { replayed: 100 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ covers: 3, primary: 101 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { replayed: 101 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('what is told late of the one before does not count', () => {
    const { source, positions, floor } = openWithReplicas();
    source.tell({ epoch: 2, timeline: 2, covers: 2, primary: 300 });
    source.tell({ epoch: 1, timeline: 1, covers: 3, primary: 10 });
    expect(positions.epoch).toBe(2);
    expect(floor.isReachedBy(positions, R1)).toBe(false);
  });
});

test.each([
  ['session', false],
  ['global', false],
  ['eventual', true],
] as const)('with %s a replica is fit for a session that has written: %s', (consistency, fit) => {
  const { source, positions, floor } = openWithReplicas({ consistency });
  floor.sawPrimary(positions);
  expect(floor.isReachedBy(positions, R1)).toBe(fit);
  expect(source.wanted).toHaveLength(fit ? 0 : 1);
});

describe('global', () => {
  test('what any session was answered holds for all, and with session it does not', () => {
    for (const consistency of ['global', 'session'] as const) {
      const { source, positions, floor } = openWithReplicas({ consistency });
      new SessionFloor(positions).sawPrimary(positions);
      expect(floor.isReachedBy(positions, R1)).toBe(consistency === 'session');
      source.tell({ covers: 2, primary: 150 });
      expect(floor.isReachedBy(positions, R1)).toBe(consistency === 'session');
      source.tell({ replicas: [replica(R1, { replayed: 150 })] });
      expect(floor.isReachedBy(positions, R1)).toBe(true);
    }
  });

  test('what others were answered holds as soon as it is known that they were', () => {
    const { source, positions, floor } = openWithReplicas({ consistency: 'global' });
    expect(source.mindsOthers).toBe(true);
    source.tell({ othersBegun: 1 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ othersCovered: 1, primary: 120 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { replayed: 120 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
  });

  test('a reload that asks for it holds at once', () => {
    const { source, positions, floor } = openWithReplicas();
    positions.reconfigure({ consistency: 'global', maxReplicaLagMs: 0 });
    expect(source.mindsOthers).toBe(true);
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ othersBegun: 1, othersCovered: 1 });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
    positions.reconfigure({ consistency: 'session', maxReplicaLagMs: 0 });
    expect(source.mindsOthers).toBe(false);
  });
});

test('max_replica_lag bounds all consistencies, and what is not known is not fit', () => {
  for (const consistency of ['session', 'eventual', 'global'] as const) {
    const { source, positions, floor } = openWithReplicas({ consistency, maxReplicaLagMs: 500 });
    const lag = (lagMs: number | undefined): boolean => {
      source.tell({ replicas: [replica(R1, { replayed: 100, lagMs })] });
      return floor.isReachedBy(positions, R1);
    };
    expect([lag(500), lag(501), lag(undefined), lag(0)]).toEqual([true, false, false, true]);
    expect(floor.isReachedBy(positions, R2)).toBe(false);
  }
});

describe('a token', () => {
  function raised(text: string) {
    const { source, positions, floor } = openWithReplicas();
    const token = parseCausalToken(text);
    if (token === undefined) throw new Error('no token');
    return { source, positions, floor, outcome: floor.raise(positions, token) };
  }

  test('carries what one session has seen to another', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawPrimary(positions);
    expect(floor.token(positions)).toBeUndefined();
    source.tell({ covers: 2, primary: 0x1_0000_0010 });
    expect(floor.token(positions)).toBe('77/1/1/10');
    const other = new SessionFloor(positions);
    const token = parseCausalToken('77/1/1/10');
    expect(token && other.raise(positions, token)).toBe('raised');
    expect(other.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { replayed: 0x1_0000_0010 })] });
    expect(other.isReachedBy(positions, R1)).toBe(true);
  });

  test('has what was read from a replica', () => {
    const { source, positions, floor } = openWithReplicas();
    floor.sawReplica(positions, R1);
    expect(floor.token(positions)).toBeUndefined();
    source.tell({ covers: 2, primary: 0x70 });
    expect(floor.token(positions)).toBe('77/1/0/70');
  });

  test('of another cluster is refused, and nothing can be said while nothing is known', () => {
    expect(raised('78/1/0/10').outcome).toBe('other system');
    const { positions } = open();
    const token = { systemIdentifier: '77', timeline: 1, position: 1 };
    expect(new SessionFloor(positions).raise(positions, token)).toBe('unknown');
  });

  test('of an earlier timeline counts as the first sample of this one', () => {
    const { source, positions, floor } = openWithReplicas();
    source.tell({ epoch: 2, timeline: 2, covers: 2, primary: 100 });
    expect(floor.isReachedBy(positions, R1)).toBe(true);
    const token = { systemIdentifier: '77', timeline: 1, position: 99_999 };
    expect(floor.raise(positions, token)).toBe('raised');
    expect(floor.isReachedBy(positions, R1)).toBe(true);
    expect(floor.isReachedBy(positions, R2)).toBe(true);
  });

  test('of a timeline that is not known here yet holds until it is', () => {
    const { source, positions, floor } = raised('77/2/0/78');
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    expect(floor.token(positions)).toBe('77/2/0/78');
    source.tell({ epoch: 2, timeline: 2, covers: 2, primary: 110 });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    source.tell({ replicas: [replica(R1, { replayed: 119 }), replica(R2, { replayed: 120 })] });
    expect(floor.isReachedBy(positions, R1)).toBe(false);
    expect(floor.isReachedBy(positions, R2)).toBe(true);
  });
});
