import { Frontend, query } from '@pgweir/protocol';
import { Answer } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { Outcome } from '../backend/link-statements';
import type { OwnResult } from '../backend/own-run';
import { STATUS_IDLE } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import { type ApartPreparation, wasCanceled } from './apart-preparation';
import { inject, SWALLOWED_CLOSE, SWALLOWED_PARSE } from './injection';
import { NAMES, namesOf } from './inspection';
import { type OwnStatement, OwnStatements } from './own-statement';
import { frameOf, ownGroup, ownMessages, STATEMENT } from './statement-messages';

const { Close, Parse, Sync } = Frontend;

/**
 * Gives one client's prepared statements the names that the client knows, on a link that then has
 * nobody else's (`LinkStatements.takenOver`): EXECUTE, DEALLOCATE and pg_prepared_statements speak of
 * these names, and from then on PostgreSQL is the judge of them.
 */
export class OwnNames {
  /** In UTF-8: what the link that was taken over last has got. */
  #lent = new Set<string>();
  /** All statements of the client were tried on that link. */
  #complete = false;
  /** The text for whose sake statements were given last in the middle of a group. */
  #givenFor = '';
  readonly #host: StateFollowing;
  readonly #own: OwnStatements;
  readonly #apart: ApartPreparation;

  constructor(host: StateFollowing, own: OwnStatements, apart: ApartPreparation) {
    this.#host = host;
    this.#own = own;
    this.#apart = apart;
  }

  /** Something has to be done before SQL can speak of the client's names on this link. */
  areMissing(link: Link): boolean {
    return !link.statements.takenOver || !this.#complete;
  }

