import { Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { tickOfStatements } from '../backend/link-statements';
import { STATUS_FAILED } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import { type Effects, NO_EFFECTS } from '../sql/effects';
import { look } from '../sql/look';
import { LOOK_EXITS, Mark } from '../sql/marks';
import { bindText } from './bind-values';
import {
  changesSettings,
  deallocatedKey,
  dropsStatements,
  isHarmless,
  needsOwnNames,
  setsTransaction,
} from './effect-questions';
import { FailedTransaction } from './failed-transaction';
import { ANY_CALL, effectsOfCall } from './fast-path';
import { GroupAhead } from './group-ahead';
import { LONG, LongText } from './long-text';
import { SPARE_NAME } from './own-names';
import { boundKey, NAME_BYTES_MAX, OwnStatements } from './own-statement';
import { Pin } from './pins';
import { type Failure, putFailure } from './put-failure';
import { type Asked, PASS, REPLACED, type Relayed, WAIT } from './relayed';
import { textOf } from './shared-statement';
import { SqlPrepared } from './sql-prepared';
import type { StateKnowledge } from './state-knowledge';
import { StateWatch, type Verdict } from './state-watch';
import { frameOf, type Message, NUL, nameEndAt } from './statement-messages';
import { StatementRelay } from './statement-relay';
import { TempPath } from './temp-path';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Describe, FunctionCall, Parse, Query, Sync } = Frontend;

/** Follows the state that one session's statements make, message by message. */
export class Tracker {
  readonly watch: StateWatch;
  readonly statements: StatementRelay;
  /** What the client sends next is kept until what it has sent is over. */
  holding = false;
  /** Something has happened that calls for a look at the end of the transaction. Mostly nothing has. */
  touched = false;
  /** A statement of the open group changes state: the group's Sync is waited for. */
  #holdsAtSync = false;
  /** The client names a statement in an SQL DEALLOCATE that is under way. */
  #deallocating: string | undefined;
  /** Names in SQL DEALLOCATEs whose outcome is to come. */
  #deallocated: string[] = [];
  /** What the FunctionCall does that is going out. */
  #called: Effects | undefined;
  readonly #host: StateFollowing;
  readonly #knowledge: StateKnowledge;
  readonly sqlPrepared: SqlPrepared;
  readonly #ahead: GroupAhead;
  readonly #failed = new FailedTransaction();
  readonly #path = new TempPath();
  readonly #long = new LongText();

  constructor(host: StateFollowing, knowledge: StateKnowledge, own = new OwnStatements()) {
    this.#host = host;
    this.#knowledge = knowledge;
    this.watch = new StateWatch(host);
    this.statements = new StatementRelay(host, knowledge.statements, own);
    this.sqlPrepared = new SqlPrepared(this.statements.own);
    this.#ahead = new GroupAhead(knowledge, this.statements.own, this.sqlPrepared);
  }

