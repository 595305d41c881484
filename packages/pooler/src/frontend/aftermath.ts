import {
  bindComplete,
  closeComplete,
  commandComplete,
  type ErrorFields,
  emptyQueryResponse,
  errorResponse,
  Frontend,
  noData,
  parseComplete,
  readyForQuery,
} from '@pgweir/protocol';
import { STATUS_FAILED, STATUS_IDLE } from '../backend/server-status';
import { errorFields } from '../errors';
import { COLLECTED_BYTES_MAX } from '../relay/body-collector';
import { keepFrom, keepUntilEnough } from '../relay/kept-frames';
import { streamEnd } from '../relay/stream-end';
import { frameOf, type Message, NUL } from '../session-state/statement-messages';
import { type Step, type StepKind, transactionSteps } from '../sql/transaction-steps';
import { ExitStatements } from './exit-statements';
import type { Session } from './session';
import { noteError } from './session-end';
import type { StateFollowing } from './state-following';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Describe, Execute, Flush, FunctionCall, Parse, Query, Sync } = Frontend;

const ROLLED_BACK = commandComplete('ROLLBACK');

/** What the loss of a link has left behind. */
export interface Loss {
  /** The client is in a transaction that is no more. */
  readonly inTransaction: boolean;
  /** It has not heard of that yet. */
  readonly transaction: ErrorFields | undefined;
  /** State that can't be made again is gone, and the client has not heard of that yet. */
  readonly state: ErrorFields | undefined;
}

/** How a statement about the transaction goes here. */
type Exit = 'done' | 'failed' | 'none';

/**
 * Answers a client whose link was lost without another one: the rest of its transaction with 25P02 until
 * it rolls back, as PostgreSQL does after an error, and its next statement with what it has to hear.
 */
export class Aftermath {
  #inTransaction: boolean;
  #transaction: ErrorFields | undefined;
  #state: ErrorFields | undefined;
  /** An error has been sent: what follows up to the Sync is skipped. */
  #isSkipping = false;
  /** The running group has left the transaction; what follows in it is for a link. */
  #hasLeft = false;
  /** All has been said. `rest`: what follows the ROLLBACK in its text. */
  #over: { readonly rest: Buffer | undefined } | undefined;
  readonly #exits: ExitStatements;
  readonly #session: Session;

  constructor(session: Session, loss: Loss) {
    this.#session = session;
    this.#inTransaction = loss.inTransaction;
    this.#transaction = loss.transaction;
    this.#state = loss.state;
    this.#exits = new ExitStatements(session.context.stateKnowledge);
  }

  /** Looks at bytes of the client and answers them; what is for a link goes on to one. */
  relay(state: StateFollowing, buffer: Buffer, length: number): void {
    const session = this.#session;
    const { reader } = session;
    let at = 0;
    while (at < length) {
      if (reader.bodyLeft > 0) at = reader.takeBody(at, length);
      else {
        const start = at;
        at = reader.readHeader(buffer, at, length);
        if (at < 0) return;
        const end = streamEnd(session);
        if (end !== undefined) return end();
        const { bodyLength, tag } = reader;
        if (this.#hasLeft && tag !== Sync && tag !== Flush) {
          keepFrom(session, buffer, start, at, length);
          this.#leave(undefined);
          return;
        }
        const enough = session.skipping ? 0 : Math.min(bodyLength, COLLECTED_BYTES_MAX);
        if (length - at < enough) {
          keepUntilEnough(session, buffer, { at, length, enough });
          return;
        }
        const message = { buffer, start: at, end: Math.min(at + bodyLength, length), bodyLength };
        at = reader.takeBody(at, length);
        session.dropping = true;
        if (!session.skipping) this.#message(state, tag, message);
      }
      if (reader.bodyLeft > 0) break;
      if (session.skipping) session.input.skipped(reader.tag);
      if (this.#over !== undefined) {
        session.input.keep(buffer.subarray(at, length));
        this.#leave(this.#over.rest);
        return;
      }
    }
    if (session.wire.congested) session.input.pause();
  }

