import type { Failover } from '../../src/failover/failover';
import { type ClusterSight, fieldOf, lossIn } from '../../src/promotion/loss';
import { decide } from '../../src/topology/decide';
import type { ServerKnowledge, Settled } from '../../src/topology/knowledge';
import { DOWN, primary, RECOVERING, replica, SUSPECT, SYSTEM, UNREACHED } from '../kit/knowledge';
import { key } from './rig';

const SETTLED: Settled = {
  ...{ systemIdentifier: SYSTEM, epoch: 1 },
  primary: { key: key('a'), timeline: 1 },
};
const HOLDING: Failover = { kind: 'holding', oldPrimary: key('a'), sinceMs: 0 };

function sight(
  servers: readonly ServerKnowledge[],
  settled = SETTLED,
  failover = HOLDING,
): ClusterSight {
  const decision = decide({ servers, settled, confirmedLeader: undefined });
  return { servers, decision, failover };
}

const GONE = primary('a', 1, { health: DOWN });
const OTHERS = [replica('b', 1), replica('c', 1)];

test('a primary that is down, and that nobody has replaced, is lost', () => {
  expect(lossIn(sight([GONE, ...OTHERS]))).toEqual({
    ...{ key: key('a'), address: GONE.address, systemIdentifier: SYSTEM, timeline: 1 },
    flushed: undefined,
  });
});

test.each<[string, ClusterSight]>([
  ['only did not answer once', sight([primary('a', 1, { health: UNREACHED }), ...OTHERS])],
  ['is coming back', sight([primary('a', 1, { health: RECOVERING }), ...OTHERS])],
  ['has become a replica', sight([replica('a', 1), ...OTHERS])],
  ['is banned', sight([primary('a', 1, { health: DOWN, banned: true }), ...OTHERS])],
  ['was taken out of the list', sight(OTHERS)],
  ['has a successor', sight([GONE, primary('b', 2), replica('c', 1)])],
  ['has a successor that is not accepted', sight([GONE, primary('b', 1), replica('c', 1)])],
  ['never was there', sight([GONE, ...OTHERS], { ...SETTLED, primary: undefined })],
  [
    'never told its timeline',
    sight([GONE, ...OTHERS], { ...SETTLED, primary: { key: key('a'), timeline: undefined } }),
  ],
  [
    'hands over as planned',
    sight([GONE, ...OTHERS], SETTLED, {
      ...{ kind: 'switching', oldPrimary: key('a'), target: key('b'), sinceMs: 0, untilMs: 9 },
    }),
  ],
])('one that %s is not', (_how, seen) => {
  expect(lossIn(seen)).toBeUndefined();
});

test.each<[string, ServerKnowledge, string]>([
  ['is down', replica('c', 1, { health: DOWN }), 'down: refused'],
  ['is banned', replica('c', 1, { banned: true }), 'banned by an operator'],
  ['is coming back', replica('c', 1, { health: RECOVERING }), 'answers again, 1 of 2 times'],
  ['is suspect', replica('c', 1, { health: SUSPECT }), 'a connection was refused'],
  ['is on another timeline', replica('c', 2), 'on timeline 2, not 1'],
  ['does not tell its timeline', replica('c', undefined), 'its timeline cannot be told'],
])('a replica that %s is no candidate, and why is said', (_how, server, why) => {
  const seen = sight([GONE, replica('b', 1), server]);
  const loss = lossIn(seen);
  if (loss === undefined) throw new Error('it is lost');
  const { candidates, others } = fieldOf(seen, loss);
  expect(candidates.map(({ address }) => address.host)).toEqual(['b']);
  expect(others).toEqual([`c:5432: ${why}`]);
});

test('one of another system is none', () => {
  const foreign = replica('c', 1);
  const { seen: said } = foreign;
  if (said === undefined) throw new Error('it was seen');
  const seen = sight([
    GONE,
    replica('b', 1),
    { ...foreign, seen: { ...said, systemIdentifier: '8' } },
  ]);
  const loss = lossIn(seen);
  if (loss === undefined) throw new Error('it is lost');
  expect(fieldOf(seen, loss)).toMatchObject({
    candidates: [{ key: key('b') }],
    others: ['c:5432: another system identifier: 8'],
  });
});