  /**
   * Looks at the rest of a group of which this is the first message, in a chunk that ends at `chunkEnd`.
   *
   * @returns how many bytes of the group are worth waiting for, because a message has arrived in part
   */
  groupBegins(tag: number, message: Message, chunkEnd: number): number {
    this.#ahead.clear();
    if (!this.#host.tracksState) return 0;
    this.#ahead.begin(tag, message, chunkEnd);
    return this.#ahead.wanted;
  }

  /** One message of the client, for `link`. */
  message(link: Link, tag: number, message: Message, out: Outgoing): Relayed {
    if (this.#long.isOpen) this.#endLook(link);
    if (tag === FunctionCall) return this.#call(link, message, out);
    if (this.#failed.isLeftBefore(link, tag, message) && this.#host.tracksState) {
      return this.#endFirstPart(link, out);
    }
    if (tag !== Query && !link.owed.unsynced) {
      // What a statement finds has to be known, as soon as it can be.
      const isOpen = this.watch.settingsOpen || link.status === STATUS_FAILED;
      if (isOpen && link.owed.mayAwait) return WAIT;
      const permitted = this.#permitGroup(link, out);
      if (permitted !== PASS) return permitted;
    }
    switch (tag) {
      case Query:
        return this.#query(link, message, out);
      case Parse:
        return this.#parse(link, message, out);
      case Bind:
        return this.#bind(link, message, out);
      case Describe:
        return this.statements.describe(link, message, out);
      case Close:
        // What stands in front of it decides whether it happens at all.
        if (link.owed.unsynced) this.#holdsAtSync = true;
        return this.statements.close(link, message, out);
      default:
        return PASS;
    }
  }

  /** The statement that leaves a failed transaction goes out by itself, the rest of its group later. */
  #endFirstPart(link: Link, out: Outgoing): Relayed {
    this.#failed.endFirstPart(link, out);
    this.#holdsAtSync = false;
    this.#host.text.begin('kept');
    return WAIT;
  }

  /** What one statement of a group needs is made ready before the first goes out. */
  #permitGroup(link: Link, out: Outgoing): Relayed {
    const { effects, used } = this.#ahead;
    if (effects === undefined) return PASS;
    if (this.#ahead.isUnsure && link.owed.mayAwait) return WAIT;
    const whole = this.sqlPrepared.whole(effects);
    if (whole.marks !== 0) {
      const text = () => this.#ahead.text;
      const permitted = this.#permit(link, whole, { protocol: 'extended', out, text });
      if (permitted !== PASS) return permitted;
    }
    if (used.length === 0 || setsTransaction(whole)) return PASS;
    return this.statements.shared.makeReady(link, used, changesSettings(whole));
  }

  #query(link: Link, { buffer, start, end, bodyLength }: Message, out: Outgoing): Relayed {
    if (end - start < bodyLength) {
      // Of what is too long its beginning has to tell what it needs.
      const bits = this.#host.tracksState ? look(buffer, start, end) : 0;
      const effects = this.#whole(this.#knowledge.sql.effectsOfLook(bits & ~LOOK_EXITS));
      const permitted = this.#permit(link, effects, { protocol: 'simple', out, text: () => LONG });
      if (permitted !== PASS) return permitted;
      if (this.#host.tracksState) this.#long.begin(buffer, start, end);
      this.statements.unnamed.end(link);
      return PASS;
    }
    const textEnd = buffer[end - 1] === 0 ? end - 1 : end;
    // COMMIT and the like end each transaction, and leave nothing behind.
    if (!this.#host.tracksState || (look(buffer, start, textEnd) & ~LOOK_EXITS) === 0) {
      this.statements.unnamed.end(link);
      if (this.#makesTemp && this.#noted(link, NO_EFFECTS, () => 'CREATE')) this.holding = true;
      return PASS;
    }
    const text = buffer.toString('utf8', start, textEnd);
    const effects = this.#whole(this.#knowledge.sql.effectsOf(text), text);
    const permitted = this.#permit(link, effects, { protocol: 'simple', out, text: () => text });
    if (permitted !== PASS) return permitted;
    if (this.#splits(link, effects, text)) {
      const rest = start + effects.restAt;
      out.frame(Query, buffer.subarray(start, rest), NUL);
      // In errors stands a place in the whole text.
      const blank = Buffer.alloc(buffer.toString('utf8', start, rest).length, ' ');
      this.#host.text.begin(frameOf(Query, blank, buffer.subarray(rest, textEnd), NUL));
      this.statements.unnamed.end(link);
      this.holding = true;
      return REPLACED;
    }
    if (this.#deallocates(effects)) {
      out.frame(Query, Buffer.from(`DEALLOCATE ${SPARE_NAME}\0`));
      this.statements.unnamed.end(link);
      this.holding = true;
      return REPLACED;
    }
    this.statements.unnamed.end(link);
    if (this.#noted(link, effects, () => text)) this.holding = true;
    return PASS;
  }

  #call(link: Link, message: Message, out: Outgoing): Relayed {
    this.#called = this.#host.tracksState ? effectsOfCall(message) : undefined;
    if (this.#called === undefined) return PASS;
    // What any function may do is no reason to wait for a pin, or to refuse.
    const marks = this.#called.marks & ~ANY_CALL;
    const text = () => 'FunctionCall';
    return this.#permit(link, { ...NO_EFFECTS, marks }, { protocol: 'simple', out, text });
  }

  /**
   * Whether the first statement of a text goes out by itself, because it leaves a failed transaction,
   * in which nothing can be made ready for the others. PostgreSQL separates them just so.
   */
  #splits(link: Link, effects: Effects, text: string): boolean {
    if (effects.restAt === 0 || link.status !== STATUS_FAILED) return false;
    // In another encoding the place is another one.
    return !link.owed.unsynced && this.#isWatched(effects) && !text.includes('\uFFFD');
  }

  /** The statement means something for what is followed here. */
  #isWatched(effects: Effects): boolean {
    return this.watch.relevant(effects) !== 0 || effects.deallocates !== undefined;
  }

  #parse(link: Link, message: Message, out: Outgoing): Relayed {
    const statement = this.statements.prepared(link, message);
    if (statement === undefined) return PASS;
    if (!statement.keepable) this.touched = true;
    const { buffer, start, end, bodyLength } = message;
    const isLong = end - start < bodyLength && this.#host.tracksState;
    if (isLong) this.#long.begin(buffer, nameEndAt(buffer, start, end) + 1, end, statement);
    const effects = this.#whole(statement.effects);
    const begins = effects.marks !== 0 && this.#host.tracksState && !link.owed.unsynced;
    const text = () => textOf(statement);
    if (begins) {
      const permitted = this.#permit(link, effects, { protocol: 'extended', out, text });
      if (permitted !== PASS) return permitted;
    }
    return this.statements.parse(link, statement, message, out);
  }

