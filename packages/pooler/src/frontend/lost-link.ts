import { type ErrorFields, errorResponse, Frontend, readyForQuery } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_FAILED, STATUS_IDLE } from '../backend/server-status';
import { type ErrorKey, errorFields } from '../errors';
import { OwnStatements } from '../session-state/own-statement';
import { nameEndAt, STATEMENT_KIND } from '../session-state/statement-messages';
import type { Admission } from './admission';
import { Aftermath } from './aftermath';
import { dropKept } from './cancel-queued';
import { type BlockBefore, fateOf, type LostAnswer } from './lost-fate';
import { type LostState, takeLostState } from './lost-state';
import { type LostStep, LostSteps } from './lost-steps';
import { Replay } from './replay';
import type { Session } from './session';
import { answerIsCut, failForLostLink } from './session-end';
import { bytesOf, isWhole, type Unanswered } from './unanswered';
import type { UnansweredGroup } from './unanswered-store';

/** So many links may be lost one after the other before an answer has come. */
const LOSSES_MAX = 5;

/** A session and the link that it has just lost. */
interface Lost {
  readonly session: Session;
  readonly link: Link;
  readonly admission: Admission;
  readonly unanswered: Unanswered;
  readonly before: BlockBefore;
  readonly state: LostState;
  /** For the log. */
  readonly reason: string;
}

/** The connection to the server is gone: the client keeps its own, where that can be done. */
export function linkWasLost(session: Session, link: Link, reason: string): void {
  session.meter?.linkLost();
  settleLoss(session, link, reason);
  if (session.phase === 'closed' || session.aftermath !== undefined) session.meter?.givesUp();
}

function settleLoss(session: Session, link: Link, reason: string): void {
  const { admission, unanswered } = session;
  if (admission === undefined || unanswered === undefined || !mayLoseLink(session, link)) {
    const isFailure = unanswered !== undefined && session.phase !== 'closed';
    if (isFailure && admission !== undefined) admission.database.counters.failed++;
    failForLostLink(session, link, reason);
    return;
  }
  unanswered.losses++;
  unanswered.lookBack(link);
  // Asked while it is known what the client was told on the link.
  const ready = link.owed.toCome - (session.state?.text.isRestKept === true ? 1 : 0);
  const { groups, isOpen } = unanswered.groups(ready);
  const before = blockOf(link);
  const isAmidst = groups.length > 0 || before !== 'none';
  const state = takeLostState(session, link, { isAmidst });
  const wasCanceled = session.preparing && session.cancelWanted;
  session.preparing = false;
  session.split?.sawServerOf(link);
  session.split?.leaseEnds(link);
  session.link = undefined;
  session.enter('idle');
  session.trace?.linkLost();
  session.mode = admission.pool.mode;
  const lost = { session, link, admission, unanswered, before, state, reason };
  if (state.news.length > 0) session.answer(state.news);
  if (groups.length === 0) settleQuiet(lost);
  else settleGroups(lost, groups, { isOpen });
  if (session.phase === 'closed') return;
  if (wasCanceled && session.input.hasKept) dropKept(session);
  else session.resumeKept();
}

/** Whether the session goes on when it loses this link now. */
export function mayLoseLink(session: Session, { fatalForwarded, owed }: Link): boolean {
  const { context, login, phase, unanswered } = session;
  if (phase !== 'active' || login !== undefined || !context.opensLinks) return false;
  if (answerIsCut(session) || fatalForwarded || owed.uncertain || owed.copyBoth) return false;
  return (unanswered?.losses ?? 0) < LOSSES_MAX;
}

function blockOf({ status }: Link): BlockBefore {
  if (status === STATUS_IDLE) return 'none';
  return status === STATUS_FAILED ? 'failed' : 'open';
}

/** The client waits for no answer, at most for a ReadyForQuery that was held back. */
function settleQuiet(lost: Lost): void {
  const { admission, before, session, state } = lost;
  const hasLost = before === 'open' || state.error !== undefined;
  if (hasLost) admission.database.counters.failed++;
  else admission.database.counters.moved++;
  const isTold = state.owesReady && before === 'open';
  if (isTold) sayError(lost, lostError(lost, 'transactionLost'));
  if (state.owesReady) session.answer(readyForQuery(before === 'none' ? 'I' : 'E'));
  remember(lost, { isTold });
}

