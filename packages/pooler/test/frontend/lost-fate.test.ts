import fc from 'fast-check';
import {
  type BlockBefore,
  fateOf,
  type LostAnswer,
  type LostWork,
} from '../../src/frontend/lost-fate';
import type { LostStep } from '../../src/frontend/lost-steps';

type Groups = readonly (readonly LostStep[])[];

function work(before: BlockBefore, groups: Groups, changes: Partial<LostWork> = {}): LostWork {
  const defaults = { isWhole: true, begun: false, hasFailed: false, mayRun: true };
  return { before, groups, ...defaults, ...changes };
}

/** `again` or `again, runs`; otherwise what each group hears, `again` where that is nothing. */
function fate(before: BlockBefore, groups: Groups, changes: Partial<LostWork> = {}): string {
  const found = fateOf(work(before, groups, changes));
  if (found.kind === 'again') return found.runs ? 'again, runs' : 'again';
  return found.answers
    .map((answer) =>
      answer === undefined ? 'again' : `${answer.error ?? 'nothing'} ${answer.status}`,
    )
    .join(', ');
}

test.each<[BlockBefore, Groups, string]>([
  ['none', [['read']], 'again, runs'],
  ['none', [['read'], ['read', 'read']], 'again, runs'],
  ['none', [['begin']], 'again, runs'],
  ['none', [['begin'], ['read'], ['commit']], 'again, runs'],
  ['none', [['begin', 'read'], ['rollback']], 'again, runs'],
  ['none', [[]], 'again'],
  ['none', [['write']], 'outcomeUnknown I'],
  ['none', [['unknown']], 'outcomeUnknown I'],
  ['none', [['commit']], 'outcomeUnknown I'],
  ['none', [['read'], ['write']], 'again, outcomeUnknown I'],
  ['none', [['write'], ['read']], 'outcomeUnknown I, again'],
  ['none', [['write'], ['begin']], 'outcomeUnknown I, again'],
  // It may have been SET, and what is behind it would mean something else without it.
  ['none', [['plain'], ['read']], 'outcomeUnknown I, statementLost I'],
  [
    'none',
    [['read'], ['plain'], ['write'], ['read']],
    'again, outcomeUnknown I, outcomeUnknown I, statementLost I',
  ],
  [
    'none',
    [['begin'], ['plain'], ['commit'], ['read']],
    'outcomeUnknown E, outcomeUnknown E, outcomeUnknown I, statementLost I',
  ],
  // What it names was prepared by what is lost.
  ['none', [['write'], ['named-read']], 'outcomeUnknown I, statementLost I'],
  ['none', [['read'], ['named-read']], 'again, runs'],
  ['none', [['read'], ['named-read'], ['write']], 'again, again, outcomeUnknown I'],
  ['none', [['write'], ['read'], ['begin', 'read']], 'outcomeUnknown I, again, again'],
  ['none', [['write'], ['read'], ['write']], 'outcomeUnknown I, again, outcomeUnknown I'],
  ['none', [['read'], ['read'], ['write'], ['read']], 'again, again, outcomeUnknown I, again'],
  ['none', [['write'], ['read'], ['begin', 'write']], 'outcomeUnknown I, again, transactionLost E'],
  [
    'none',
    [['write'], ['begin'], ['read'], ['write']],
    'outcomeUnknown I, outcomeUnknown E, outcomeUnknown E, outcomeUnknown E',
  ],
  [
    'none',
    [['begin'], ['read'], ['commit'], ['begin'], ['write']],
    'transactionLost E, inFailedTransaction E, inFailedTransaction I, transactionLost E, inFailedTransaction E',
  ],
  ['none', [['write'], ['write']], 'outcomeUnknown I, outcomeUnknown I'],
  ['none', [['begin'], ['write']], 'transactionLost E, inFailedTransaction E'],
  ['none', [['begin', 'write']], 'transactionLost E'],
  ['none', [['begin', 'write', 'commit']], 'outcomeUnknown I'],
  [
    'none',
    [['begin'], ['write'], ['commit']],
    'outcomeUnknown E, outcomeUnknown E, outcomeUnknown I',
  ],
  ['none', [['write', 'begin', 'write']], 'outcomeUnknown E'],
  [
    'none',
    [['begin'], ['write'], ['rollback']],
    'transactionLost E, inFailedTransaction E, inFailedTransaction I',
  ],
  ['none', [['unsent']], 'statementLost I'],
  ['none', [['rollback']], 'statementLost I'],
  ['open', [['write']], 'again'],
  ['open', [['read']], 'again'],
  ['open', [['rollback']], 'again'],
  ['open', [['write'], ['rollback']], 'again'],
  ['open', [['rollback'], ['read']], 'again, runs'],
  ['open', [['commit']], 'outcomeUnknown I'],
  ['open', [['commit-chain']], 'outcomeUnknown E'],
  ['open', [['unknown']], 'outcomeUnknown E'],
  ['open', [['write', 'commit']], 'outcomeUnknown I'],
  ['open', [['rollback'], ['write']], 'outcomeUnknown I, outcomeUnknown I'],
  ['open', [['commit'], ['read']], 'outcomeUnknown I, again'],
  ['failed', [['write'], ['commit']], 'again'],
  ['failed', [['rollback'], ['read']], 'again, runs'],
  ['failed', [['rollback', 'write']], 'outcomeUnknown I'],
  ['failed', [['unknown']], 'outcomeUnknown E'],
])('behind %s: %j', (before, groups, expected) => {
  expect(fate(before, groups)).toBe(expected);
});

