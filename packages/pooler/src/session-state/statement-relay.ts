import { Frontend } from '@pgweir/protocol';
import type { ExpectedReply } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import { type Instance, tickOfStatements } from '../backend/link-statements';
import { STATUS_FAILED, STATUS_IDLE } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import { ApartPreparation } from './apart-preparation';
import { type OwnStatement, OwnStatements } from './own-statement';
import { PASS, REPLACED, type Relayed, WAIT } from './relayed';
import { NO_ROWS, shapeOf } from './row-shape';
import {
  type SharedStatement,
  type StatementRegistry,
  UNKNOWN_STATEMENT,
} from './shared-statement';
import {
  frameOf,
  type Message,
  OWN_PORTAL,
  ownGroup,
  STATEMENT,
  STATEMENT_KIND,
  UNNAMED,
} from './statement-messages';

// Constants of this module: reading them through the package's index costs a call each time.
const { Close, Describe, Parse, Sync } = Frontend;

const SWALLOWED_PARSE: ExpectedReply = { kind: 'parse', swallow: true, wantsDescription: false };
const SWALLOWED_CLOSE: ExpectedReply = { kind: 'close', swallow: true, wantsDescription: false };
const PLAIN_CLOSE: ExpectedReply = { kind: 'close', swallow: false, wantsDescription: false };
const PLAIN_DESCRIBE: ExpectedReply = { kind: 'describe', swallow: false, wantsDescription: false };

/** Bytes of one client's named statements that are kept; what is more pins. */
const OWN_BYTES_MAX = 8 * 1024 * 1024;

/** So many statements are prepared ahead, before settings change. */
const PREPARED_AHEAD_MAX = 50;

/** A context that no other statement has: nobody shares what was parsed in it. */
let contexts = 0;

/**
 * The prepared statements of one session, on whichever link it has: gives them names that many clients
 * share, and prepares on a link what is missing there.
 */
export class StatementRelay {
  readonly own = new OwnStatements();
  /** Named statements that can't be prepared once more on another link. */
  #unkeepable = 0;
  /** The statement of the portal that was last bound. */
  #bound: OwnStatement | undefined;
  readonly #apart: ApartPreparation;
  /** Names, in UTF-8, that a link which was taken over has got. */
  #lent = new Set<string>();
  readonly #host: StateFollowing;
  readonly #registry: StatementRegistry;

  constructor(host: StateFollowing, registry: StatementRegistry) {
    this.#host = host;
    this.#apart = new ApartPreparation(host);
    this.#registry = registry;
  }

  /** There are statements that live on this link only. */
  get hasUnkeepable(): boolean {
    return this.#unkeepable > 0 || this.own.unnamed?.statement.tail.length === 0;
  }

  /** A simple query ends the unnamed statement. */
  simpleQuery(link: Link): void {
    this.own.unnamed = undefined;
    link.statements.unnamed = undefined;
  }

  /** DEALLOCATE ALL or DISCARD ALL has run: what was prepared before `tick` is gone. */
  dropped(tick: number): void {
    for (const [key, own] of [...this.own.entries()]) if (own.parsedAt < tick) this.#forget(key);
  }

  /**
   * What a Parse whose body is complete prepares.
   *
   * @returns undefined: PostgreSQL has to judge the message
   */
  prepared({ buffer, start, end, bodyLength }: Message): SharedStatement | undefined {
    const nameEnd = buffer.indexOf(0, start);
    if (nameEnd < 0 || nameEnd >= end) return undefined;
    const open = this.#host.settingsOpen;
    const tooMuch = this.own.bytes + bodyLength > OWN_BYTES_MAX;
    if (end - start < bodyLength || tooMuch) return this.#registry.makeUnkeepable();
    const context = open ? `\0${++contexts}` : this.#host.settings.profile.parsingKey;
    return this.#registry.find(buffer, nameEnd + 1, end, context);
  }

