import type { ProbeAnswer, ProbeFacts } from '../../src/probe/probe-query';
import { ServerMemory } from '../../src/probe/server-memory';

function answer(facts: Partial<ProbeFacts>, startedAt = '1'): ProbeAnswer {
  const standby: ProbeFacts = {
    ...{ systemIdentifier: '1', inRecovery: true, readOnly: true, timeline: 1 },
    ...{ flushed: undefined, inserted: undefined, received: 20n, replayed: 20n },
    ...{ connections: 1, connectionsMax: 97 },
  };
  return { facts: { ...standby, ...facts }, isStreaming: true, replayedCommitAgeMs: 1, startedAt };
}

const TIMES = { askedAtMs: 5, answeredAtMs: 7 };

const timelineOf = (memory: ServerMemory, said: ProbeAnswer): number | undefined =>
  memory.complete(said, TIMES).timeline;

test('a standby keeps the highest timeline that it was seen on, until it is started anew', () => {
  const memory = new ServerMemory();
  const told = [undefined, 1, undefined, 3, 2, undefined].map((timeline) =>
    timelineOf(memory, answer({ timeline })),
  );
  expect(told).toEqual([undefined, 1, 1, 3, 3, 3]);
  expect(timelineOf(memory, answer({ timeline: 2 }, '2'))).toBe(2);
});

test('a primary is on the timeline that it says', () => {
  const memory = new ServerMemory();
  expect(timelineOf(memory, answer({ timeline: 1 }))).toBe(1);
  expect(timelineOf(memory, answer({ timeline: 2, inRecovery: false }))).toBe(2);
});

test('a lag is not measured from before a start', () => {
  const memory = new ServerMemory();
  expect(memory.complete(answer({}), TIMES)).toMatchObject({ replayLagMs: 0, ...TIMES });
  const behind = { ...answer({ received: 30n }, '2'), replayedCommitAgeMs: 9000 };
  expect(memory.complete(behind, { askedAtMs: 10, answeredAtMs: 12 }).replayLagMs).toBe(9000);
  expect(memory.complete(behind, { askedAtMs: 10, answeredAtMs: 12 })).not.toHaveProperty(
    'startedAt',
  );
});
