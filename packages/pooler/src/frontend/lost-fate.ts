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
 * - `answer`: each group gets its answer; `status` holds behind them
 */
export type LostFate =
  | { readonly kind: 'again'; readonly runs: boolean }
  | {
      readonly kind: 'answer';
      readonly answers: readonly LostAnswer[];
      readonly status: 'I' | 'E';
    };

/** What becomes of what was under way. Nothing that may have happened is done again. */
export function fateOf(work: LostWork): LostFate {
  const walk = new Walk(work.before);
  for (const steps of work.groups) for (const step of steps) walk.take(step);
  const { canRepeat, runs } = walk;
  if (canRepeat && work.isWhole && !work.begun && (!runs || work.mayRun)) {
    return { kind: 'again', runs };
  }
  return answersTo(work, walk.mayHaveCommitted);
}

function answersTo(work: LostWork, mayHaveCommitted: boolean): LostFate {
  const walk = new Walk(work.before);
  const answers = work.groups.map((steps, index): LostAnswer => {
    const { block: before } = walk;
    for (const step of steps) walk.take(step);
    const status = walk.block === 'none' ? 'I' : 'E';
    if (index === 0 && work.hasFailed) return { error: undefined, status };
    if (steps.every((step) => step === 'read') && before === 'none') {
      return { error: 'statementLost', status };
    }
    if (mayHaveCommitted) return { error: 'outcomeUnknown', status };
    const wasTold = before === 'failed' || (index > 0 && before !== 'none');
    if (wasTold) return { error: 'inFailedTransaction', status };
    const isInBlock = before !== 'none' || walk.block !== 'none';
    return { error: isInBlock ? 'transactionLost' : 'statementLost', status };
  });
  return { kind: 'answer', answers, status: walk.block === 'none' ? 'I' : 'E' };
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

  take(step: LostStep): void {
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
    if (step === 'read' || step === 'begin') {
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
    if (step === 'read' || step === 'begin') return;
    if (step === 'plain' || step === 'rollback-to') this.#hasWritten = true;
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