  /** Parse. `statement`: what `prepared` has found. */
  parse(link: Link, statement: SharedStatement, message: Message, out: Outgoing): Relayed {
    const { buffer, start } = message;
    const { statements } = link;
    const nameEnd = buffer.indexOf(0, start);
    const { settingsOpen, settings } = this.#host;
    const profile = settingsOpen ? undefined : settings.profile;
    const own: OwnStatement = {
      statement,
      profile,
      parsedAt: tickOfStatements(),
      shape: 0,
      before: undefined,
      fate: 'taken',
    };
    if (nameEnd === start) {
      own.before = this.own.unnamed;
      this.own.unnamed = own;
      statements.unnamed = statement;
      statements.unnamedBy = this.#host.id;
      statements.expected.sent(this.#unnamedParse(link, own), link.owed.messagesInGroup);
      return PASS;
    }
    const key = OwnStatements.key(buffer, start, nameEnd);
    if (statements.takenOver) {
      this.#lent.add(Buffer.from(key, 'latin1').toString());
      this.#register(link, key, own);
      return PASS;
    }
    const taken = this.own.get(key);
    if (taken !== undefined) {
      // PostgreSQL is to say what it says about a name that is taken; it does not know this one.
      this.#lend(link, key, taken, out);
      return PASS;
    }
    if (statements.find(statement) !== undefined) this.#closeOn(link, statement, out);
    else this.#makeRoom(link, out);
    this.#register(link, key, own, statements.add(statement, 0));
    replaceName(out, Parse, message, { at: start, after: nameEnd + 1, name: statement.serverName });
    return REPLACED;
  }

  #unnamedParse({ statements }: Link, own: OwnStatement): ExpectedReply {
    return {
      kind: 'parse',
      swallow: false,
      wantsDescription: false,
      arrived: () => {
        own.before = undefined;
      },
      failed: (itself) => {
        own.fate = itself ? 'failed' : 'skipped';
        if (statements.unnamed !== own.statement) return;
        statements.unnamed = UNKNOWN_STATEMENT;
        statements.unnamedBy = 0;
      },
    };
  }

