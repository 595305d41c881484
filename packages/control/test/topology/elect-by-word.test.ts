import type { HeardView } from '../../src/discovery/members';
import type { Health } from '../../src/health/health';
import type { ListedMember } from '../../src/ports/member-source';
import type { ServerKey } from '../../src/server-key';
import { electByWord } from '../../src/topology/elect-by-word';
import type { LivingServer, ServerKnowledge } from '../../src/topology/knowledge';
import { observation, SUSPECT, server, UNREACHED } from '../kit/knowledge';

const NOW_MS = 100_000;
const TURNED_AWAY: Health = {
  ...{ kind: 'suspect', sinceMs: 0, inServiceSinceMs: 0, goodNeeded: 1 },
  ...{ unreached: 0, turnedAway: 3, reason: 'turned away' },
};

function member(
  host: string,
  writes: boolean,
  changes: Partial<ServerKnowledge> = {},
): LivingServer {
  return { ...server(host, {}, changes), seen: observation({ inRecovery: !writes }) };
}

const listed = (name: string, isWriter: boolean, ageMs?: number): ListedMember => ({
  ...{ name, address: { host: name, port: 5432 }, isWriter },
  ...{ lagMs: undefined, ageMs },
});

function view(
  self: string,
  members: readonly ListedMember[],
  { askedMsAgo = 0, isCurrent = true } = {},
): HeardView {
  const askedAtMs = NOW_MS - askedMsAgo;
  return {
    ...{ from: keyOf(self), askedAtMs, answeredAtMs: askedAtMs, isCurrent, isSeed: false },
    view: { self, members },
  };
}

const keyOf = (host: string): ServerKey => server(host, {}).key;

function elect(living: readonly LivingServer[], views: readonly HeardView[]) {
  const nameOf = (key: ServerKey): string | undefined => /^[^:]+/.exec(key)?.[0];
  const accepted = { key: keyOf('a'), timeline: undefined };
  return electByWord({ living, accepted }, { nameOf, views, nowMs: NOW_MS });
}

/** b says that it writes; c still takes a for the writer. */
const OWN = view('b', [listed('b', true), listed('c', false, 100)]);
const OF_C = [listed('a', true, 500), listed('b', false, 500), listed('c', false)];

test('another member that hears from a third one as the writer casts a doubt', () => {
  const election = elect([member('b', true), member('c', false)], [OWN, view('c', OF_C)]);
  expect(election).toMatchObject({ kind: 'doubtful', by: 'c:5432', instead: 'a' });
});

test.each([
  [4_499, 'doubtful'],
  [4_501, 'elected'],
])('what was 500 ms old when it was said %p ms ago: %s', (askedMsAgo, kind) => {
  const views = [OWN, view('c', OF_C, { askedMsAgo })];
  expect(elect([member('b', true), member('c', false)], views).kind).toBe(kind);
});

test('one that has failed to answer since casts no doubt', () => {
  const living = [member('b', true), member('c', false, { health: TURNED_AWAY })];
  expect(elect(living, [OWN, view('c', OF_C, { isCurrent: false })]).kind).toBe('elected');
});

test.each([
  [600, 'elected'],
  [400, 'doubtful'],
])('a writer seen to begin, %p ms before another is heard of: %s', (heardMsAgo, kind) => {
  const since = { writesSinceMs: NOW_MS - 500 };
  const c = view('c', [listed('a', true, heardMsAgo), listed('b', false, 10), listed('c', false)]);
  expect(elect([member('b', true, since), member('c', false)], [OWN, c]).kind).toBe(kind);
});

test.each<[string, Partial<ServerKnowledge>, string]>([
  ['up', {}, 'conflict'],
  ['a connection was lost, and no probe', { health: SUSPECT }, 'conflict'],
  ['turned away, for want of room', { health: TURNED_AWAY }, 'conflict'],
  ['started anew since then', { health: TURNED_AWAY, hasRestarted: true }, 'elected'],
  ['not reached', { health: UNREACHED }, 'elected'],
])('the old writer, %s, and a new one: %s', (_what, changes, kind) => {
  const old = view('a', [listed('a', true), listed('b', false, 100)], { askedMsAgo: 2_000 });
  const election = elect([member('a', true, changes), member('b', true)], [old, OWN]);
  expect(election).toMatchObject(
    kind === 'elected' ? { kind, server: { key: 'b:5432' } } : { kind },
  );
});
