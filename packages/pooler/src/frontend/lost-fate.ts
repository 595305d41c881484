import { type ErrorKey, unreachable } from '../errors';
import type { LostStep } from './lost-steps';

/** In which transaction a client was: none, one that was open, or one that had failed. */
export type BlockBefore = 'none' | 'open' | 'failed';

/** What was under way when a link was lost. */
export interface LostWork {
  readonly before: BlockBefore;
  /** The statements of each group, in order; at least one group. */
  readonly groups: readonly (readonly LostStep[])[];
  /** All of it is kept, so that it can be looked at or run again. */
  readonly isWhole: boolean;
  /** Something of an answer to the first group has reached the client. */
  readonly begun: boolean;
  /** An ErrorResponse has. */
  readonly hasFailed: boolean;
  /** What only reads may be run on another link. */
  readonly mayRun: boolean;
}

/** What the client hears in the place of the answer to one group. */
export interface LostAnswer {
  /** Undefined: it has heard of an error already. */
  readonly error: ErrorKey | undefined;
  readonly status: 'I' | 'E';
}

/**
 * - `again`: the groups are looked at once more, as if they had not been sent: those of the lost
 *   transaction are answered without a server, and reads run on another one (`runs`)
 * - `answer`: groups get their answers, in their order; those that have none in `answers` are looked at
 *   once more in their turn, and what only reads runs again
 */
export type LostFate =
  | { readonly kind: 'again'; readonly runs: boolean }
  | {
      readonly kind: 'answer';
      readonly answers: readonly (LostAnswer | undefined)[];
    };

/** What becomes of what was under way. Nothing that may have happened is done again. */
export function fateOf(work: LostWork): LostFate {
  const walk = new Walk(work.before);
  for (const steps of work.groups) walk.takeAll(steps);
  const { canRepeat, runs } = walk;
  if (canRepeat && work.isWhole && !work.begun && (!runs || work.mayRun)) {
    return { kind: 'again', runs };
  }
  return answersTo(work);
}

function answersTo(work: LostWork): LostFate {
  const { groups } = work;
  const isAgain = repeatable(work);
  const answers: (LostAnswer | undefined)[] = [];
  while (answers.length < groups.length) {
    const from = answers.length;
    if (isAgain[from] === true) {
      answers.push(undefined);
      continue;
    }
    const end = isAgain.indexOf(true, from);
    const lost = groups.slice(from, end < 0 ? groups.length : end);
    answers.push(...errorsOf(lost, from === 0 ? work : BETWEEN));
  }
  return { kind: 'answer', answers };
}

/** What is in front of groups that follow others which are looked at again. */
const BETWEEN = { before: 'none', hasFailed: false } as const;

/** What is said of groups that follow each other, none of which is looked at again. */
function errorsOf(
  groups: LostWork['groups'],
  { before, hasFailed }: Pick<LostWork, 'before' | 'hasFailed'>,
): readonly LostAnswer[] {
  const whole = new Walk(before);
  for (const steps of groups) whole.takeAll(steps);
  const { mayHaveCommitted } = whole;
  const walk = new Walk(before);
  return groups.map((steps, index): LostAnswer => {
    const { block: before } = walk;
    walk.takeAll(steps);
    const status = walk.block === 'none' ? 'I' : 'E';
    if (index === 0 && hasFailed) return { error: undefined, status };
    if (steps.every(isRead) && before === 'none') {
      return { error: 'statementLost', status };
    }
    if (mayHaveCommitted) return { error: 'outcomeUnknown', status };
    const wasTold = before === 'failed' || (index > 0 && before !== 'none');
    if (wasTold) return { error: 'inFailedTransaction', status };
    const isInBlock = before !== 'none' || walk.block !== 'none';
    return { error: isInBlock ? 'transactionLost' : 'statementLost', status };
  });
}

/**
 * Which groups can be looked at again although something may have come of others: each that begins and
 * ends outside of a transaction, and at the end also those of a transaction that they begin.
 */