  /** The client has named a statement; PostgreSQL may still refuse it. */
  #register(link: Link, key: string, own: OwnStatement, made?: Instance): void {
    this.#remember(key, own);
    link.statements.expected.sent(
      {
        kind: 'parse',
        swallow: false,
        wantsDescription: false,
        failed: () => {
          if (made !== undefined) link.statements.removeInstance(made);
          if (this.own.get(key) === own) this.#forget(key);
        },
      },
      link.owed.messagesInGroup,
    );
  }

  #remember(key: string, own: OwnStatement): void {
    this.own.set(key, own);
    if (!own.statement.keepable) this.#unkeepable++;
  }

  #forget(key: string): void {
    const own = this.own.delete(key);
    if (own !== undefined && !own.statement.keepable) this.#unkeepable--;
  }

  /** The link that was taken over has these (in UTF-8) under the client's own names. */
  lent(names: ReadonlySet<string>): void {
    this.#lent = new Set(names);
  }

  /** Those that the link had and has not any more are gone. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const [key] of [...this.own.entries()]) {
      const name = Buffer.from(key, 'latin1').toString();
      if (this.#lent.has(name) && !names.has(name)) this.#forget(key);
    }
  }

  /** The client has had one of them taken away by SQL. */
  deallocated(key: string): void {
    this.#forget(key);
  }

  /** The statement that a Bind names; undefined: none of this client's. */
  boundBy({ buffer, start, end }: Message): OwnStatement | undefined {
    const portalEnd = buffer.indexOf(0, start);
    if (portalEnd < 0 || portalEnd >= end) return undefined;
    return this.#named(buffer, portalEnd + 1, end);
  }

  #named(buffer: Buffer, start: number, end: number): OwnStatement | undefined {
    const nameEnd = buffer.indexOf(0, start);
    if (nameEnd < 0 || nameEnd >= end) return undefined;
    if (nameEnd === start) return this.own.unnamed;
    return this.own.get(OwnStatements.key(buffer, start, nameEnd));
  }

  /** Bind. `own`: what `boundBy` has found. */
  bind(link: Link, own: OwnStatement | undefined, message: Message, out: Outgoing): Relayed {
    const { buffer, start, end } = message;
    const nameStart = buffer.indexOf(0, start) + 1;
    const nameEnd = nameStart === 0 ? -1 : buffer.indexOf(0, nameStart);
    this.#bound = own;
    if (nameEnd < 0 || nameEnd >= end) return PASS;
    if (nameEnd === nameStart) return this.#useUnnamed(link, own, out);
    if (own === undefined) return PASS;
    if (link.statements.takenOver) {
      this.#lendInGroup(link, OwnStatements.key(buffer, nameStart, nameEnd), own, out);
      return PASS;
    }
    const ready = this.#ensure(link, own, out);
    if (ready !== PASS) return ready;
    const name = own.statement.serverName;
    replaceName(out, Frontend.Bind, message, { at: nameStart, after: nameEnd + 1, name });
    return REPLACED;
  }

  /** Describe of a statement or a portal. */
  describe(link: Link, message: Message, out: Outgoing): Relayed {
    const { buffer, start, end } = message;
    const nameEnd = buffer.indexOf(0, start + 1);
    if (nameEnd < 0 || nameEnd >= end) return PASS;
    if (buffer[start] !== STATEMENT_KIND) {
      const own = nameEnd === start + 1 ? this.#bound : undefined;
      this.#expectDescription(link, own);
      return PASS;
    }
    const own = this.#named(buffer, start + 1, end);
    if (own !== undefined && nameEnd > start + 1 && link.statements.takenOver)
      this.#lendInGroup(link, OwnStatements.key(buffer, start + 1, nameEnd), own, out);
    const isUnnamed = nameEnd === start + 1;
    const ready = isUnnamed
      ? this.#useUnnamed(link, own, out)
      : own === undefined || link.statements.takenOver
        ? PASS
        : this.#ensure(link, own, out);
    if (ready !== PASS) return ready;
    this.#expectDescription(link, own);
    if (isUnnamed || own === undefined || link.statements.takenOver) return PASS;
    const name = own.statement.serverName;
    replaceName(out, Describe, message, { at: start + 1, after: nameEnd + 1, name });
    return REPLACED;
  }

  #expectDescription(link: Link, own: OwnStatement | undefined): void {
    const { expected } = link.statements;
    if (own === undefined || own.shape !== 0) {
      expected.sent(PLAIN_DESCRIBE, link.owed.messagesInGroup);
      return;
    }
    expected.sent(
      {
        kind: 'describe',
        swallow: false,
        wantsDescription: true,
        arrived: (description) => {
          own.shape = description === undefined ? NO_ROWS : shapeOf(description);
          const instance = link.statements.find(own.statement);
          if (instance !== undefined) instance.shape = own.shape;
        },
      },
      link.owed.messagesInGroup,
    );
  }

  /** Close of a statement or a portal, where a link is at hand. */
  close(link: Link, message: Message, out: Outgoing): Relayed {
    const { buffer, start, end } = message;
    const { expected, takenOver } = link.statements;
    const nameEnd = buffer.indexOf(0, start + 1);
    if (nameEnd < 0 || nameEnd >= end || buffer[start] !== STATEMENT_KIND) {
      expected.sent(PLAIN_CLOSE, link.owed.messagesInGroup);
      return PASS;
    }
    if (nameEnd === start + 1) {
      expected.sent(PLAIN_CLOSE, link.owed.messagesInGroup);
      this.simpleQuery(link);
      return PASS;
    }
    const key = OwnStatements.key(buffer, start + 1, nameEnd);
    const own = this.own.get(key);
    const failed = () => {
      if (own !== undefined && this.own.get(key) === undefined) this.#remember(key, own);
    };
    this.#forget(key);
    expected.sent({ ...PLAIN_CLOSE, failed }, link.owed.messagesInGroup);
    // Where it is on the link under the client's own name, it goes.
    const name = buffer.subarray(start + 1, nameEnd + 1);
    if (takenOver || link.statements.strays.some((stray) => stray.equals(name))) return PASS;
    // It stays for the others: what is closed is a name that nothing has.
    const nothing = { at: start + 1, after: nameEnd + 1, name: this.#registry.noName };
    replaceName(out, Close, message, nothing);
    return REPLACED;
  }

  /** Close of a statement without a link. @returns false when it has to go to PostgreSQL */
  closeHere({ buffer, start, end }: Message): boolean {
    const nameEnd = buffer.indexOf(0, start + 1);
    if (nameEnd !== end - 1 || buffer[start] !== STATEMENT_KIND) return false;
    if (nameEnd === start + 1) this.own.unnamed = undefined;
    else this.#forget(OwnStatements.key(buffer, start + 1, nameEnd));
    return true;
  }

  /** The unnamed statement of this client has to be the one on the link. */
  #useUnnamed(link: Link, own: OwnStatement | undefined, out: Outgoing): Relayed {
    const { statements } = link;
    const refusal = this.#apart.refusal(own);
    if (refusal !== undefined) return refusal;
    if (own === undefined) {
      // Somebody else's must not be taken for it.
      if (statements.unnamed !== undefined) {
        this.#inject(
          link,
          frameOf(Close, STATEMENT, UNNAMED),
          this.#unsure(SWALLOWED_CLOSE, link),
          out,
        );
        statements.unnamed = undefined;
      }
      return PASS;
    }
    if (statements.unnamed === own.statement && statements.unnamedBy === this.#host.id) return PASS;
    if (own.statement.tail.length === 0) return this.#useUnnamed(link, undefined, out);
    if (this.#apart.hasOtherSettings(own) && !link.owed.unsynced && link.status !== STATUS_FAILED) {
      if (!link.owed.settled) return WAIT;
      return { kind: 'wait', begin: () => this.#apart.prepareUnnamed(link, own) };
    }
    const reply = this.#unsure(SWALLOWED_PARSE, link);
    this.#inject(link, frameOf(Parse, UNNAMED, own.statement.tail), reply, out);
    statements.unnamed = own.statement;
    statements.unnamedBy = this.#host.id;
    return PASS;
  }

  /** Under settings that are still open it may become what nobody else means by it. */
  #preparePrivately(link: Link, own: OwnStatement, out: Outgoing): Relayed {
    own.statement = this.#registry.makePrivate(own.statement);
    this.#makeRoom(link, out);
    const made = link.statements.add(own.statement, own.shape);
    const reply = { ...SWALLOWED_PARSE, failed: () => link.statements.removeInstance(made) };
    const frame = frameOf(Parse, own.statement.serverName, own.statement.tail);
    this.#inject(link, frame, reply, out);
    return PASS;
  }

  /** When it is skipped, nobody knows which unnamed statement the link has. */
  #unsure(reply: ExpectedReply, { statements }: Link): ExpectedReply {
    return {
      ...reply,
      failed: () => {
        statements.unnamed = UNKNOWN_STATEMENT;
        statements.unnamedBy = 0;
      },
    };
  }

  /** Sees to it that a named statement is on the link, and is what the client thinks it is. */
  #ensure(link: Link, own: OwnStatement, out: Outgoing): Relayed {
    const { statements, owed } = link;
    const { statement } = own;
    const refusal = this.#apart.refusal(own);
    if (refusal !== undefined) return refusal;
    const instance = statements.find(statement);
    if (instance !== undefined && instance.checkedAt >= own.parsedAt) {
      if (own.shape === 0 || instance.shape === own.shape) {
        instance.usedAt = tickOfStatements();
        instance.checkedAt = instance.usedAt;
        return PASS;
      }
    }
    if (!statement.keepable) return PASS;
    if (this.#host.settingsOpen) return this.#preparePrivately(link, own, out);
    // What the client has been told of the result must still hold, which shows before it is used.
    const special = own.shape !== 0 || this.#apart.hasOtherSettings(own);
    const apart = special && !owed.unsynced && link.status !== STATUS_FAILED;
    if (apart && !owed.settled) return WAIT;
    if (apart) return { kind: 'wait', begin: () => this.#apart.prepare(link, own) };
    if (instance !== undefined) this.#closeOn(link, statement, out);
    else this.#makeRoom(link, out);
    const made = statements.add(statement, 0);
    const reply = { ...SWALLOWED_PARSE, failed: () => statements.removeInstance(made) };
    this.#inject(link, frameOf(Parse, statement.serverName, statement.tail), reply, out);
    return PASS;
  }

  #closeOn(link: Link, statement: SharedStatement, out: Outgoing): void {
    const instance = link.statements.remove(statement);
    const failed = () => {
      if (instance !== undefined) link.statements.restore(instance);
    };
    const reply = { ...SWALLOWED_CLOSE, failed };
    this.#inject(link, frameOf(Close, STATEMENT, statement.serverName), reply, out);
  }

  /** Before one more is prepared. */
  #makeRoom(link: Link, out: Outgoing): void {
    const { statements } = link;
    while (statements.size >= this.#host.preparedStatementsMax) {
      const oldest = statements.oldest();
      if (oldest === undefined) return;
      this.#closeOn(link, oldest, out);
    }
  }

  #inject(link: Link, frame: Buffer, reply: ExpectedReply, out: Outgoing): void {
    out.bytes(frame, 0, frame.length);
    link.statements.expected.sent(reply, link.owed.messagesInGroup);
    link.owed.sent(frame[0] ?? 0);
  }

  /** The body of an ErrorResponse with the client's names in the places of ours. */
  withOwnNames(body: Buffer): Buffer {
    const { prefix } = this.#registry;
    if (!body.includes(prefix)) return body;
    let text = body.toString('latin1');
    for (const [key, { statement }] of this.own.entries()) {
      const name = statement.serverName.toString('latin1', 0, statement.serverName.length - 1);
      text = text.replaceAll(`"${name}"`, () => `"${key}"`);
    }
    return Buffer.from(text, 'latin1');
  }

  /** On a link that is taken over: the statement is there under the client's name, if it can be. */
  #lendInGroup(link: Link, key: string, { statement }: OwnStatement, out: Outgoing): void {
    const name = Buffer.from(key, 'latin1').toString();
    if (this.#lent.has(name) || statement.tail.length === 0) return;
    const frame = frameOf(Parse, Buffer.from(`${key}\0`, 'latin1'), statement.tail);
    this.#inject(link, frame, { ...SWALLOWED_PARSE, failed: () => this.#lent.delete(name) }, out);
    this.#lent.add(name);
  }

  /**
   * From here on, in the middle of a group, the link has this client's statements under its own names,
   * and nobody else's. What fails in front of it undoes it.
   */
  takeOverInGroup(link: Link, text: string, out: Outgoing): void {
    const { statements } = link;
    const before = statements.takeAway();
    const failed = () => {
      statements.restoreAll(before);
      statements.takenOver = false;
    };
    const [parse, bind, execute] = ownGroup('DEALLOCATE ALL', OWN_PORTAL);
    if (parse === undefined || bind === undefined || execute === undefined) return;
    this.#inject(link, parse, SWALLOWED_PARSE, out);
    this.#inject(link, bind, { ...SWALLOWED_PARSE, kind: 'bind' }, out);
    this.#inject(link, execute, { ...SWALLOWED_PARSE, kind: 'command', failed }, out);
    statements.takenOver = true;
    this.#lent.clear();
    for (const [key, own] of this.own.entries()) {
      if (isMentioned(text, key)) this.#lendInGroup(link, key, own, out);
    }
  }

  #lend(link: Link, key: string, { statement }: OwnStatement, out: Outgoing): void {
    const { strays } = link.statements;
    const name = Buffer.from(`${key}\0`, 'latin1');
    if (statement.tail.length === 0 || strays.some((stray) => stray.equals(name))) return;
    this.#inject(link, frameOf(Parse, name, statement.tail), SWALLOWED_PARSE, out);
    strays.push(name);
  }

  /**
   * Puts the client's statements on the link under our names: in front of a change of settings within a
   * group, behind which they could mean something else.
   */
  prepareAll(link: Link, out: Outgoing): void {
    let left = PREPARED_AHEAD_MAX;
    for (const [, own] of this.own.entries()) {
      if (link.statements.find(own.statement) !== undefined || !own.statement.keepable) continue;
      if (this.#apart.hasOtherSettings(own) || left-- === 0) continue;
      this.#makeRoom(link, out);
      const made = link.statements.add(own.statement, 0);
      const reply = { ...SWALLOWED_PARSE, failed: () => link.statements.removeInstance(made) };
      this.#inject(link, frameOf(Parse, own.statement.serverName, own.statement.tail), reply, out);
    }
  }

  /** Statements by name, for a link on which they are to have the client's own names. */
  framesForTakeover(link: Link, text: string): readonly Buffer[] {
    const { strays } = link.statements;
    // One that fails would take the client's transaction with it.
    const all = link.status === STATUS_IDLE;
    const frames: Buffer[] = [];
    for (const [key, { statement }] of this.own.entries()) {
      const name = Buffer.from(`${key}\0`, 'latin1');
      if (statement.tail.length === 0 || strays.some((stray) => stray.equals(name))) continue;
      if (!all && !isMentioned(text, key)) continue;
      frames.push(frameOf(Parse, name, statement.tail), frameOf(Sync));
    }
    return frames;
  }
}

/** Whether a text may speak of a prepared statement: too often is harmless. */
function isMentioned(text: string, key: string): boolean {
  const lower = text.toLowerCase();
  if (lower.includes('pg_prepared_statements')) return true;
  const name = key.toLowerCase();
  if (!/^\w+$/.test(name)) return lower.includes(name);
  return lower.split(/\W+/).includes(name);
}

/** Puts a message of the client out again with another name in the place `at` to `after`. */
function replaceName(
  out: Outgoing,
  tag: number,
  { buffer, start, end, bodyLength }: Message,
  { at, after, name }: { readonly at: number; readonly after: number; readonly name: Buffer },
): void {
  out.header(tag, bodyLength - (after - at) + name.length);
  out.bytes(buffer, start, at);
  out.bytes(name, 0, name.length);
  out.bytes(buffer, after, end);
}
