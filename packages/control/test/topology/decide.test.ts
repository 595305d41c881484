import { serverKey } from '../../src/server-key';
import { type Decision, decide } from '../../src/topology/decide';
import {
  type ClusterKnowledge,
  NOTHING_SETTLED,
  type ServerKnowledge,
  type Settled,
} from '../../src/topology/knowledge';
import {
  DOWN,
  primary,
  RECOVERING,
  replica,
  SUSPECT,
  SYSTEM,
  server,
  UNREACHED,
  unseen,
} from '../kit/knowledge';

const key = (host: string) => serverKey({ host, port: 5432 });
const settledOn = (host: string, timeline: number | undefined, epoch = 1): Settled => ({
  ...{ systemIdentifier: SYSTEM, primary: { key: key(host), timeline }, epoch },
});

function decided(
  servers: readonly ServerKnowledge[],
  changes: Partial<ClusterKnowledge> = {},
): Decision {
  return decide({ servers, settled: NOTHING_SETTLED, confirmedLeader: undefined, ...changes });
}

const kinds = ({ alarms }: Decision): readonly string[] => alarms.map(({ kind }) => kind);
const verdict = (decision: Decision, host: string) => decision.verdicts.get(key(host));

const foreign = (host: string, timeline = 9) => server(host, { systemIdentifier: '8', timeline });

describe('at the start', () => {
  test('nobody is primary before one has been seen', () => {
    const decision = decided([unseen('a', { asked: false }), unseen('b', { asked: false })]);
    expect(decision).toMatchObject({ primary: undefined, isLooking: true });
    expect(verdict(decision, 'a')).toEqual({
      ...{ role: 'unknown', outOfService: 'has not answered yet' },
    });
  });

  test('the quickest to answer is not primary before all have been asked', () => {
    const quick = decided([primary('a', 1), unseen('b', { asked: false })]);
    expect(quick).toMatchObject({ primary: undefined, isLooking: true });
    const asked = decided([primary('a', 1), unseen('b', { health: DOWN })]);
    expect(asked).toMatchObject({ primary: key('a'), isLooking: false });
    expect(asked.settled).toEqual(settledOn('a', 1));
  });

  test('a primary and its replica', () => {
    const decision = decided([replica('a', 3), primary('b', 3)]);
    expect(decision.primary).toBe(key('b'));
    expect([...decision.verdicts.values()]).toEqual([
      { role: 'replica', outOfService: undefined },
      { role: 'primary', outOfService: undefined },
    ]);
    expect(decision.alarms).toEqual([]);
  });

  test('replicas alone serve, but none is primary', () => {
    const decision = decided([replica('a', 2), replica('b', 2), replica('c', 1)]);
    expect(decision).toMatchObject({ primary: undefined, isLooking: false });
    expect(verdict(decision, 'a')).toEqual({ role: 'replica', outOfService: undefined });
    expect(verdict(decision, 'c')?.outOfService).toBe('on timeline 1, not 2');
    expect(decision.settled).toBe(NOTHING_SETTLED);
  });

  test('two primaries, of whatever timelines: none, and an alarm', () => {
    for (const timeline of [1, 2]) {
      const decision = decided([primary('a', 1), primary('b', timeline)]);
      expect(decision.primary).toBeUndefined();
      expect(kinds(decision)).toEqual(['two-primaries']);
      expect(verdict(decision, 'a')?.role).toBe('unknown');
      expect(verdict(decision, 'b')?.outOfService).toContain('claims to be primary');
    }
  });

  test('two primaries, of which the source confirms the higher one', () => {
    const servers = [primary('a', 1), primary('b', 2)];
    const decision = decided(servers, { confirmedLeader: key('b') });
    expect(decision.primary).toBe(key('b'));
    expect(kinds(decision)).toEqual(['fenced-primary']);
    expect(decided(servers, { confirmedLeader: key('a') }).primary).toBeUndefined();
  });

  test('a primary that replicas have left for a higher timeline is not taken', () => {
    const decision = decided([primary('a', 1), replica('b', 2)]);
    expect(decision.primary).toBeUndefined();
    expect(kinds(decision)).toEqual(['outdated-primary']);
  });

  test('a primary whose timeline cannot be told is taken if nothing speaks against it', () => {
    expect(decided([primary('a', undefined), replica('b', undefined)]).primary).toBe(key('a'));
    expect(decided([primary('a', undefined), replica('b', 1)]).primary).toBeUndefined();
  });
});

