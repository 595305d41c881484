import fc from 'fast-check';
import { type BlockBefore, fateOf, type LostWork } from '../../src/frontend/lost-fate';
import type { LostStep } from '../../src/frontend/lost-steps';

type Groups = readonly (readonly LostStep[])[];

function work(before: BlockBefore, groups: Groups, changes: Partial<LostWork> = {}): LostWork {
  const defaults = { isWhole: true, begun: false, hasFailed: false, mayRun: true };
  return { before, groups, ...defaults, ...changes };
}

/** `again` or `again, runs`; otherwise the code letter of each answer and its status. */
function fate(before: BlockBefore, groups: Groups, changes: Partial<LostWork> = {}): string {
  const found = fateOf(work(before, groups, changes));
  if (found.kind === 'again') return found.runs ? 'again, runs' : 'again';
  return found.answers.map(({ error, status }) => `${error ?? 'nothing'} ${status}`).join(', ');
}

test.each<[BlockBefore, Groups, string]>([
  ['none', [['read']], 'again, runs'],
  ['none', [['read'], ['read', 'read']], 'again, runs'],
  ['none', [['begin']], 'again, runs'],
  ['none', [['begin'], ['read'], ['commit']], 'again, runs'],
  ['none', [['begin', 'read'], ['rollback']], 'again, runs'],
  ['none', [[]], 'again'],
  ['none', [['plain']], 'outcomeUnknown I'],
  ['none', [['unknown']], 'outcomeUnknown I'],
  ['none', [['commit']], 'outcomeUnknown I'],
  ['none', [['read'], ['plain']], 'statementLost I, outcomeUnknown I'],
  ['none', [['plain'], ['read']], 'outcomeUnknown I, statementLost I'],
  ['none', [['plain'], ['plain']], 'outcomeUnknown I, outcomeUnknown I'],
  ['none', [['begin'], ['plain']], 'transactionLost E, inFailedTransaction E'],
  ['none', [['begin', 'plain']], 'transactionLost E'],
  ['none', [['begin', 'plain', 'commit']], 'outcomeUnknown I'],
  [
    'none',
    [['begin'], ['plain'], ['commit']],
    'outcomeUnknown E, outcomeUnknown E, outcomeUnknown I',
  ],
  ['none', [['plain', 'begin', 'plain']], 'outcomeUnknown E'],
  [
    'none',
    [['begin'], ['plain'], ['rollback']],
    'transactionLost E, inFailedTransaction E, inFailedTransaction I',
  ],
  ['none', [['unsent']], 'statementLost I'],
  ['none', [['rollback']], 'statementLost I'],
  ['open', [['plain']], 'again'],
  ['open', [['read']], 'again'],
  ['open', [['rollback']], 'again'],
  ['open', [['plain'], ['rollback']], 'again'],
  ['open', [['rollback'], ['read']], 'again, runs'],
  ['open', [['commit']], 'outcomeUnknown I'],
  ['open', [['commit-chain']], 'outcomeUnknown E'],
  ['open', [['unknown']], 'outcomeUnknown E'],
  ['open', [['plain', 'commit']], 'outcomeUnknown I'],
  ['open', [['rollback'], ['plain']], 'outcomeUnknown I, outcomeUnknown I'],
  ['open', [['commit'], ['read']], 'outcomeUnknown I, statementLost I'],
  ['failed', [['plain'], ['commit']], 'again'],
  ['failed', [['rollback'], ['read']], 'again, runs'],
  ['failed', [['rollback', 'plain']], 'outcomeUnknown I'],
  ['failed', [['unknown']], 'outcomeUnknown E'],
])('behind %s: %j', (before, groups, expected) => {
  expect(fate(before, groups)).toBe(expected);
});

test('what an answer has begun to is not looked at again', () => {
  expect(fate('none', [['read']], { begun: true })).toBe('statementLost I');
  expect(fate('open', [['plain']], { begun: true })).toBe('transactionLost E');
  expect(fate('open', [['rollback']], { begun: true })).toBe('transactionLost I');
  expect(fate('failed', [['plain']], { begun: true })).toBe('inFailedTransaction E');
});

test('what is not kept whole is not looked at again', () => {
  expect(fate('none', [['read']], { isWhole: false })).toBe('statementLost I');
  expect(fate('open', [['plain'], ['plain']], { isWhole: false })).toBe(
    'transactionLost E, inFailedTransaction E',
  );
});

test('whoever has heard of an error is not told of another', () => {
  const changes = { begun: true, hasFailed: true };
  expect(fate('open', [['plain'], ['plain']], changes)).toBe('nothing E, inFailedTransaction E');
  expect(fate('none', [['plain']], changes)).toBe('nothing I');
});

test('what may not run again is answered', () => {
  expect(fate('none', [['read']], { mayRun: false })).toBe('statementLost I');
  expect(fate('none', [['begin']], { mayRun: false })).toBe('transactionLost E');
  expect(fate('open', [['plain']], { mayRun: false })).toBe('again');
});

const STEPS: readonly LostStep[] = [
  ...(['begin', 'commit', 'rollback', 'commit-chain', 'rollback-chain', 'rollback-to'] as const),
  ...(['plain', 'unknown', 'read', 'unsent'] as const),
];
const anyGroups = fc.array(fc.array(fc.constantFrom(...STEPS), { maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
});
const anyWork = fc.record({
  before: fc.constantFrom<BlockBefore>('none', 'open', 'failed'),
  groups: anyGroups,
  isWhole: fc.boolean(),
  begun: fc.boolean(),
  hasFailed: fc.boolean(),
  mayRun: fc.boolean(),
});

/** Carries the steps out as PostgreSQL would: is anything changed for good? */
function carriedOut(before: BlockBefore, groups: Groups): { readonly commits: boolean } {
  let block: 'none' | 'open' | 'failed' = before;
  let written = before === 'open';
  let commits = false;
  for (const step of groups.flat()) {
    const isUnknown = step === 'unknown';
    const ends = step === 'commit' || step === 'commit-chain';
    if (block === 'none') {
      if (step === 'plain' || isUnknown) commits = true;
      if (step === 'begin') block = 'open';
      if (step === 'begin') written = false;
    } else if (block === 'open') {
      if ((ends || isUnknown) && written) commits = true;
      if (step === 'plain' || isUnknown) written = true;
      if (step === 'commit' || step === 'rollback') block = 'none';
    } else {
      if (step === 'commit' || step === 'rollback') block = 'none';
      if (isUnknown) commits = true;
    }
  }
  return { commits };
}

test('nothing that may have been committed is looked at again, or said to be lost for certain', () => {
  fc.assert(
    fc.property(anyWork, (given) => {
      const { commits } = carriedOut(given.before, given.groups);
      const found = fateOf(given);
      if (!commits) return;
      expect(found.kind).toBe('answer');
      if (found.kind !== 'answer') return;
      // Only what was read, and what the client has heard of already, is said to have done nothing.
      for (const [index, { error }] of found.answers.entries()) {
        const steps = given.groups[index] ?? [];
        const isRead = steps.every((step) => step === 'read');
        const wasTold = index === 0 && given.hasFailed;
        if (!isRead && !wasTold) expect(error).toBe('outcomeUnknown');
      }
    }),
    { numRuns: 2000 },
  );
});

test('every group gets one answer, and the last status is the one that stays', () => {
  fc.assert(
    fc.property(anyWork, (given) => {
      const found = fateOf(given);
      if (found.kind !== 'answer') return;
      expect(found.answers).toHaveLength(given.groups.length);
      expect(found.answers.at(-1)?.status).toBe(found.status);
    }),
  );
});