test('what an answer has begun to is not looked at again', () => {
  expect(fate('none', [['read']], { begun: true })).toBe('statementLost I');
  expect(fate('open', [['write']], { begun: true })).toBe('transactionLost E');
  expect(fate('open', [['rollback']], { begun: true })).toBe('transactionLost I');
  expect(fate('failed', [['write']], { begun: true })).toBe('inFailedTransaction E');
});

test('behind an answer that has begun reads are looked at again all the same', () => {
  expect(fate('none', [['read'], ['read']], { begun: true })).toBe('statementLost I, again');
  expect(fate('none', [['write'], ['read']], { begun: true })).toBe('outcomeUnknown I, again');
});

test('what is not kept whole is not looked at again', () => {
  expect(fate('none', [['write'], ['read']], { isWhole: false })).toBe(
    'outcomeUnknown I, statementLost I',
  );
  expect(fate('none', [['read']], { isWhole: false })).toBe('statementLost I');
  expect(fate('open', [['write'], ['write']], { isWhole: false })).toBe(
    'transactionLost E, inFailedTransaction E',
  );
});

test('whoever has heard of an error is not told of another', () => {
  const changes = { begun: true, hasFailed: true };
  expect(fate('open', [['write'], ['write']], changes)).toBe('nothing E, inFailedTransaction E');
  expect(fate('none', [['write']], changes)).toBe('nothing I');
});

test('what may not run again is answered', () => {
  expect(fate('none', [['write'], ['read']], { mayRun: false })).toBe(
    'outcomeUnknown I, statementLost I',
  );
  expect(fate('none', [['read']], { mayRun: false })).toBe('statementLost I');
  expect(fate('none', [['begin']], { mayRun: false })).toBe('transactionLost E');
  expect(fate('open', [['write']], { mayRun: false })).toBe('again');
});

