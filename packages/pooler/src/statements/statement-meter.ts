import { Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { Session } from '../frontend/session';
import { COLLECTED_BYTES_MAX } from '../relay/body-collector';
import { OwnStatements } from '../session-state/own-statement';
import type { SharedStatement } from '../session-state/shared-statement';
import { nameEndAt, STATEMENT_KIND } from '../session-state/statement-messages';
import { statementSummary } from '../stats/statement-summary';
import { CutMessage } from './cut-message';
import { RunsUnderWay, type RunUnderWay } from './runs-under-way';
import type { StatementPlace } from './statement-table';
import { plainText, type StatementText } from './statement-text';
import { LOOKED_AT_BYTES_MAX } from './statement-texts';
import type { StatementWatch } from './statement-watch';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Execute, FunctionCall, Parse, Query, Sync } = Frontend;

/** Messages of which something is to be known, and how much of each is enough: names, and a text. */
const NAMES_BYTES_MAX = 256;
const ENOUGH_BYTES = new Uint16Array(256);
for (const tag of [Query, Parse]) ENOUGH_BYTES[tag] = LOOKED_AT_BYTES_MAX + NAMES_BYTES_MAX;
for (const tag of [Bind, Close, Execute]) ENOUGH_BYTES[tag] = NAMES_BYTES_MAX;

/** Of one session. What is beyond that is the one that was named first. */
const NAMES_MAX = 5000;

const FAST_PATH = plainText('FunctionCall');

const ZERO = 0x30;
const NINE = 0x39;
const TEN = 10;

/** What was under way when a link was lost: of each group the first statement that had not ended. */
interface LostRuns {
  readonly groups: readonly (Readonly<RunUnderWay> | undefined)[];
  readonly atMs: number;
}

/**
 * Measures the statements of one session, from the messages that go to its link and the answers that come
 * back. Every message goes through here in its order: `sent` when it is counted as owed, `goesOn` for what
 * comes later of it.
 *
 * A statement of a simple query, which may be many, lasts from when it was sent to its ReadyForQuery. One
 * of the extended protocol lasts to its CommandComplete or the like, or to the ReadyForQuery that follows,
 * if its Sync had been sent by then: that is its commit. In a pipeline it begins when the one in front has
 * ended.
 */
export class StatementMeter {
  readonly #runs = new RunsUnderWay();
  /** When the last run ended. */
  #endedMs = 0;
  /** Since when the session waits for a link to send something on; 0: it does not. */
  #waitingSinceMs = 0;
  /** How long it has waited, before messages that are no statements by themselves: a Parse, for one. */
  #waitedMs = 0;
  /** What is under way is not told apart any more, until all of it is over. */
  #isBlind: boolean;
  /** What was under way on a link that is lost. */
  #lost: LostRuns | undefined;
  /** The next Query is the rest of the text of the one that is under way. */
  #goesOn = false;
  #unnamed: StatementText | undefined;
  #named: Map<string, StatementText | undefined> | undefined;
  /** What the unnamed portal is of, and the others. */
  #portal: StatementText | undefined;
  #portals: Map<string, StatementText | undefined> | undefined;
  readonly #cut = new CutMessage();
  readonly #session: Session;
  readonly #place: StatementPlace;
  readonly #watch: StatementWatch;

  constructor(session: Session, place: StatementPlace, watch: StatementWatch) {
    this.#session = session;
    this.#place = place;
    this.#watch = watch;
    // Of what has been sent already nothing is known.
    this.#isBlind = session.link?.owed.settled === false;
  }

