import { Answer, type ExpectedKind, ExpectedReplies } from '../../src/backend/expected-replies';

/** Replies that note what became of them. */
function noted(log: string[], name: string, kind: ExpectedKind = Answer.Parse, swallow = false) {
  const failed = (): void => void log.push(`${name} failed`);
  return { kind, swallow, wantsDescription: false, failed };
}

test('the head is the oldest entry, and only for a reply of its kind', () => {
  const replies = new ExpectedReplies();
  const parse = noted([], 'parse');
  const close = noted([], 'close', Answer.Close, true);
  replies.sent(parse);
  replies.sent(close);
  expect(replies.head(Answer.Close)).toBeUndefined();
  expect(replies.head(Answer.Parse)).toBe(parse);
  replies.takeHead();
  expect(replies.head(Answer.Parse)).toBeUndefined();
  expect(replies.head(Answer.Close)).toBe(close);
  replies.takeHead();
  expect(replies.isEmpty).toBe(true);
});

test('a head stays until it is taken', () => {
  const replies = new ExpectedReplies();
  replies.sent(noted([], 'parse'));
  expect(replies.head(Answer.Parse)).toBe(replies.head(Answer.Parse));
  expect(replies.isEmpty).toBe(false);
});

test('nothing behind the end of a group is the head before ReadyForQuery', () => {
  const replies = new ExpectedReplies();
  replies.groupEnds();
  replies.sent(noted([], 'parse'));
  expect(replies.head(Answer.Parse)).toBeUndefined();
  replies.groupEnded();
  expect(replies.head(Answer.Parse)).toBeDefined();
});

test('a failure fails the rest of its group, the last first, and nothing of the next group', () => {
  const replies = new ExpectedReplies();
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) replies.sent(noted(log, name));
  replies.groupEnds();
  const next = noted(log, 'next');
  replies.sent(next);
  replies.groupEnds();
  replies.takeHead();
  replies.groupFailed();
  expect(log).toEqual(['c failed', 'b failed']);
  replies.groupEnded();
  expect(replies.head(Answer.Parse)).toBe(next);
  replies.takeHead();
  replies.groupEnded();
  expect(log).toEqual(['c failed', 'b failed']);
  expect(replies.isEmpty).toBe(true);
});

test('a failure before the Sync was sent fails what has been sent so far', () => {
  const replies = new ExpectedReplies();
  const log: string[] = [];
  replies.sent(noted(log, 'a'));
  replies.groupFailed();
  expect(log).toEqual(['a failed']);
  expect(replies.isEmpty).toBe(true);
  // What the client sends behind the failure is skipped up to its Sync.
  replies.sent(noted(log, 'b'));
  replies.groupEnds();
  replies.groupEnded();
  expect(log).toEqual(['a failed', 'b failed']);
  expect(replies.isEmpty).toBe(true);
});

test('a ReadyForQuery fails what was not answered before it', () => {
  const replies = new ExpectedReplies();
  const log: string[] = [];
  replies.sent(noted(log, 'a'));
  replies.groupEnds();
  replies.groupEnded();
  expect(log).toEqual(['a failed']);
  expect(replies.isEmpty).toBe(true);
});

test('two failures in one group fail each entry once', () => {
  const replies = new ExpectedReplies();
  const log: string[] = [];
  replies.sent(noted(log, 'a'));
  replies.groupEnds();
  replies.groupFailed();
  replies.groupFailed();
  expect(log).toEqual(['a failed']);
});

test('an entry that sends another one while it fails does not lose it', () => {
  const replies = new ExpectedReplies();
  const late = noted([], 'late');
  replies.sent({ ...noted([], 'a'), failed: () => replies.sent(late) });
  replies.groupEnds();
  replies.groupFailed();
  replies.groupEnded();
  expect(replies.head(Answer.Parse)).toBe(late);
});

test('after `clear` nothing is expected, and nothing of it fails', () => {
  const replies = new ExpectedReplies();
  const log: string[] = [];
  replies.sent(noted(log, 'a'));
  replies.groupEnds();
  replies.clear();
  replies.groupFailed();
  replies.groupEnded();
  expect(replies.isEmpty).toBe(true);
  expect(log).toEqual([]);
});

test('a queue that is never empty between groups does not lose its place', () => {
  const replies = new ExpectedReplies();
  for (let i = 0; i < 1000; i++) {
    const entry = noted([], `${i}`, i % 2 === 0 ? Answer.Parse : Answer.Describe);
    replies.sent(entry);
    replies.groupEnds();
    if (i === 0) continue;
    // One behind: the entry of the round before is answered now.
    const kind = i % 2 === 0 ? Answer.Describe : Answer.Parse;
    expect(replies.head(kind)).toBeDefined();
    replies.takeHead();
    replies.groupEnded();
  }
  expect(replies.head(Answer.Describe)).toBeDefined();
});

test('groups without an entry in front of one keep it from answers that are theirs', () => {
  const log: string[] = [];
  const replies = new ExpectedReplies();
  replies.groupEnds();
  replies.groupEnds();
  expect(replies.isEmpty).toBe(true);
  replies.sent(noted(log, 'parse'));
  replies.groupFailed();
  replies.groupEnded();
  expect(log).toEqual([]);
  expect(replies.head(Answer.Parse)).toBeUndefined();
  replies.groupEnded();
  expect(replies.head(Answer.Parse)).toBeDefined();
});

test('a group that a COPY has read does not end in front of what came later', () => {
  const replies = new ExpectedReplies();
  replies.groupEnds();
  replies.groupVanished();
  replies.sent(noted([], 'parse'));
  expect(replies.head(Answer.Parse)).toBeDefined();
});

test('what nobody asks for any more leaves no group behind', () => {
  const replies = new ExpectedReplies();
  replies.groupEnds();
  replies.clear();
  replies.sent(noted([], 'parse'));
  expect(replies.head(Answer.Parse)).toBeDefined();
});
