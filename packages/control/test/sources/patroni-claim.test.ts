import fc from 'fast-check';
import { type ClusterView, readCluster, readNode } from '../../src/sources/patroni-answers';
import { claimOf, type NodeAnswer, type PatroniClaim } from '../../src/sources/patroni-claim';

const address = (n: number): { host: string; port: number } => ({
  host: `10.0.0.${n}`,
  port: 5432,
});

/** A cluster of three, in which the member with this number leads. */
function cluster(leads: number | undefined, more: Partial<ClusterView> = {}): ClusterView {
  const members = [0, 1, 2].map((n) => ({ name: `pg${n}`, address: address(n), state: 'running' }));
  const leader = leads === undefined ? undefined : members[leads];
  return { members, leader, paused: false, switchover: undefined, ...more };
}

interface Said {
  readonly at?: number;
  readonly leads?: boolean;
  readonly name?: string;
  readonly timeline?: number;
  /** Whom its list names. */
  readonly names?: number | undefined;
  readonly list?: ClusterView | undefined;
}

function says(said: Said = {}): NodeAnswer {
  const { at = 1, leads = false, name, timeline } = said;
  const list = 'list' in said ? said.list : cluster('names' in said ? said.names : 0);
  const node = { name, timeline };
  return { kind: 'answered', askedAtMs: at, leads, clockAheadMs: 0, node, cluster: list };
}

const SILENT: NodeAnswer = { kind: 'silent' };

/** pg0 leads, and everybody agrees. */
const STEADY = claimOf(
  [says({ at: 10, leads: true }), says({ at: 11 }), says({ at: 12 })],
  undefined,
);

const leaderOf = (known: PatroniClaim | undefined): string | undefined => known?.claim.leader?.host;

test('the node that says that it leads is the leader, under the address that the list gives', () => {
  expect(STEADY).toMatchObject({ ledBy: 0, claim: { leader: address(0), confirmedAtMs: 10 } });
  expect(STEADY?.claim.members).toHaveLength(3);
});

test('the list alone makes nobody the leader', () => {
  const known = claimOf([says({ at: 1 }), says({ at: 2 }), says({ at: 3 })], undefined);
  expect(known).toMatchObject({ ledBy: undefined, claim: { leader: undefined, confirmedAtMs: 3 } });
});

test('nothing has been heard: nothing is known; everybody falls silent: what was known stays', () => {
  expect(claimOf([SILENT, SILENT, SILENT], undefined)).toBeUndefined();
  expect(claimOf([SILENT, SILENT, SILENT], STEADY)).toBe(STEADY);
});

test('a leader that does not answer stays, confirmed when it was, while the others name it', () => {
  const known = claimOf([SILENT, says({ at: 20 }), says({ at: 21 })], STEADY);
  expect(known).toMatchObject({ ledBy: 0, claim: { leader: address(0), confirmedAtMs: 10 } });
  const gone = claimOf([SILENT, says({ at: 30, names: undefined }), says({ at: 29 })], known);
  expect(gone).toMatchObject({ ledBy: undefined, claim: { leader: undefined, confirmedAtMs: 30 } });
});

test('a leader that says that it does not lead is none at once, whatever the lists say', () => {
  const known = claimOf([says({ at: 20 }), says({ at: 21 }), says({ at: 22 })], STEADY);
  expect(known?.claim.leader).toBeUndefined();
});

test('a new leader replaces one that is silent, or that an older answer still says to lead', () => {
  const next = says({ at: 20, leads: true, names: 1, timeline: 2 });
  expect(leaderOf(claimOf([SILENT, next, says({ at: 19 })], STEADY))).toBe('10.0.0.1');
  const old = says({ at: 15, leads: true, timeline: 1 });
  expect(leaderOf(claimOf([old, next, says({ at: 19 })], STEADY))).toBe('10.0.0.1');
});

test('a schedule is what the newest list says, and what it was while nobody gives a list', () => {
  const switchover = { atMs: 7, from: 'pg0', to: 'pg1' };
  const planned = claimOf([says({ leads: true, list: cluster(0, { switchover }) })], undefined);
  expect(planned?.claim.switchover).toEqual(switchover);
  const listless = [says({ at: 20, leads: true, list: undefined })];
  expect(claimOf(listless, planned)?.claim.switchover).toEqual(switchover);
  expect(claimOf([says({ at: 30, leads: true })], planned)?.claim.switchover).toBeUndefined();
});

test('two that lead on one timeline, or that do not tell it, are none', () => {
  for (const timeline of [2, undefined]) {
    const told = timeline === undefined ? {} : { timeline };
    const nodes = [
      says({ leads: true, ...told }),
      says({ leads: true, names: 1, ...told }),
      SILENT,
    ];
    expect(leaderOf(claimOf(nodes, STEADY))).toBeUndefined();
  }
});

