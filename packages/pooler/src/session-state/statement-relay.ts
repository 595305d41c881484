import { Frontend } from '@pgweir/protocol';
import { Answer, type ExpectedReply } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import { type Outcome, tickOfStatements } from '../backend/link-statements';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import { ApartPreparation } from './apart-preparation';
import { OwnNames } from './own-names';
import { type OwnStatement, OwnStatements } from './own-statement';
import { without, withThoseOf } from './profile';
import { PASS, REPLACED, type Relayed, WAIT } from './relayed';
import { NO_ROWS, shapeOf } from './row-shape';
import { SharedNames } from './shared-names';
import { ownContext, type SharedStatement, type StatementRegistry } from './shared-statement';
import { isSame, type Message, nameEndAt, STATEMENT_KIND } from './statement-messages';
import { UnnamedStatement } from './unnamed-statement';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Describe, Parse } = Frontend;

const PLAIN_CLOSE: ExpectedReply = { kind: Answer.Close, swallow: false, wantsDescription: false };
const PLAIN_DESCRIBE: ExpectedReply = {
  kind: Answer.Describe,
  swallow: false,
  wantsDescription: false,
};

/** Bytes of one client's named statements that are kept; what is more pins. */
const OWN_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The prepared statements of one session, on whichever link it has: gives them names that many clients
 * share, and prepares on a link what is missing there.
 */
export class StatementRelay {
  readonly own: OwnStatements;
  /** The client's own names for them, on a link where SQL is to find them. */
  readonly names: OwnNames;
  readonly unnamed: UnnamedStatement;
  readonly shared: SharedNames;
  /** Those for which a Close is under way. */
  readonly #closing = new Map<OwnStatement, string>();
  /** Named statements that can't be prepared once more on another link. */
  #unkeepable = 0;
  /** The statement of the portal that was last bound; undefined: none of the protocol's. */
  bound: OwnStatement | undefined;
  readonly #apart: ApartPreparation;
  readonly #host: StateFollowing;
  readonly #registry: StatementRegistry;

