import {
  type BackendMessage,
  describeMessage,
  noticeFields,
  rowValues,
} from '../wire/backend-message';
import type { Attempt } from './model/locks';
import type { SessionModel } from './model/session-model';
import { describeOutcome, fits, type Outcome, type Wanted } from './outcome';
import type { Statement } from './statement';
import { expectedOf, type Group, type Step } from './step';
import { Violation } from './violation';

/** The replies to one group without what may come at any time, read from the front. */
class Replies {
  readonly #messages: readonly BackendMessage[];
  #at = 0;

  constructor(messages: readonly BackendMessage[]) {
    this.#messages = messages;
  }

  get next(): BackendMessage | undefined {
    return this.#messages[this.#at];
  }

  /** The next one if it has this tag. */
  take(tag: string): BackendMessage | undefined {
    const message = this.next;
    if (message?.tag !== tag) return undefined;
    this.#at += 1;
    return message;
  }

  /** @returns whether all came before an error; a missing description means an error is to come */
  lead(tags: string, what: string): boolean {
    for (const tag of tags) {
      if (this.next?.tag === 'E') return false;
      if (tag === 'T' && this.take('n') !== undefined) return false;
      if (this.take(tag) === undefined) throw new Violation(`${what}: ${tag} is due, ${this.came}`);
    }
    return true;
  }

  get came(): string {
    return this.next === undefined ? 'nothing came' : `${describeMessage(this.next)} came`;
  }
}

export interface JudgeOptions {
  readonly model: SessionModel;
  readonly attempts: ReadonlyMap<Statement, Attempt>;
  /** Says what was seen, for the history. */
  readonly onOutcome: (outcome: string) => void;
}

/**
 * Compares the replies to a group, ReadyForQuery included, with what the model says, and takes the
 * model along.
 *
 * @throws Violation
 */
export function judgeGroup(
  group: Group,
  messages: readonly BackendMessage[],
  options: JudgeOptions,
): void {
  const { model } = options;
  model.beforeGroup({ exits: mayExit(group) });
  const replies = new Replies(messages.filter(({ tag }) => !'NSA'.includes(tag)));
  if (group.kind === 'simple') judgeSimple(group.statements, replies, options);
  else judgeExtended(group.steps, replies, options);
  model.endOfGroup();
  const ready = replies.take('Z');
  if (ready === undefined) throw new Violation(`ReadyForQuery is due, ${replies.came}`);
  const status = ready.body.toString();
  if (status !== model.status) {
    throw new Violation(`status ${status} came, the session is in ${model.status}`);
  }
}

function mayExit(group: Group): boolean {
  if (group.kind === 'simple') return group.statements.some(({ exits }) => exits === true);
  return group.steps.some(({ statement, completes }) => statement?.exits ?? completes);
}

function judgeSimple(
  statements: readonly Statement[],
  replies: Replies,
  options: JudgeOptions,
): void {
  const { model } = options;
  model.prepared.unnamed = undefined;
  model.beforeText();
  let hasFailed = false;
  for (const statement of statements) {
    if (hasFailed) {
      statement.failed?.(model, 'skipped');
      continue;
    }
    model.beforeStatement();
    const wanted = expectedOf(model, statement);
    const leads = statement.returnsRows ? 'T' : '';
    const outcome = outcomeOf(replies, { leads, completes: true, what: statement.sql });
    settle(statement, { wanted, outcome, what: statement.sql }, options);
    hasFailed = outcome.kind === 'failed';
  }
}

function judgeExtended(steps: readonly Step[], replies: Replies, options: JudgeOptions): void {
  const { model } = options;
  let hasFailed = false;
  for (const step of steps) {
    if (hasFailed) {
      step.failed?.(model, 'skipped');
      continue;
    }
    model.beforeText();
    model.beforeStatement();
    step.before?.(model);
    const wanted = step.expect(model);
    const leads = step.leads(model);
    const outcome = outcomeOf(replies, { leads, completes: step.completes, what: step.text });
    settle(step, { wanted, outcome, what: step.text }, options);
    hasFailed = outcome.kind === 'failed';
  }
}

function outcomeOf(
  replies: Replies,
  due: { readonly leads: string; readonly completes: boolean; readonly what: string },
): Outcome {
  const rows: (string | null)[] = [];
  if (replies.lead(due.leads, due.what)) {
    if (!due.completes) return { kind: 'done', tag: '', rows };
    for (let row = replies.take('D'); row !== undefined; row = replies.take('D')) {
      rows.push(rowValues(row)[0] ?? null);
    }
    const complete = replies.take('C');
    if (complete !== undefined) {
      return {
        kind: 'done',
        tag: complete.body.toString('utf8', 0, complete.body.length - 1),
        rows,
      };
    }
  }
  const error = replies.take('E');
  if (error === undefined) throw new Violation(`${due.what}: its end is due, ${replies.came}`);
  return { kind: 'failed', code: noticeFields(error).C ?? '' };
}

function settle(
  what: Statement | Step,
  seen: { readonly wanted: readonly Wanted[]; readonly outcome: Outcome; readonly what: string },
  { model, attempts, onOutcome }: JudgeOptions,
): void {
  const { wanted, outcome } = seen;
  const { counts } = model.world;
  counts.statements += 1;
  counts.byName.set(what.name, (counts.byName.get(what.name) ?? 0) + 1);
  onOutcome(describeOutcome(outcome));
  if (!wanted.some((each) => fits(outcome, each))) {
    const due = wanted.slice(0, 5).map(describeOutcome).join(', or ');
    throw new Violation(`${seen.what}: ${due} is due, ${describeOutcome(outcome)} came`);
  }
  if (outcome.kind === 'failed') {
    counts.errors += 1;
    model.fail();
    what.failed?.(model, outcome.code);
    return;
  }
  const statement = 'sql' in what ? what : what.statement;
  const attempt = statement === undefined ? undefined : attempts.get(statement);
  if (attempt !== undefined) judgeLock(attempt, outcome.rows[0] !== 'false', model);
  what.apply?.(model, outcome.rows);
}

function judgeLock(attempt: Attempt, isGiven: boolean, model: SessionModel): void {
  const { locks } = model.world;
  const isFree = model.heldLocks.has(attempt.key) || locks.foreseen(attempt) === true;
  if (!isGiven && isFree) {
    throw new Violation(`advisory lock ${attempt.key} was refused, but nobody else holds it`);
  }
  if (isGiven) locks.acquired(attempt);
}