const STEPS: readonly LostStep[] = [
  ...(['begin', 'commit', 'rollback', 'commit-chain', 'rollback-chain', 'rollback-to'] as const),
  ...(['write', 'plain', 'unknown', 'read', 'named-read', 'unsent'] as const),
];
const anyGroups = fc.array(fc.array(fc.constantFrom(...STEPS), { maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
});
const anyWork = fc
  .record({
    before: fc.constantFrom<BlockBefore>('none', 'open', 'failed'),
    groups: anyGroups,
    isWhole: fc.boolean(),
    begun: fc.boolean(),
    hasFailed: fc.boolean(),
    mayRun: fc.boolean(),
  })
  // An error is a part of an answer.
  .map((given) => ({ ...given, begun: given.begun || given.hasFailed }));

/** Carries the steps out as PostgreSQL would: is anything changed for good? */
function carriedOut(before: BlockBefore, groups: Groups): { readonly commits: boolean } {
  let block: 'none' | 'open' | 'failed' = before;
  let written = before === 'open';
  let commits = false;
  for (const step of groups.flat()) {
    const isUnknown = step === 'unknown';
    const ends = step === 'commit' || step === 'commit-chain';
    if (block === 'none') {
      if (step === 'write' || step === 'plain' || isUnknown) commits = true;
      if (step === 'begin') block = 'open';
      if (step === 'begin') written = false;
    } else if (block === 'open') {
      if ((ends || isUnknown) && written) commits = true;
      if (step === 'write' || step === 'plain' || isUnknown) written = true;
      if (step === 'commit' || step === 'rollback') block = 'none';
    } else {
      if (step === 'commit' || step === 'rollback') block = 'none';
      if (isUnknown) commits = true;
    }
  }
  return { commits };
}

interface Part {
  readonly isAgain: boolean;
  readonly before: BlockBefore;
  readonly groups: LostStep[][];
  readonly errors: (string | undefined)[];
}

/** What is looked at again, and what is answered, in turn. */
function partsOf(
  { before, groups }: { readonly before: BlockBefore; readonly groups: Groups },
  answers: readonly (LostAnswer | undefined)[],
): readonly Part[] {
  const parts: Part[] = [];
  for (const [index, steps] of groups.entries()) {
    const answer = answers[index];
    const isAgain = answer === undefined;
    let part = parts.at(-1);
    if (part?.isAgain !== isAgain) {
      part = { isAgain, before: index === 0 ? before : 'none', groups: [], errors: [] };
      parts.push(part);
    }
    part.groups.push([...steps]);
    part.errors.push(answer?.error);
  }
  return parts;
}

test('nothing that may have been committed is looked at again, or said to be lost for certain', () => {
  fc.assert(
    fc.property(anyWork, (given) => {
      const { commits } = carriedOut(given.before, given.groups);
      const found = fateOf(given);
      if (!commits) return;
      expect(found.kind).toBe('answer');
      if (found.kind !== 'answer') return;
      for (const [at, part] of partsOf(given, found.answers).entries()) {
        const { commits: mayStay } = carriedOut(part.before, part.groups);
        if (part.isAgain) expect(mayStay).toBe(false);
        if (part.isAgain || !mayStay) continue;
        // Only what was read, and what the client has heard of already, is said to have done nothing.
        for (const [index, error] of part.errors.entries()) {
          const isRead = part.groups[index]?.every((step) => step.endsWith('read'));
          const wasTold = at === 0 && index === 0 && given.hasFailed;
          if (isRead !== true && !wasTold) expect(error).toBe('outcomeUnknown');
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('what is looked at again stands outside of transactions, and so does what is answered behind it', () => {
  fc.assert(
    fc.property(anyWork, (given) => {
      const found = fateOf(given);
      if (found.kind !== 'answer') return;
      const { answers } = found;
      expect(answers).toHaveLength(given.groups.length);
      expect(answers.some((answer) => answer !== undefined)).toBe(true);
      if (answers[0] === undefined) expect([given.before, given.begun]).toEqual(['none', false]);
      for (const [index, answer] of answers.entries()) {
        if (answer === undefined && index > 0) expect(answers[index - 1]?.status ?? 'I').toBe('I');
      }
      const parts = partsOf(given, answers);
      for (const { groups, isAgain } of parts.slice(0, -1)) {
        // One group at a time, none of which leaves a transaction open.
        if (isAgain) for (const steps of groups) expect(endsOutside(steps)).toBe(true);
      }
    }),
  );
});

test('behind what is lost nothing is looked at again that it may have given another meaning', () => {
  fc.assert(
    fc.property(anyWork, (given) => {
      const found = fateOf(given);
      if (found.kind !== 'answer') return;
      const lost = given.groups.filter((_, at) => found.answers[at] !== undefined).flat();
      const firstLost = found.answers.findIndex((answer) => answer !== undefined);
      for (const [at, steps] of given.groups.entries()) {
        if (at < firstLost || found.answers[at] !== undefined) continue;
        const before = given.groups.slice(0, at).filter((_, n) => found.answers[n] !== undefined);
        expect(before.flat()).not.toContain('plain');
        expect(before.flat()).not.toContain('unknown');
        if (lost.length > 0 && before.flat().length > 0) expect(steps).not.toContain('named-read');
      }
    }),
    { numRuns: 2000 },
  );
});

function endsOutside(steps: readonly LostStep[]): boolean {
  let isOutside = true;
  for (const step of steps) {
    if (step === 'begin') isOutside = false;
    if (step === 'commit' || step === 'rollback') isOutside = true;
  }
  return isOutside;
}