  constructor(host: StateFollowing, registry: StatementRegistry, own: OwnStatements) {
    this.#host = host;
    this.own = own;
    this.#apart = new ApartPreparation(host);
    this.names = new OwnNames(host, this.own, this.#apart);
    this.unnamed = new UnnamedStatement(host, this.own, this.#apart);
    this.shared = new SharedNames(host, registry, this.#apart);
    this.#registry = registry;
  }

  /** There are statements that live on this link only. */
  get hasUnkeepable(): boolean {
    return this.#unkeepable > 0 || this.own.unnamed?.statement.tail.length === 0;
  }

  /** DEALLOCATE ALL or DISCARD ALL has run. */
  dropped(): void {
    for (const key of [...this.own.keys(), ...this.#closing.values()]) this.deallocated(key);
  }

  /**
   * What a Parse whose body is complete prepares.
   *
   * @returns undefined: PostgreSQL has to judge the message
   */
  prepared(link: Link, message: Message): SharedStatement | undefined {
    const { buffer, start, end, bodyLength } = message;
    const nameEnd = nameEndAt(buffer, start, end);
    if (nameEnd < 0) return undefined;
    const isOwn = this.#host.settingsOpen || this.#host.seesOwnSchema(link);
    const tooMuch = this.own.bytes + bodyLength > OWN_BYTES_MAX;
    if (end - start < bodyLength) return this.#registry.makeUnkeepable();
    const context = isOwn ? ownContext() : this.#host.settings.profile.parsingKey;
    if (tooMuch) {
      const { effects } = this.#registry.find(buffer, nameEnd + 1, end, '');
      return this.#registry.makeUnkeepable(effects);
    }
    const last = this.own.unnamed?.statement;
    // Most Parses of most clients are of what they have parsed before.
    if (last?.keepable && last.context === context) {
      if (isSame(last.tail, buffer, nameEnd + 1, end)) return last;
    }
    return this.#registry.find(buffer, nameEnd + 1, end, context);
  }

  /** Parse. `statement`: what `prepared` has found. */
  parse(link: Link, statement: SharedStatement, message: Message, out: Outgoing): Relayed {
    const { buffer, start, end } = message;
    const { statements } = link;
    const nameEnd = nameEndAt(buffer, start, end);
    if (nameEnd === start) {
      if (!this.unnamed.parsedAgain(link, statement)) {
        this.unnamed.parsed(link, this.#ownOf(statement));
      }
      return PASS;
    }
    const own = this.#ownOf(statement);
    const key = OwnStatements.key(buffer, start, nameEnd);
    const named = this.own.get(key);
    const taken = named === undefined || this.own.isGoing(named) ? undefined : named;
    if (taken?.isSure === false && link.owed.mayAwait) return WAIT;
    this.#host.admission.database.counters.clientParses++;
    // PostgreSQL is to say what it says about a name that is taken, where it does not know this one.
    const isKnown = statements.takenOver && this.names.has(key);
    if (taken !== undefined && !isKnown) this.names.collide(link, key, out);
    if (statements.takenOver) {
      this.#register(link, key, own, this.names.parsed(key));
      return PASS;
    }
    if (taken !== undefined) return PASS;
    this.#register(link, key, own, this.shared.parsing(link, statement, out));
    replaceName(out, Parse, message, { at: start, after: nameEnd + 1, name: statement.serverName });
    return REPLACED;
  }

  /** A statement that the client prepares now. */
  #ownOf(statement: SharedStatement): OwnStatement {
    const { openSettings, settings, settingsOpen } = this.#host;
    return {
      statement,
      profile: settingsOpen ? without(settings.profile, openSettings) : settings.profile,
      open: settingsOpen ? new Set(openSettings.keys()) : undefined,
      parsedAt: tickOfStatements(),
      shape: 0,
      before: undefined,
      isSure: false,
      fate: 'taken',
    };
  }

  /** These settings are known again: those that last changed before a Parse were so when it was read. */
  settingsClosed(changes: ReadonlyMap<string, number>): void {
    const now = this.#host.settings.profile;
    for (const own of this.own.all()) {
      if (own.open === undefined) continue;
      const isKnown = (name: string) => (changes.get(name) ?? Infinity) < own.parsedAt;
      const known = new Set([...own.open].filter(isKnown));
      const open = [...own.open].filter((name) => !known.has(name));
      own.profile = withThoseOf(own.profile, now, known);
      own.open = open.length === 0 ? undefined : new Set(open);
    }
  }

  /** The client has named a statement; PostgreSQL may still refuse it. */
  #register(link: Link, key: string, own: OwnStatement, outcome: Outcome): void {
    own.before = this.own.get(key);
    this.#remember(key, own);
    link.statements.expected.sent(
      {
        kind: Answer.Parse,
        swallow: false,
        wantsDescription: false,
        arrived: () => {
          outcome.arrived();
          own.isSure = true;
          own.before = undefined;
        },
        failed: (itself) => {
          outcome.failed(itself);
          own.fate = 'failed';
          if (this.own.get(key) !== own) return;
          this.#forget(key);
          const there = notFailed(own.before);
          if (there !== undefined) this.#remember(key, there);
        },
      },
      link.owed.messagesInGroup,
    );
  }

  #remember(key: string, own: OwnStatement): void {
    this.#forget(key);
    this.own.set(key, own);
    if (!own.statement.keepable) this.#unkeepable++;
  }

  #forget(key: string): void {
    const own = this.own.delete(key);
    if (own !== undefined && !own.statement.keepable) this.#unkeepable--;
  }

  /** PostgreSQL has only `names` (in UTF-8) of what it had under the client's own names. */
  keepOnly(link: Link, names: ReadonlySet<string>): void {
    // In another encoding only what is ASCII can be compared.
    const isComparable = link.identity?.parameters.current('client_encoding') === 'UTF8';
    for (const key of [...this.own.keys()]) {
      if ((isComparable || isAscii(key)) && this.names.isLost(key, names)) this.#forget(key);
    }
  }

  /** SQL has taken one of them away, if PostgreSQL had it: answers come in order. */
  deallocated(key: string): void {
    for (const [closing, name] of this.#closing) {
      if (name !== key) continue;
      if (closing.isSure) closing.fate = 'failed';
      else forgetSureBefore(closing);
    }
    const own = this.own.get(key);
    if (own === undefined) return;
    if (own.isSure) this.#forget(key);
    else forgetSureBefore(own);
  }

  /** The statement that a Bind names; undefined: none that this client has prepared by the protocol. */
  boundBy({ buffer, start, end }: Message): OwnStatement | undefined {
    const portalEnd = nameEndAt(buffer, start, end);
    if (portalEnd < 0) return undefined;
    return this.#named(buffer, portalEnd + 1, end);
  }

  #named(buffer: Buffer, start: number, end: number): OwnStatement | undefined {
    const nameEnd = nameEndAt(buffer, start, end);
    if (nameEnd < 0) return undefined;
    if (nameEnd === start) return this.own.unnamed;
    const own = this.own.get(OwnStatements.key(buffer, start, nameEnd));
    return own === undefined || this.own.isGoing(own) ? undefined : own;
  }

  /** Bind. `own`: what `boundBy` has found. */
  bind(link: Link, own: OwnStatement | undefined, message: Message, out: Outgoing): Relayed {
    const { buffer, start, end } = message;
    const nameStart = nameEndAt(buffer, start, end) + 1;
    const nameEnd = nameStart === 0 ? -1 : nameEndAt(buffer, nameStart, end);
    this.bound = own;
    if (nameEnd < 0) return PASS;
    if (nameEnd === nameStart) return this.unnamed.use(link, own, out);
    const ready = this.#useNamed(link, OwnStatements.key(buffer, nameStart, nameEnd), own, out);
    if (ready !== PASS || own === undefined) return ready;
    this.#host.admission.database.counters.binds++;
    if (link.statements.takenOver) return ready;
    const name = own.statement.serverName;
    replaceName(out, Bind, message, { at: nameStart, after: nameEnd + 1, name });
    return REPLACED;
  }

  /** Describe of a statement or a portal. */
  describe(link: Link, message: Message, out: Outgoing): Relayed {
    const { buffer, start, end } = message;
    const nameEnd = nameEndAt(buffer, start + 1, end);
    if (nameEnd < 0) return PASS;
    if (buffer[start] !== STATEMENT_KIND) {
      const own = nameEnd === start + 1 ? this.bound : undefined;
      this.#expectDescription(link, own);
      return PASS;
    }
    const own = this.#named(buffer, start + 1, end);
    const isUnnamed = nameEnd === start + 1;
    const ready = isUnnamed
      ? this.unnamed.use(link, own, out)
      : this.#useNamed(link, OwnStatements.key(buffer, start + 1, nameEnd), own, out);
    if (ready !== PASS) return ready;
    this.#expectDescription(link, own);
    if (isUnnamed || own === undefined || link.statements.takenOver) return PASS;
    const name = own.statement.serverName;
    replaceName(out, Describe, message, { at: start + 1, after: nameEnd + 1, name });
    return REPLACED;
  }

  #expectDescription(link: Link, own: OwnStatement | undefined): void {
    const { expected } = link.statements;
    // Of the unnamed one nobody will ask whether it returns what it did.
    if (own === undefined || own.shape !== 0 || own === this.own.unnamed) {
      expected.sent(PLAIN_DESCRIBE, link.owed.messagesInGroup);
      return;
    }
    expected.sent(
      {
        kind: Answer.Describe,
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
    const nameEnd = nameEndAt(buffer, start + 1, end);
    if (nameEnd < 0 || buffer[start] !== STATEMENT_KIND) {
      expected.sent(PLAIN_CLOSE, link.owed.messagesInGroup);
      return PASS;
    }
    if (nameEnd === start + 1) {
      this.unnamed.closed(link);
      return PASS;
    }
    const key = OwnStatements.key(buffer, start + 1, nameEnd);
    const own = this.own.get(key);
    this.#forget(key);
    if (own !== undefined) this.#closing.set(own, key);
    const name = buffer.subarray(start + 1, nameEnd + 1);
    const stray = link.statements.stray(name);
    const over = () => {
      if (own !== undefined) this.#closing.delete(own);
    };
    const arrived = () => {
      over();
      if (stray !== undefined) link.statements.strayClosed(stray);
    };
    const failed = () => {
      over();
      // Unless it was never prepared, or is gone: what failed may have been in a group before this one.
      const there = notFailed(own);
      if (there !== undefined && this.own.get(key) === undefined) this.#remember(key, there);
    };
    expected.sent({ ...PLAIN_CLOSE, arrived, failed }, link.owed.messagesInGroup);
    // Where it is on the link under the client's own name, it goes.
    if (takenOver || stray !== undefined) return PASS;
    // It stays for the others: what is closed is a name that nothing has.
    const nothing = { at: start + 1, after: nameEnd + 1, name: this.#registry.noName };
    replaceName(out, Close, message, nothing);
    return REPLACED;
  }

  /** Close of a statement without a link. @returns false when it has to go to PostgreSQL */
  closeHere({ buffer, start, end }: Message): boolean {
    const nameEnd = nameEndAt(buffer, start + 1, end);
    if (nameEnd !== end - 1 || buffer[start] !== STATEMENT_KIND) return false;
    if (nameEnd === start + 1) this.own.unnamed = undefined;
    else this.#forget(OwnStatements.key(buffer, start + 1, nameEnd));
    return true;
  }

  /** Sees to it that a name of the client's stands on the link for what the client means by it. */
  #useNamed(link: Link, key: string, own: OwnStatement | undefined, out: Outgoing): Relayed {
    if (own === undefined) this.names.free(link, key, out);
    else if (!link.statements.takenOver) return this.shared.use(link, own, out);
    else this.names.give(link, key, own, out);
    return PASS;
  }

  /** Nothing is owed any more. */
  quiet(): void {
    this.own.droppingAt = 0;
    if (this.#closing.size > 0) this.#closing.clear();
    this.#apart.quiet();
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
}

/** What PostgreSQL has by a name: this one, or if its Parse has failed the one before. */
function notFailed(own: OwnStatement | undefined): OwnStatement | undefined {
  let there = own;
  while (there !== undefined && there.fate !== 'taken') there = there.before;
  return there;
}

/** Nothing that PostgreSQL had before this one comes back if it fails. */
function forgetSureBefore(own: OwnStatement): void {
  let last = own;
  while (last.before?.isSure === false) last = last.before;
  last.before = undefined;
}

function isAscii(key: string): boolean {
  return Buffer.byteLength(key) === key.length;
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