function repeatable({ before, begun, groups, isWhole, mayRun }: LostWork): readonly boolean[] {
  const isAgain = groups.map(() => false);
  if (!isWhole || !mayRun) return isAgain;
  const all = new Walk(before);
  let last: { readonly walk: Walk; readonly from: number } | undefined;
  const lost: LostStep[] = [];
  let settled = 0;
  for (const [at, steps] of groups.entries()) {
    const isOutside = all.block === 'none' && (at > 0 || !begun);
    const isSame = meansTheSame(steps, lost);
    const isFree = isOutside && isSame;
    if (!isSame) last = undefined;
    if (last === undefined && isFree) last = { walk: new Walk('none'), from: at };
    all.takeAll(steps);
    last?.walk.takeAll(steps);
    if (last?.walk.canRepeat === false) last = undefined;
    isAgain[at] = isFree && isRepeatableAlone(steps);
    if (last !== undefined) continue;
    for (; settled <= at; settled++)
      if (isAgain[settled] !== true) lost.push(...(groups[settled] ?? []));
  }
  return last === undefined ? isAgain : isAgain.fill(true, last.from);
}

/** Whether a group means what it meant without `lost`, which was in front of it. */
function meansTheSame(steps: readonly LostStep[], lost: readonly LostStep[]): boolean {
  if (lost.length > 0 && steps.includes('named-read')) return false;
  // A lost SET may not have been carried out: a read behind it would run under what was set before.
  return !lost.some((step) => step === 'plain' || step === 'unknown');
}

function isRepeatableAlone(steps: readonly LostStep[]): boolean {
  const walk = new Walk('none');
  walk.takeAll(steps);
  return walk.canRepeat && walk.block === 'none';
}

function isRead(step: LostStep): boolean {
  return step === 'read' || step === 'named-read';
}

/** Follows statements that may have been carried out, and what it means if they are looked at again. */
class Walk {
  /** `begun`: by one of these statements. */
  block: BlockBefore | 'begun';
  /** One of them may have made changes that last. */
  mayHaveCommitted = false;
  /** Each of them can be looked at again without doing anything twice. */
  canRepeat = true;
  /** One of them would then run on another server. */
  runs = false;
  /** The transaction that was begun here is more than reads. */
  #hasWritten = false;

  constructor(block: BlockBefore) {
    this.block = block;
  }

  takeAll(steps: readonly LostStep[]): void {
    for (const step of steps) this.#take(step);
  }

  #take(step: LostStep): void {
    switch (this.block) {
      case 'none':
        return this.#outside(step);
      case 'begun':
        return this.#inBegun(step);
      case 'open':
        return this.#inOpen(step);
      case 'failed':
        return this.#inFailed(step);
      default:
        return unreachable(this.block);
    }
  }

  #outside(step: LostStep): void {
    if (isRead(step) || step === 'begin') {
      this.runs = true;
      if (step === 'begin') this.block = 'begun';
      this.#hasWritten = false;
      return;
    }
    this.canRepeat = false;
    if (NEVER_COMMITS.has(step)) return;
    this.mayHaveCommitted = true;
  }

  /** Of a transaction that was begun here nothing is lost, as long as it has only read. */
  #inBegun(step: LostStep): void {
    if (isRead(step) || step === 'begin') return;
    if (step === 'plain' || step === 'write' || step === 'rollback-to') this.#hasWritten = true;
    if (step === 'unknown') this.mayHaveCommitted = true;
    const commits = step === 'commit' || step === 'commit-chain';
    if (commits && this.#hasWritten) this.mayHaveCommitted = true;
    const isEnd = step === 'commit' || step === 'rollback';
    if (isEnd) this.block = 'none';
    if (!isEnd || (commits && this.#hasWritten)) this.canRepeat = false;
  }

  #inOpen(step: LostStep): void {
    if (step === 'rollback') {
      this.block = 'none';
      return;
    }
    if (step === 'unsent') this.canRepeat = false;
    if (step !== 'commit' && step !== 'commit-chain' && step !== 'unknown') return;
    this.canRepeat = false;
    this.mayHaveCommitted = true;
    if (step === 'commit') this.block = 'none';
  }

  /** Nothing can have been done before it was left. */
  #inFailed(step: LostStep): void {
    if (step === 'rollback' || step === 'commit') this.block = 'none';
    if (step === 'unsent' || step === 'unknown') this.canRepeat = false;
    if (step === 'unknown') this.mayHaveCommitted = true;
  }
}

const NEVER_COMMITS: ReadonlySet<LostStep> = new Set([
  'rollback',
  'rollback-chain',
  'rollback-to',
  'unsent',
]);