  /** From now on, if not before, the next statement waits for a link. */
  waits(nowMs: number): void {
    if (this.#waitingSinceMs === 0) this.#waitingSinceMs = nowMs;
  }

  /** A message has been counted as owed on `link`; of its body there is `buffer[start, end)` as yet. */
  sent(
    link: Link,
    tag: number,
    buffer: Buffer,
    start: number,
    end: number,
    bodyLength: number,
  ): void {
    if (this.#waitingSinceMs !== 0) {
      this.#waitedMs += this.#watch.clock.nowMs() - this.#waitingSinceMs;
      this.#waitingSinceMs = 0;
    }
    const enough = Math.min(ENOUGH_BYTES[tag] ?? 0, bodyLength);
    if (end - start < enough) this.#cut.begin(link, tag, bodyLength, enough, buffer, start, end);
    else {
      this.#cut.forget();
      this.#message(link, tag, buffer, start, Math.min(end, start + bodyLength), bodyLength);
    }
  }

  /** More of the body of the last message. */
  goesOn(buffer: Buffer, start: number, end: number): void {
    const whole = this.#cut.add(buffer, start, end);
    if (whole === undefined) return;
    const { bytes, bodyLength, link, tag } = whole;
    this.#message(link, tag, bytes, 0, bytes.length, bodyLength);
  }

  #message(
    link: Link,
    tag: number,
    buffer: Buffer,
    start: number,
    end: number,
    bodyLength: number,
  ): void {
    switch (tag) {
      case Query: {
        const isCut = end - start < bodyLength;
        const textEnd = !isCut && buffer[end - 1] === 0 ? end - 1 : end;
        if (!this.#goesOn) this.#begin(this.#watch.textOf(buffer, start, textEnd, isCut));
        this.#goesOn = false;
        this.#endGroup(link);
        return;
      }
      case Execute:
        this.#begin(this.#ofPortal(buffer, start, end));
        return;
      case Bind:
        this.#bind(buffer, start, end);
        return;
      case Parse:
        this.#parse(buffer, start, end, bodyLength);
        return;
      case Sync:
        this.#endGroup(link);
        return;
      case FunctionCall:
        this.#begin(FAST_PATH, true);
        this.#endGroup(link);
        return;
      case Close:
        if (buffer[start] === STATEMENT_KIND && this.#named !== undefined)
          this.#named.delete(keyAt(buffer, start + 1, end));
        return;
      default:
        return;
    }
  }

  /** `isAnswered`: nobody looks at its answer. */
  #begin(text: StatementText | undefined, isAnswered = false): void {
    const waitMs = this.#waitedMs;
    this.#waitedMs = 0;
    this.#lost = undefined;
    if (this.#isBlind) return;
    if (this.#runs.isFull) {
      this.#isBlind = true;
      return;
    }
    const run = this.#runs.add('statement');
    run.text = text;
    run.sentMs = this.#watch.clock.nowMs();
    run.waitMs = waitMs;
    run.isAnswered = isAnswered;
  }

  /** Unless a COPY reads its Sync: then nothing more is owed than before. */
  #endGroup({ owed }: Link): void {
    if (this.#isBlind || owed.ready <= this.#runs.groups) return;
    if (this.#runs.isFull) this.#isBlind = true;
    else this.#runs.add('end-of-group');
  }

  #parse(buffer: Buffer, start: number, end: number, bodyLength: number): void {
    // Where the session's state is followed, statements are known: all but those that are too long.
    if (this.#session.state !== undefined && bodyLength <= COLLECTED_BYTES_MAX) return;
    const textStart = nameEndAt(buffer, start, end) + 1;
    if (textStart === 0) return;
    const nul = buffer.indexOf(0, textStart);
    const isCut = nul < 0 || nul >= end;
    if (isCut && end - start === bodyLength) return;
    const text = this.#watch.textOf(buffer, textStart, isCut ? end : nul, isCut);
    if (textStart === start + 1) {
      this.#unnamed = text;
      return;
    }
    this.#named ??= new Map();
    setBounded(this.#named, OwnStatements.key(buffer, start, textStart - 1), text);
  }

  #bind(buffer: Buffer, start: number, end: number): void {
    const portalEnd = nameEndAt(buffer, start, end);
    const nameEnd = portalEnd < 0 ? -1 : nameEndAt(buffer, portalEnd + 1, end);
    if (nameEnd < 0) return;
    const followed = this.#session.state?.tracker.statements.bound?.statement;
    const isKept = followed !== undefined && followed.tail.length > 0;
    const text = isKept ? this.#ofShared(followed) : this.#ofName(buffer, portalEnd + 1, nameEnd);
    if (portalEnd === start) {
      this.#portal = text;
      return;
    }
    this.#portals ??= new Map();
    setBounded(this.#portals, OwnStatements.key(buffer, start, portalEnd), text);
  }

  #ofPortal(buffer: Buffer, start: number, end: number): StatementText | undefined {
    if (buffer[start] === 0) return this.#portal;
    return this.#portals?.get(keyAt(buffer, start, end));
  }

  #ofShared(statement: SharedStatement): StatementText | undefined {
    if (statement.counted !== undefined && !this.#watch.showsLiterals) return statement.counted;
    const textEnd = Math.max(0, statement.tail.indexOf(0));
    const text = this.#watch.textOf(statement.tail, 0, textEnd, false);
    if (text !== undefined && !this.#watch.showsLiterals) statement.counted = text;
    return text;
  }

  /** One that was prepared before anybody measured, or in SQL, is known by its name alone. */
  #ofName(buffer: Buffer, start: number, end: number): StatementText | undefined {
    if (start === end) return this.#unnamed;
    const key = OwnStatements.key(buffer, start, end);
    const known = this.#named?.get(key);
    if (known !== undefined) return known;
    const name = Buffer.from(key, 'latin1').toString().replaceAll('"', '""');
    const text = plainText(statementSummary(`EXECUTE "${name}"`));
    this.#named ??= new Map();
    setBounded(this.#named, key, text);
    return text;
  }

  /** CommandComplete, whose body is `buffer[start, end)`, has come for a message of the client. */
  completed({ owed }: Link, buffer: Buffer, start: number, end: number): void {
    while (owed.ready < this.#runs.groups) this.#runs.joinGroups();
    const { head } = this.#runs;
    if (head?.kind !== 'statement') return;
    head.rows += rowsIn(buffer, start, end);
    this.answered();
  }

  /** Whatever else ends the answer to an Execute has. */
  answered(): void {
    const { head, second } = this.#runs;
    if (head?.kind !== 'statement') return;
    if (second?.kind === 'end-of-group') head.isAnswered = true;
    else this.#ends(head);
  }

  /** ErrorResponse: what is left of its group is skipped, and has not run. */
  failed(): void {
    const { head } = this.#runs;
    if (head?.kind !== 'statement') {
      // What has been waited for has failed, and was no statement: a Parse.
      this.#waitedMs = 0;
      return;
    }
    head.failed = true;
    this.#ends(head);
    while (this.#runs.head?.kind === 'statement') this.#runs.takeHead();
  }

  /** ReadyForQuery, which has been counted. `goesOn`: the rest of the same text is sent next. */
  ready({ owed }: Link, { goesOn }: { readonly goesOn: boolean }): void {
    const { head } = this.#runs;
    if (goesOn && head?.kind === 'statement') {
      head.isAnswered = false;
      this.#runs.joinGroups();
      this.#goesOn = true;
      return;
    }
    if (head?.isAnswered === true) this.#ends(head);
    while (this.#runs.head?.kind === 'statement') this.#runs.takeHead();
    this.#runs.takeHead();
    if (!owed.settled) return;
    this.#runs.clear();
    this.#isBlind = false;
    if (this.#portals !== undefined) this.#portals = undefined;
  }

  #ends(run: RunUnderWay): void {
    const nowMs = this.#watch.clock.nowMs();
    const serverMs = nowMs - Math.max(run.sentMs, this.#endedMs);
    this.#endedMs = nowMs;
    this.#runs.takeHead();
    this.#watch.count(this.#session, this.#place, run, serverMs);
  }

  /**
   * The link is lost. What was under way may run again on another one: then all of this is a part of the
   * same statement, which waits for that other link from now on. Otherwise one of the others follows.
   */
  linkLost(): void {
    const groups = this.#runs.firstOfGroups();
    if (groups.some((run) => run !== undefined)) {
      const lost = { groups, atMs: this.#watch.clock.nowMs() };
      this.#lost = lost;
      this.#waitsAgain(lost);
    }
    this.#forgetRuns();
  }

  /**
   * The client is told that some of the groups that were under way have failed, and the others run again.
   * `haveFailed`: of each, in their order.
   */
  groupsFailed(haveFailed: readonly boolean[]): void {
    const lost = this.#lost;
    if (lost === undefined) return;
    for (const [at, run] of lost.groups.entries())
      if (run !== undefined && haveFailed[at] !== false) this.#fails(run, lost.atMs, 0);
    const left = lost.groups.map((run, at) => (haveFailed[at] === false ? run : undefined));
    this.#lost = { ...lost, groups: left };
    this.#waitsAgain(this.#lost);
  }

  /** What was under way on a lost link has failed, or what waits for one is not going to be sent. */
  givesUp(): void {
    const lost = this.#lost;
    this.#lost = undefined;
    this.#waitingSinceMs = 0;
    this.#waitedMs = 0;
    const run = lost?.groups.find((first) => first !== undefined);
    if (lost === undefined || run === undefined) return;
    this.#fails(run, lost.atMs, this.#watch.clock.nowMs() - lost.atMs);
  }

  /** The session is over: nobody will know how what it has under way ends. */
  ends(): void {
    this.givesUp();
    const { head } = this.#runs;
    if (head?.kind === 'statement') this.#fails(head, this.#watch.clock.nowMs(), 0);
    this.#forgetRuns();
  }

  /** It was under way until `untilMs`, and waited for another link for `waitedMs` after that. */
  #fails(run: Readonly<RunUnderWay>, untilMs: number, waitedMs: number): void {
    const serverMs = untilMs - Math.max(run.sentMs, this.#endedMs);
    this.#endedMs = untilMs;
    const failed = { ...run, failed: true, waitMs: run.waitMs + waitedMs };
    this.#watch.count(this.#session, this.#place, failed, serverMs);
  }

  /** What runs next is the first of these, and has waited since it came. */
  #waitsAgain({ groups }: LostRuns): void {
    const run = groups.find((first) => first !== undefined);
    this.#waitedMs = run?.waitMs ?? 0;
    this.#waitingSinceMs = run === undefined ? 0 : Math.max(run.sentMs, this.#endedMs);
  }

  #forgetRuns(): void {
    this.#runs.clear();
    this.#cut.forget();
    this.#isBlind = false;
    this.#goesOn = false;
  }
}

/** The name that begins at `start`, as far as it is here. */
function keyAt(buffer: Buffer, start: number, end: number): string {
  const nameEnd = nameEndAt(buffer, start, end);
  return OwnStatements.key(buffer, start, nameEnd < 0 ? end : nameEnd);
}

function setBounded<T>(names: Map<string, T>, key: string, value: T): void {
  if (names.size >= NAMES_MAX && !names.has(key)) {
    for (const first of names.keys()) {
      names.delete(first);
      break;
    }
  }
  names.set(key, value);
}

/** The number at the end of a command tag; 0 where there is none. */
function rowsIn(buffer: Buffer, start: number, end: number): number {
  let rows = 0;
  let unit = 1;
  // The last byte is the NUL.
  for (let at = end - 2; at >= start; at--) {
    const byte = buffer[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    rows += (byte - ZERO) * unit;
    unit *= TEN;
  }
  return rows;
}