  #bind(link: Link, message: Message, out: Outgoing): Relayed {
    const own = this.statements.boundBy(message);
    // It may be the one before that the name stands for.
    if (own?.before !== undefined && link.owed.mayAwait) return WAIT;
    const prepared = own === undefined ? this.#sqlEffects(message) : own.statement.effects;
    this.#failed.bound(link, prepared);
    if ((isHarmless(prepared) && !this.#makesTemp) || !this.#host.tracksState) {
      return this.statements.bind(link, own, message, out);
    }
    const text = () => (own === undefined ? 'EXECUTE' : textOf(own.statement));
    const effects = this.#whole(prepared, own === undefined ? undefined : textOf(own.statement));
    const permitted = this.#permit(link, effects, { protocol: 'extended', out, text });
    if (permitted !== PASS) return permitted;
    const relayed = this.statements.bind(link, own, message, out);
    if (relayed.kind === 'wait' || relayed.kind === 'refuse') return relayed;
    if (this.#noted(link, effects, text)) this.#holdsAtSync = true;
    for (const number of effects.settingParameters) {
      const name = bindText(message, number);
      if (name === undefined) this.watch.pinFor(Pin.Setting, text());
      else this.watch.noteGiven(name.toLowerCase());
      this.#holdsAtSync = true;
    }
    return relayed;
  }

  /** What is created without a schema may be temporary. */
  get #makesTemp(): boolean {
    return this.#host.tracksState && this.#path.mayBeTemp(this.#host.settings.profile);
  }