describe('a failover', () => {
  const settled = settledOn('a', 1);

  test('a promoted replica is primary once the old primary is down, and the epoch grows', () => {
    const decision = decided([primary('a', 1, { health: DOWN }), primary('b', 2)], { settled });
    expect(decision.primary).toBe(key('b'));
    expect(decision.settled).toEqual(settledOn('b', 2, 2));
    expect(verdict(decision, 'a')).toMatchObject({
      role: 'unknown',
      outOfService: 'down: refused',
      isSilent: true,
    });
    expect(decision.alarms).toEqual([]);
  });

  test.each([
    ['up', undefined],
    ['suspect, but reached by its last probe', SUSPECT],
    ['recovering', RECOVERING],
  ])('while the old primary is %s, both are out and there is an alarm', (_, health) => {
    const old = primary('a', 1, health && { health });
    const decision = decided([old, primary('b', 2)], { settled });
    expect(decision.primary).toBeUndefined();
    expect(decision.settled).toBe(settled);
    expect(kinds(decision)).toEqual(['two-primaries']);
    expect([...decision.verdicts.values()].map(({ role }) => role)).toEqual(['unknown', 'unknown']);
  });

  test.each([
    ['does not answer', primary('a', 1, { health: UNREACHED })],
    ['is banned', primary('a', 1, { banned: true })],
    ['is a replica now', replica('a', 1)],
    ['was never seen', unseen('a', { health: DOWN })],
  ])('the promoted one is taken if the old primary %s', (_, old) => {
    expect(decided([old, primary('b', 2)], { settled }).primary).toBe(key('b'));
  });

  test('a source that confirms the promoted one decides at once', () => {
    const servers = [primary('a', 1), primary('b', 2)];
    const decision = decided(servers, { settled, confirmedLeader: key('b') });
    expect(decision.primary).toBe(key('b'));
    expect(verdict(decision, 'a')?.outOfService).toContain('fenced');
  });

  test('a source makes nobody primary who does not claim it, or is behind', () => {
    const down = primary('a', 1, { health: DOWN });
    const confirmed = { settled, confirmedLeader: key('b') };
    expect(decided([down, replica('b', 1)], confirmed).primary).toBeUndefined();
    const later = { settled: settledOn('c', 3), confirmedLeader: key('b') };
    expect(decided([primary('b', 2), unseen('c')], later).primary).toBeUndefined();
  });

  test('one that was deposed earlier does not stand in the way of a promoted one', () => {
    const servers = [primary('a', 1), primary('b', 2, { health: DOWN }), primary('c', 3)];
    const decision = decided(servers, { settled: settledOn('b', 2) });
    expect(decision.primary).toBe(key('c'));
    expect(kinds(decision)).toEqual(['fenced-primary']);
  });

  test('a promoted one that has to prove itself is primary only afterwards', () => {
    const old = primary('a', 1, { health: DOWN });
    const proving = decided([old, primary('b', 2, { health: RECOVERING })], { settled });
    expect(proving.primary).toBeUndefined();
    expect(proving.settled).toBe(settled);
    expect(verdict(proving, 'b')?.outOfService).toBe('answers again, 1 of 2 times');
  });

  test('two that were promoted at once: none, unless the source says which', () => {
    const servers = [unseen('a', { health: DOWN }), primary('b', 2), primary('c', 2)];
    expect(kinds(decided(servers, { settled }))).toEqual(['two-primaries']);
    expect(decided(servers, { settled, confirmedLeader: key('c') }).primary).toBe(key('c'));
  });

  test('of two promoted ones the second on the same timeline never takes over by itself', () => {
    const servers = [primary('b', 2, { health: DOWN }), primary('c', 2)];
    const decision = decided(servers, { settled: settledOn('b', 2) });
    expect(decision.primary).toBeUndefined();
    expect(kinds(decision)).toEqual(['outdated-primary']);
  });

  test('a primary that restarts in place is primary again, in the same epoch', () => {
    const proving = decided([primary('a', 1, { health: RECOVERING })], { settled });
    expect(proving.primary).toBeUndefined();
    const back = decided([primary('a', 1)], { settled: proving.settled });
    expect(back).toMatchObject({ primary: key('a'), settled });
  });

  test('a primary that was promoted anew in place begins another epoch', () => {
    expect(decided([primary('a', 2)], { settled }).settled).toEqual(settledOn('a', 2, 2));
    const untold = settledOn('a', undefined);
    expect(decided([primary('a', 2)], { settled: untold }).settled).toEqual(settledOn('a', 2, 1));
  });

  test('a suspect primary stays primary, also while its timeline is not told', () => {
    for (const health of [SUSPECT, UNREACHED]) {
      const decision = decided([primary('a', undefined, { health }), replica('b', 1)], { settled });
      expect(decision).toMatchObject({ primary: key('a'), settled });
    }
  });
});