function settleGroups(
  lost: Lost,
  groups: readonly UnansweredGroup[],
  { isOpen }: { readonly isOpen: boolean },
): void {
  const { before, session, state, unanswered } = lost;
  const { context } = session;
  const { begun, hasFailed, isAgain, lostAtMs } = unanswered;
  const { areThere, steps } = stepsOf(lost, groups);
  const areWhole =
    areThere && groups.every(({ isCut, messages }) => !isCut && messages.every(isWhole));
  const isRefused = session.split?.takeRefusal() === true && areWhole;
  if (isRefused) unprepare(session, groups);
  const fate = isRefused
    ? RUN_ELSEWHERE
    : fateOf({
        before,
        groups: steps,
        isWhole: areWhole && session.reader.bodyLeft === 0,
        begun,
        hasFailed,
        mayRun: !isAgain && state.error === undefined && context.settings.retryReads !== false,
      });
  unanswered.clear();
  if (fate.kind === 'answer') {
    session.meter?.groupsFailed(fate.answers.map((answer) => answer !== undefined));
    const { counters } = lost.admission.database;
    counters.failed++;
    if (fate.answers.some((answer, at) => answer === undefined && steps[at]?.length !== 0))
      counters.retried++;
    session.replay?.answered();
    forgetTouched(
      session,
      groups.filter((_, at) => fate.answers[at] !== undefined),
    );
    answerSome(lost, { groups, answers: fate.answers, isOpen });
    return;
  }
  session.replay?.putBack();
  const { counters } = lost.admission.database;
  if (before === 'open') counters.failed++;
  else if (isRefused) counters.rerouted++;
  else if (fate.runs) counters.retried++;
  else counters.moved++;
  unanswered.isAgain = isAgain || fate.runs;
  if (!isRefused) unanswered.lostAtMs = lostAtMs === 0 ? context.clock.nowMs() : lostAtMs;
  const held = session.reader.takeHeld();
  session.input.putBack(Buffer.concat([...groups.map(bytesOf), held]));
  remember(lost, { isTold: false });
}

/** Groups that are answered in their order: each with an error, or by looking at it once more. */
interface Answering {
  readonly groups: readonly UnansweredGroup[];
  readonly answers: readonly (LostAnswer | undefined)[];
  /** The last group goes on. */
  readonly isOpen: boolean;
}

/** What is lost is answered, between what is looked at once more. */
function answerSome(lost: Lost, answering: Answering): void {
  const { answers, groups } = answering;
  const first = answers.indexOf(undefined);
  if (first >= 0) {
    const again = groups.slice(first).map(bytesOf);
    lost.session.input.putBack(Buffer.concat([...again, lost.session.reader.takeHeld()]));
  }
  answerFrom(lost, answering, 0);
}

/** From `at` on the groups are still to be answered. */
function answerFrom(lost: Lost, answering: Answering, at: number): void {
  const { answers, groups, isOpen } = answering;
  const { session, unanswered } = lost;
  const told = answers.slice(at, endOf(answers, at)).flatMap((answer) => answer ?? []);
  const end = at + told.length;
  if (told.length > 0) answer(lost, told, { isOpen: isOpen && end === groups.length });
  const status = told.at(-1)?.status;
  if (status === 'E') remember({ ...lost, before: 'failed' }, { isTold: true });
  if (end === groups.length || session.phase === 'closed') return;
  unanswered.isAgain = true;
  const next = answers.findIndex((answer, index) => index >= end && answer !== undefined);
  if (next < 0) return;
  const bytes = groups.slice(next, endOf(answers, next)).map(bytesOf);
  session.replay = new Replay({
    reads: next - end,
    lostBytes: bytes.reduce((sum, { length }) => sum + length, 0),
    answer: () => answerFrom(lost, answering, next),
  });
}

/** Where those end that are answered with errors from `at` on. */
function endOf(answers: Answering['answers'], at: number): number {
  const end = answers.indexOf(undefined, at);
  return end < 0 ? answers.length : end;
}

/** Nothing of it has happened: the server has said so. */
const RUN_ELSEWHERE = { kind: 'again', runs: true } as const;

/** The server has prepared what it has not refused; the client was not told, and says it again. */
function unprepare({ state }: Session, groups: readonly UnansweredGroup[]): void {
  const own = state?.tracker.statements.own;
  for (const { body, tag } of groups.flatMap(({ messages }) => messages)) {
    const nameEnd = tag === Frontend.Parse ? nameEndAt(body, 0, body.length) : 0;
    if (nameEnd > 0) own?.delete(OwnStatements.key(body, 0, nameEnd));
  }
}