  /** The client goes on as if nothing had been. */
  #leave(rest: Buffer | undefined): void {
    const { input } = this.#session;
    this.#session.aftermath = undefined;
    if (rest !== undefined) input.putBack(rest);
    this.#session.resumeKept();
  }

  #message(state: StateFollowing, tag: number, message: Message): void {
    if (this.#isSkipping && tag !== Sync) return;
    switch (tag) {
      case Query:
        return this.#query(state, message);
      case FunctionCall:
        this.#say(errorResponse(this.#refusal()));
        return this.#ready();
      case Sync:
        this.#isSkipping = false;
        this.#exits.groupEnds();
        return this.#ready();
      case Parse:
      case Bind:
      case Describe:
      case Execute:
      case Close:
        return this.#extended(state, tag, message);
      default:
        // Flush, for nothing is held back; and what is left of a COPY.
        return;
    }
  }

  #query(state: StateFollowing, { buffer, start, end, bodyLength }: Message): void {
    const text = buffer.subarray(start, Math.max(start, end - 1));
    state.tracker.statements.own.unnamed = undefined;
    const isCut = end - start < bodyLength;
    const { sql } = this.#session.context.stateKnowledge;
    const [first, second] = isCut ? UNKNOWN : transactionSteps(sql, text);
    const isQuiet = this.#transaction === undefined && this.#inTransaction;
    if (first === undefined && isQuiet) {
      this.#say(emptyQueryResponse());
      return this.#ready();
    }
    const exit = this.#exitBy(first?.kind);
    if (exit !== 'done') {
      this.#say(errorResponse(this.#refusal(first?.kind)));
      if (exit === 'failed') this.#inTransaction = false;
      return this.#ready();
    }
    this.#say(ROLLED_BACK);
    this.#rolledBack();
    if (second === undefined) return this.#ready();
    if (this.#state === undefined) {
      // In errors stands a place in the whole text.
      const blank = Buffer.alloc(text.toString('utf8', 0, second.start).length, ' ');
      this.#over = { rest: frameOf(Query, blank, text.subarray(second.start), NUL) };
      return;
    }
    this.#say(errorResponse(this.#refusal()));
    this.#ready();
  }

  #extended(state: StateFollowing, tag: number, message: Message): void {
    const kind = this.#exits.kindOf(state, tag, message);
    const exit = this.#exitBy(kind);
    const isExit = kind === 'rollback' || kind === 'commit';
    if (tag === Close) {
      this.#exits.close(state, message);
      return this.#say(closeComplete());
    }
    if (!this.#inTransaction || !isExit || (tag === Execute && exit !== 'done')) {
      this.#isSkipping = true;
      this.#say(errorResponse(this.#refusal(kind)));
      if (this.#inTransaction && tag === Execute && exit === 'failed') this.#inTransaction = false;
      return;
    }
    switch (tag) {
      case Parse:
        this.#exits.parse(state, message);
        return this.#say(parseComplete());
      case Bind:
        this.#exits.bind(message, kind);
        return this.#say(bindComplete());
      case Describe:
        this.#say(this.#exits.parametersOf(state, message));
        return this.#say(noData());
      default:
        this.#say(ROLLED_BACK);
        this.#rolledBack();
        this.#hasLeft = this.#state === undefined;
    }
  }

  /** What a statement does that is run now. */
  #exitBy(kind: StepKind | undefined): Exit {
    if (!this.#inTransaction) return 'none';
    if (kind === 'rollback') return 'done';
    if (kind !== 'commit') return 'none';
    // Whoever commits must hear that there is nothing to commit, if only from an error.
    return this.#transaction === undefined ? 'done' : 'failed';
  }

  #rolledBack(): void {
    this.#inTransaction = false;
    this.#transaction = undefined;
  }

  /** The error that is due, and is said now. */
  #refusal(kind?: StepKind): ErrorFields {
    const error = this.#due(kind);
    noteError(this.#session, { source: 'pgweir', code: error.code });
    return error;
  }

  #due(kind?: StepKind): ErrorFields {
    if (!this.#inTransaction) {
      const state = this.#state ?? errorFields('inFailedTransaction');
      this.#state = undefined;
      return state;
    }
    const due = this.#transaction;
    if (due !== undefined) {
      this.#transaction = undefined;
      // It names what else is lost.
      this.#state = undefined;
      return due;
    }
    const wantsMore = kind !== undefined && NEEDS_LINK.has(kind);
    return errorFields(wantsMore ? 'transactionLost' : 'inFailedTransaction');
  }

  #ready(): void {
    this.#say(readyForQuery(this.#inTransaction ? 'E' : 'I'));
    this.#session.trace?.answeredHere(this.#inTransaction ? STATUS_FAILED : STATUS_IDLE);
    this.#hasLeft = false;
    if (!this.#inTransaction && this.#state === undefined) this.#over = { rest: undefined };
  }

  #say(bytes: Buffer): void {
    this.#session.answer(bytes);
  }
}

const UNKNOWN: readonly Step[] = [{ kind: 'unknown', isDml: false, start: 0, end: 0 }];

/** What would work in a failed transaction that still has its link. */
const NEEDS_LINK: ReadonlySet<StepKind> = new Set([
  'rollback-to',
  'rollback-chain',
  'commit-chain',
]);