describe('a deposed primary', () => {
  const settled = settledOn('b', 2);

  test('that comes back is fenced, and the primary stays', () => {
    const decision = decided([primary('a', 1), primary('b', 2)], { settled });
    expect(decision.primary).toBe(key('b'));
    expect(verdict(decision, 'a')?.outOfService).toContain('fenced');
    expect(kinds(decision)).toEqual(['fenced-primary']);
  });

  test.each([
    ['down', primary('b', 2, { health: DOWN })],
    ['banned', primary('b', 2, { banned: true })],
    ['a replica', replica('b', 2)],
  ])('never wins, even when its successor is %s', (_, successor) => {
    const decision = decided([primary('a', 1), successor], { settled });
    expect(decision.primary).toBeUndefined();
    expect(kinds(decision)).toEqual(['outdated-primary']);
    expect(decision.settled).toBe(settled);
  });

  test('that was rewound serves as replica, once it is on the timeline of the primary', () => {
    const late = decided([replica('a', 1), primary('b', 2)], { settled });
    expect(verdict(late, 'a')?.outOfService).toBe('on timeline 1, not 2');
    const there = decided([replica('a', 2), primary('b', 2)], { settled });
    expect(verdict(there, 'a')).toEqual({ role: 'replica', outOfService: undefined });
    const untold = decided([replica('a', undefined), primary('b', 2)], { settled });
    expect(verdict(untold, 'a')?.outOfService).toBe('its timeline cannot be told');
  });

  test('a second primary on the same timeline is fenced as well', () => {
    const decision = decided([primary('b', 2), primary('c', 2)], { settled });
    expect(decision.primary).toBe(key('b'));
    expect(kinds(decision)).toEqual(['fenced-primary']);
  });

  test('the accepted primary on an older timeline than it was is not taken', () => {
    const decision = decided([primary('b', 1), replica('c', 1)], { settled });
    expect(decision.primary).toBeUndefined();
    expect(kinds(decision)).toEqual(['outdated-primary']);
  });
});