  /** Gives all of them, between groups. `clears`: what others have prepared goes first. */
  giveAll(link: Link, { clears }: { readonly clears: boolean }): void {
    const { statements } = link;
    if (statements.takenOver) {
      this.#giveRest(link);
      return;
    }
    this.#host.runOwn(link, quietly(link, clears ? 'DEALLOCATE ALL' : ''), (result) => {
      if (result.kind === 'failed') {
        this.#host.failWith({ ...result.error, severity: 'FATAL' }, 'DEALLOCATE ALL failed');
        return;
      }
      if (clears) statements.clear();
      statements.takenOver = true;
      // What another link had of them says nothing about this one.
      this.#lent.clear();
      this.#giveRest(link);
    });
  }

  #giveRest(link: Link): void {
    this.#complete = true;
    this.#giveSome(
      link,
      [...this.#own.entries()].filter(([key, own]) => this.#isMissing(key, own)),
    );
  }

  #giveSome(link: Link, missing: readonly (readonly [string, OwnStatement])[]): void {
    if (missing.length === 0) {
      // One that can't be prepared now is missed when it is used, and is not gone for that.
      const sql = quietly(link, `SELECT ${NAMES}`);
      this.#host.runOwn(link, sql, (answer) => this.#gave(answer), 'row');
      return;
    }
    const frames = this.#framesToGive(link, missing.slice(0, AT_A_TIME));
    const rest = missing.slice(AT_A_TIME);
    this.#host.runForClient(link, frames, (result) => {
      // It came too early for what it was meant for, and some of them may be missing.
      this.#giveSome(link, wasCanceled(result) ? missing : rest);
    });
  }

  #gave(answer: OwnResult): void {
    if (answer.kind === 'done') this.#lent = new Set(namesOf(answer.row?.[0]));
  }

  #isMissing(key: string, { statement }: OwnStatement): boolean {
    return statement.tail.length > 0 && !this.#lent.has(nameOf(key));
  }

  /** Each in a group of its own, so that one that fails takes nothing with it. */
  #framesToGive(
    link: Link,
    statements: readonly (readonly [string, OwnStatement])[],
  ): readonly Buffer[] {
    return statements.flatMap(([key, own]) => {
      const name = bytesOf(key);
      const close = frameOf(Close, STATEMENT, name);
      const parse = [close, frameOf(Parse, name, own.statement.tail), frameOf(Sync)];
      return this.#apart.underItsSettings(link, own, parse);
    });
  }

  /**
   * Gives those that `text` may speak of, in the middle of a group, where nothing can be awaited. What
   * fails in front of it undoes it.
   */
  giveInGroup(link: Link, text: string, out: Outgoing): void {
    const { statements } = link;
    if (!statements.takenOver) {
      const { arrived, failed: stayed } = statements.takeAway();
      const failed = (itself: boolean) => {
        stayed(itself);
        statements.takenOver = false;
      };
      const [parse, bind, execute] = ownMessages('DEALLOCATE ALL');
      inject(link, out, parse, SWALLOWED_PARSE);
      inject(link, out, bind, { ...SWALLOWED_PARSE, kind: Answer.Bind });
      inject(link, out, execute, { ...SWALLOWED_PARSE, kind: Answer.Command, arrived, failed });
      statements.takenOver = true;
      this.#lent.clear();
      this.#givenFor = '';
    }
    this.#complete = false;
    if (this.#givenFor === text) return;
    this.#givenFor = text;
    const isMentioned = mentionsIn(text);
    for (const [key, own] of this.#own.entries()) {
      if (isMentioned(key)) this.give(link, key, own, out);
    }
  }

  /** Gives those with these names, as SQL has them, in front of an EXECUTE in the middle of a group. */
  giveNamed(link: Link, names: readonly string[], out: Outgoing): void {
    for (const name of names) {
      const key = OwnStatements.keyOf(name);
      const own = this.#own.get(key);
      if (own !== undefined) this.give(link, key, own, out);
    }
  }

  /** Whether the link that is taken over has this one. */
  has(key: string): boolean {
    return this.#lent.has(nameOf(key));
  }

  /** Gives one of them, if it is not there, in front of a message that uses it. */
  give(link: Link, key: string, own: OwnStatement, out: Outgoing): void {
    const name = nameOf(key);
    const { statement } = own;
    if (this.#lent.has(name) || statement.tail.length === 0 || this.#own.isGoing(own)) return;
    const bytes = bytesOf(key);
    const failed = () => this.#lent.delete(name);
    inject(link, out, frameOf(Close, STATEMENT, bytes), SWALLOWED_CLOSE);
    inject(link, out, frameOf(Parse, bytes, statement.tail), { ...SWALLOWED_PARSE, failed });
    this.#lent.add(name);
  }

  /**
   * The client's own Parse gives it, on a link that is taken over.
   *
   * @returns what its answer decides
   */
  parsed(key: string): Outcome {
    const name = nameOf(key);
    // PostgreSQL may still have the one before, even one that the client has closed in this group.
    if (this.#lent.has(name)) return { arrived: nothing, failed: nothing };
    this.#lent.add(name);
    return { arrived: nothing, failed: () => this.#lent.delete(name) };
  }

  /** Whether PostgreSQL, which has only `names` (in UTF-8) any more, has lost this one. */
  isLost(key: string, names: ReadonlySet<string>): boolean {
    const name = nameOf(key);
    return this.#lent.has(name) && !names.has(name);
  }

  /** Takes away what `collide` has left, where the client speaks of a name that it has not given. */
  free(link: Link, key: string, out: Outgoing): void {
    const name = bytesOf(key);
    const stray = link.statements.stray(name);
    if (stray === undefined) return;
    const arrived = () => link.statements.strayClosed(stray);
    inject(link, out, frameOf(Close, STATEMENT, name), { ...SWALLOWED_CLOSE, arrived });
  }

  /**
   * Groups of messages that make a statement for an SQL DEALLOCATE of a name that PostgreSQL does not
   * know. What `collide` has left of it goes: the name is free then.
   */
  spare(link: Link, key: string): readonly Buffer[] {
    const made = query(`PREPARE ${SPARE_NAME} AS SELECT`);
    const stray = link.statements.stray(bytesOf(key));
    if (stray === undefined) return [made];
    link.statements.strayClosed(stray);
    return [frameOf(Close, STATEMENT, stray.name), frameOf(Sync), made];
  }

  /**
   * Makes PostgreSQL refuse a Parse with a name that the client has given already: the name is taken by an
   * empty statement, which nothing can make fail, and is taken off the link before others have it.
   */
  collide(link: Link, key: string, out: Outgoing): void {
    const name = bytesOf(key);
    const { closed, parsed } = link.statements.straying(name);
    inject(link, out, frameOf(Close, STATEMENT, name), { ...SWALLOWED_CLOSE, arrived: closed });
    inject(link, out, frameOf(Parse, name, EMPTY), { ...SWALLOWED_PARSE, ...parsed });
  }
}

/** In a transaction of the client its unnamed statement is left alone: a failed one cannot get it back. */
function quietly({ status }: Link, sql: string): string | readonly Buffer[] {
  return status === STATUS_IDLE ? sql : ownGroup(sql);
}

/** Made for one SQL DEALLOCATE and gone with it. */
export const SPARE_NAME = 'pgweir_spare';

/** So many statements are given in one write. */
const AT_A_TIME = 50;

/** What stands behind the name in a Parse of nothing. */
const EMPTY = Buffer.alloc(3);
const nothing = (): void => undefined;

function bytesOf(key: string): Buffer {
  return Buffer.from(`${key}\0`, 'latin1');
}

function nameOf(key: string): string {
  return Buffer.from(key, 'latin1').toString();
}

/** Tells of names whether a text may speak of statements that have them: too often is harmless. */
function mentionsIn(text: string): (key: string) => boolean {
  const lower = text.toLowerCase();
  if (lower.includes('pg_prepared_statements')) return () => true;
  const words = new Set(lower.split(/\W+/));
  return (key) => !/^\w+$/.test(key) || words.has(key.toLowerCase());
}