  /** The effects of a text, those of what it executes included. */
  #whole(effects: Effects, text = LONG): Effects {
    const whole = this.sqlPrepared.whole(effects);
    if (whole !== NO_EFFECTS) this.#path.sent(whole, text);
    return whole;
  }

  /** The effects of a statement that was prepared by SQL and is bound by the protocol. */
  #sqlEffects(message: Message): Effects {
    const key = boundKey(message);
    return (key === undefined ? undefined : this.sqlPrepared.get(key)) ?? NO_EFFECTS;
  }

  /**
   * A statement with these effects goes out.
   *
   * @returns whether what follows it has to wait for its end
   */
  #noted(link: Link, what: Effects, text: () => string): boolean {
    this.touched = true;
    const effects = this.#makesTemp ? { ...what, marks: what.marks | Mark.TempObjects } : what;
    const key = deallocatedKey(effects);
    if (key !== undefined) this.#deallocated.push(key);
    this.sqlPrepared.note(effects);
    const drops = dropsStatements(effects);
    if (drops) this.statements.own.droppingAt = tickOfStatements();
    return this.watch.note(link, effects, text) || drops;
  }

  #permit(link: Link, effects: Effects, { protocol, out, text }: Asked): Relayed {
    const { owed } = link;
    if (!this.#isWatched(effects)) return PASS;
    this.touched = true;
    // What is still to come decides in which state this statement finds the link.
    if (owed.ready > 0 && !owed.uncertain) return WAIT;
    // Nothing has an effect, and nothing can be prepared.
    if (this.#failed.isIn(link)) return PASS;
    const permission = this.watch.permit(link, effects, owed.unsynced);
    if (permission.kind === 'wait' || permission.kind === 'refuse') return permission;
    const { names, own } = this.statements;
    const name = deallocatedKey(effects);
    // Of a name that the client has not given, PostgreSQL does not know either.
    const isGiven = name !== undefined && own.get(name) !== undefined;
    const replaceable = protocol === 'simple' && isGiven && this.#isReplaceable(link, name);
    const byName = needsOwnNames(effects) && !replaceable && (name === undefined || isGiven);
    if (byName && names.areMissing(link)) {
      if (!owed.unsynced) {
        // What the client has made by SQL must stay.
        const clears = (this.watch.pins & Pin.Prepare) === 0;
        return { kind: 'wait', begin: () => names.giveAll(link, { clears }) };
      }
      names.giveInGroup(link, text(), out);
    }
    // What could not be prepared before may have become possible by what stands in front of it.
    if (byName && owed.unsynced) names.giveNamed(link, effects.executes, out);
    if (replaceable && this.#deallocating !== name && !owed.unsynced) {
      return { kind: 'wait', begin: () => this.#beginDeallocate(link, name) };
    }
    return PASS;
  }

  /** A DEALLOCATE of this name may have another one in its place, which PostgreSQL knows. */
  #isReplaceable({ statements }: Link, name: string): boolean {
    if (statements.takenOver && this.statements.names.has(name)) return false;
    return name.length < NAME_BYTES_MAX;
  }

  /** PostgreSQL does not know the client's name: it is given another one to forget. */
  #beginDeallocate(link: Link, name: string): void {
    this.#host.runOwn(link, this.statements.names.spare(link, name), (result) => {
      if (result.kind === 'done') this.#deallocating = name;
      else this.#host.failWith({ ...result.error, severity: 'FATAL' }, 'DEALLOCATE failed');
    });
  }

  #deallocates(effects: Effects): boolean {
    const name = deallocatedKey(effects);
    if (name === undefined || this.#deallocating !== name) return false;
    this.#deallocating = undefined;
    this.#deallocated.push(name);
    return true;
  }

  /** PostgreSQL fails where the client's message would have been, and our error is what it hears. */
  refuse(link: Link, tag: number, error: Failure['error'], out: Outgoing): void {
    this.touched = true;
    putFailure(link, { tag, error, noName: this.#knowledge.statements.noName }, out);
  }

  /** A DEALLOCATE of one name has run. */
  deallocated(): void {
    const first = this.#deallocated.shift();
    if (first !== undefined) this.statements.deallocated(first);
  }

  /** Nothing is owed any more. */
  quiet(): void {
    if (this.#deallocated.length > 0) this.#deallocated = [];
    this.statements.quiet();
  }

  /** The last frame of a statement has gone out. @returns whether the client's next one waits */
  sent(link: Link, tag: number): boolean {
    if (this.#long.isOpen) this.#endLook(link);
    const called = tag === FunctionCall ? this.#called : undefined;
    if (called !== undefined && this.#noted(link, called, () => 'FunctionCall'))
      this.holding = true;
    this.#failed.groupEnds();
    if (tag === Sync) {
      // A Sync that a COPY swallows ends nothing, and nothing may wait for what never comes.
      if (this.#holdsAtSync && !link.owed.copyIn) this.holding = true;
      this.#holdsAtSync = false;
    }
    if (link.owed.uncertain) this.holding = false;
    return this.holding;
  }

  /** More of a statement that is too long to be kept. */
  lookOn(buffer: Buffer, start: number, end: number): void {
    this.#long.goesOn(buffer, start, end);
  }

  #endLook(link: Link): void {
    const { bits, statement } = this.#long.end();
    if (bits === 0) return;
    const effects = this.#knowledge.sql.effectsOfLook(bits);
    if (statement !== undefined) statement.effects = effects;
    else if (this.#noted(link, this.#whole(effects), () => LONG)) this.holding = true;
  }

  /** ReadyForQuery outside of a transaction, and nothing is owed. */
  settle(link: Link): Verdict {
    this.#path.transactionEnds();
    if (this.statements.hasUnkeepable) this.watch.pinFor(Pin.Statement, 'prepared statement');
    else this.watch.unpin(Pin.Statement);
    return this.watch.settle(link);
  }

  /** DISCARD ALL or DEALLOCATE ALL has run on `link`. */
  statementsDropped(link: Link, everything: boolean): void {
    if (everything) {
      this.watch.discarded();
      this.#host.listener?.discarded();
    }
    link.statements.dropped();
    this.statements.dropped();
  }
}