describe('another system identifier', () => {
  test('is never accepted, on whatever timeline, also if the source confirms it', () => {
    const settled = settledOn('a', 1);
    const confirmedLeader = key('b');
    for (const old of [primary('a', 1), primary('a', 1, { health: DOWN })]) {
      const decision = decided([old, foreign('b')], { settled, confirmedLeader });
      expect(verdict(decision, 'b')).toEqual({
        ...{ role: 'unknown', outOfService: 'another system identifier: 8' },
      });
      expect(kinds(decision)).toEqual(['foreign-system']);
      expect(decision.settled).toBe(settled);
    }
  });

  test('of a primary that was made anew is not accepted either', () => {
    const decision = decided([foreign('a', 1)], { settled: settledOn('a', 1) });
    expect(decision.primary).toBeUndefined();
    expect(kinds(decision)).toEqual(['foreign-system']);
  });

  test('is that of the replica, if one of the servers is primary', () => {
    const stranger = server('b', { systemIdentifier: '8', inRecovery: true });
    const decision = decided([stranger, primary('a', 1)]);
    expect(decision.primary).toBe(key('a'));
    expect(verdict(decision, 'b')?.role).toBe('unknown');
  });

  test('with nothing to say which is meant: none serves', () => {
    const stranger = server('b', { systemIdentifier: '8', inRecovery: true });
    for (const servers of [
      [primary('a', 1), foreign('b')],
      [replica('a', 1), stranger],
    ]) {
      const decision = decided(servers);
      expect(decision.primary).toBeUndefined();
      expect(kinds(decision)).toEqual(['disputed-system']);
      expect(verdict(decision, 'a')?.outOfService).toContain('a disputed system identifier');
    }
    const both = [primary('a', 1), foreign('b')];
    expect(decided(both, { confirmedLeader: key('a') }).primary).toBe(key('a'));
  });

  test('that an operator has banned is no dispute', () => {
    const decision = decided([primary('a', 1), { ...foreign('b'), banned: true }]);
    expect(decision.primary).toBe(key('a'));
    expect(decision.alarms).toEqual([]);
  });
});

test('another machine under the name of the primary is another epoch', () => {
  const moved = (moves: number, settled: Settled) =>
    decided([server('a', { moves })], { settled }).settled;
  const first = moved(0, settledOn('a', 1));
  expect(first).toMatchObject({ epoch: 1, primary: { moves: 0 } });
  expect(moved(0, first)).toBe(first);
  const second = moved(1, first);
  expect(second).toMatchObject({ epoch: 2, primary: { moves: 1 } });
  // A prober that was made anew counts from the beginning.
  expect(moved(0, second)).toMatchObject({ epoch: 2, primary: { moves: 0 } });
});

describe('an operator', () => {
  const settled = settledOn('a', 1);

  test('who bans the primary leaves the cluster without one', () => {
    const decision = decided([primary('a', 1, { banned: true }), replica('b', 1)], { settled });
    expect(decision.primary).toBeUndefined();
    expect(verdict(decision, 'a')?.outOfService).toBe('banned by an operator');
  });

  test('who bans a server that was promoted by mistake ends the conflict', () => {
    const mistake = primary('b', 2, { banned: true });
    const decision = decided([primary('a', 1), mistake], { settled });
    expect(decision).toMatchObject({ primary: key('a'), alarms: [] });
  });

  test('who bans a replica has it out of service', () => {
    const decision = decided([primary('a', 1), replica('b', 1, { banned: true })], { settled });
    expect(verdict(decision, 'b')).toEqual({
      ...{ role: 'replica', outOfService: 'banned by an operator', isDraining: true },
    });
  });

  test('who bans a server lets it finish what it has begun, unless it is down or another cluster', () => {
    const draining = (server: ServerKnowledge) =>
      verdict(decided([server, replica('b', 1)], { settled }), 'a')?.isDraining;
    expect(draining(primary('a', 1, { banned: true }))).toBe(true);
    expect(draining(primary('a', 1, { banned: true, health: SUSPECT }))).toBe(true);
    expect(draining(primary('a', 1, { banned: true, health: DOWN }))).toBeUndefined();
    expect(draining(primary('a', 1, { banned: true, health: RECOVERING }))).toBeUndefined();
    expect(draining({ ...foreign('a'), banned: true })).toBeUndefined();
    expect(draining(primary('a', 1))).toBeUndefined();
  });
});

test('a primary that refuses writes is primary, with a mark and an alarm', () => {
  const decision = decided([server('a', { readOnly: true })]);
  expect(decision).toMatchObject({ primary: key('a'), isPrimaryReadOnly: true });
  expect(kinds(decision)).toEqual(['read-only-primary']);
});