test('a leader whose list is missing or speaks of another one is known by what it was before', () => {
  const without = says({ at: 20, leads: true, list: undefined });
  expect(claimOf([without, says(), says()], STEADY)).toMatchObject({
    claim: { leader: address(0) },
  });
  expect(leaderOf(claimOf([SILENT, without, says()], STEADY))).toBeUndefined();
  const odd = says({ at: 20, leads: true, name: 'pg1', names: 0 });
  expect(leaderOf(claimOf([SILENT, odd, says()], undefined))).toBeUndefined();
  const even = says({ at: 20, leads: true, name: 'pg1', names: 1 });
  expect(leaderOf(claimOf([SILENT, even, says()], undefined))).toBe('10.0.0.1');
});

test('a pause and a planned switchover are passed on', () => {
  const switchover = { atMs: 5, from: 'pg0', to: 'pg1' };
  const list = cluster(0, { paused: true, switchover });
  const known = claimOf([says({ leads: true, list }), SILENT, SILENT], STEADY);
  expect(known?.claim).toMatchObject({ paused: true, switchover, leader: address(0) });
});

test('no order of answers makes a leader of a node that does not say that it leads', () => {
  const answer = fc.oneof(
    fc.constant(SILENT),
    fc
      .record({
        ...{
          at: fc.nat(100),
          leads: fc.boolean(),
          names: fc.option(fc.nat(2), { nil: undefined }),
        },
        timeline: fc.integer({ min: 1, max: 3 }),
      })
      .map(says),
  );
  const rounds = fc.array(fc.tuple(answer, answer, answer), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(rounds, (all) => {
      let known: PatroniClaim | undefined;
      for (const nodes of all) {
        const led = known?.ledBy;
        known = claimOf(nodes, known);
        if (known?.ledBy === undefined) {
          expect(known?.claim.leader).toBeUndefined();
          continue;
        }
        const node = nodes[known.ledBy];
        const saysSo = node?.kind === 'answered' && node.leads;
        expect(saysSo || (node?.kind === 'silent' && led === known.ledBy)).toBe(true);
      }
    }),
  );
});

describe('what /cluster says', () => {
  const list = (entry: object): string => JSON.stringify({ members: [entry] });

  test.each(['leader', 'master', 'primary'])('%s is a leader', (role) => {
    const view = readCluster(list({ name: 'a', role, host: 'h', port: 6432, lag: 'unknown' }));
    expect(view?.leader).toEqual({ name: 'a', address: { host: 'h', port: 6432 }, state: '' });
  });

  test.each(['standby_leader', 'replica', 'sync_standby', 7, null])('%p is none', (role) => {
    expect(readCluster(list({ name: 'a', role, host: 'h' }))?.leader).toBeUndefined();
  });

  test('a port that is left out is 5432, one that makes no sense leaves the address out', () => {
    const portOf = (port: unknown): number | undefined =>
      readCluster(list({ name: 'a', host: 'h', port }))?.members[0]?.address?.port;
    expect([undefined, '6432', 6432].map(portOf)).toEqual([5432, 6432, 6432]);
    for (const port of [0, 65_536, 1.5, -1, '5432x', null, {}, true]) {
      expect(portOf(port)).toBeUndefined();
    }
  });

  test('members without a name are left out, and of a name only a printable one counts', () => {
    for (const name of ['', 7, null, 'a\nb', 'x'.repeat(256)]) {
      expect(readCluster(list({ name, host: 'h' }))?.members).toEqual([]);
    }
    expect(readCluster('{"members":[null,7,"x",[],{}]}')?.members).toEqual([]);
  });

  test('a switchover is taken over when its time can be read', () => {
    const at = '2026-11-28T12:00:00+01:00';
    const read = (planned: unknown): unknown =>
      readCluster(JSON.stringify({ members: [], scheduled_switchover: planned }))?.switchover;
    expect(read({ at, from: 'a', to: 'b' })).toEqual({ atMs: Date.parse(at), from: 'a', to: 'b' });
    expect(read({ at })).toEqual({ atMs: Date.parse(at), from: undefined, to: undefined });
    for (const odd of [{ at: 'soon' }, { at: 5 }, 'now', null, []])
      expect(read(odd)).toBeUndefined();
  });

  test.each([
    '',
    'null',
    '7',
    '"x"',
    '[]',
    '{}',
    '{"members":{}}',
    '{"members":',
    '['.repeat(9999),
  ])('%.20s is no cluster', (body) => {
    expect(readCluster(body)).toBeUndefined();
  });

  test('whatever JSON it is, nothing is thrown and types are right', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (entry, other) => {
        const view = readCluster(JSON.stringify({ members: [entry, other], pause: entry }));
        expect(typeof view?.paused).toBe('boolean');
        expect(readNode(JSON.stringify(entry))).toBeDefined();
      }),
    );
  });
});