/**
 * Nobody knows what has become of the statements that lost groups have made or closed: what the client had
 * by these names before must not be taken for them. What it was told of is there.
 */
function forgetTouched({ state }: Session, groups: readonly UnansweredGroup[]): void {
  const own = state?.tracker.statements.own;
  if (own === undefined) return;
  for (const [key, tail] of touchedBy(groups)) {
    const found = key === '' ? own.unnamed : own.get(key);
    if (found === undefined || (tail !== undefined && found.statement.tail.equals(tail))) continue;
    if (key === '') own.unnamed = undefined;
    else own.delete(key);
  }
}

/** Names of statements, and what stands behind them in the last Parse; undefined: it was closed. */
function touchedBy(groups: readonly UnansweredGroup[]): ReadonlyMap<string, Buffer | undefined> {
  const touched = new Map<string, Buffer | undefined>();
  for (const { body, tag } of groups.flatMap(({ messages }) => messages)) {
    if (tag === Frontend.Query) touched.set('', undefined);
    const closes = tag === Frontend.Close && body[0] === STATEMENT_KIND;
    if (tag !== Frontend.Parse && !closes) continue;
    const start = closes ? 1 : 0;
    const end = nameEndAt(body, start, body.length);
    if (end < start) continue;
    const key = end === start ? '' : OwnStatements.key(body, start, end);
    touched.set(key, closes ? undefined : body.subarray(end + 1));
  }
  return touched;
}

/** What the groups would have done. `areThere`: what was answered of them is there on another link. */
function stepsOf(
  lost: Lost,
  groups: readonly UnansweredGroup[],
): { readonly steps: readonly (readonly LostStep[])[]; readonly areThere: boolean } {
  const { admission, session } = lost;
  const { context, state } = session;
  // Whoever has something under way is followed.
  if (state === undefined) return { steps: groups.map(() => ['unknown']), areThere: false };
  const { own } = state.tracker.statements;
  const proof = context.reads(admission.database).judge;
  const reader = new LostSteps({ sql: context.stateKnowledge.sql, proof, own });
  const steps = groups.map((group) => reader.of(group));
  return { steps, areThere: groups.every((group) => reader.hasWhatStands(group)) };
}

/** Each group gets an error, and its ReadyForQuery as soon as its Sync has come. */
function answer(
  lost: Lost,
  answers: readonly LostAnswer[],
  { isOpen }: { readonly isOpen: boolean },
): void {
  const { session } = lost;
  let isFirst = true;
  for (const [index, { error, status }] of answers.entries()) {
    if (error !== undefined) sayError(lost, isFirst ? lostError(lost, error) : errorFields(error));
    if (error !== undefined) isFirst = false;
    if (isOpen && index === answers.length - 1) {
      session.input.skipToSync(status === 'I' ? STATUS_IDLE : STATUS_FAILED);
    } else {
      session.answer(readyForQuery(status));
      session.trace?.answeredHere(status === 'I' ? STATUS_IDLE : STATUS_FAILED);
    }
  }
  // What is left of a message whose beginning was sent.
  if (session.reader.bodyLeft > 0) session.dropping = true;
}

function sayError({ reason, session }: Lost, error: ErrorFields): void {
  session.context.poolerError(session, error, reason);
  session.answer(errorResponse(error));
}

/** An error that also says what else is lost. */
function lostError({ state }: Lost, key: ErrorKey): ErrorFields {
  const detail = state.error?.detail;
  return detail === undefined ? errorFields(key) : { ...errorFields(key), detail };
}

/** What the client is still to hear, now that its link is gone. `isTold`: it has had an error. */
function remember(lost: Lost, { isTold }: { readonly isTold: boolean }): void {
  const { before, session } = lost;
  const state = isTold ? undefined : lost.state.error;
  const inTransaction = before !== 'none';
  if (!inTransaction && state === undefined) return;
  const isNews = before === 'open' && !isTold;
  const transaction = isNews ? lostError(lost, 'transactionLost') : undefined;
  if (session.replay !== undefined) {
    // What runs again is still to be answered, and would be taken for the rest of what is lost now.
    session.replay = undefined;
    session.fail('serverLost', '', lost.reason);
    return;
  }
  session.aftermath = new Aftermath(session, { inTransaction, transaction, state });
}
