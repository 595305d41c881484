import { Frontend } from '@pgweir/protocol';
import { Answer, type ExpectedReply } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { Outcome } from '../backend/link-statements';
import type { UnnamedChange } from '../backend/link-unnamed';
import { STATUS_FAILED } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import type { ApartPreparation } from './apart-preparation';
import { inject, SWALLOWED_CLOSE, SWALLOWED_PARSE } from './injection';
import type { OwnStatement, OwnStatements } from './own-statement';
import { PASS, type Relayed, WAIT } from './relayed';
import type { SharedStatement } from './shared-statement';
import { frameOf, STATEMENT, UNNAMED } from './statement-messages';

const { Close, Parse } = Frontend;

/** The answer to a Parse that makes it. */
class ParseReply implements ExpectedReply {
  readonly kind = Answer.Parse;
  readonly swallow = false;
  readonly wantsDescription = false;
  readonly own: OwnStatement;
  onLink: UnnamedChange | undefined;
  /** What was unnamed before it was the same. */
  isRepeated = false;

  constructor(own: OwnStatement) {
    this.own = own;
  }

  arrived(): void {
    this.onLink?.answered();
    this.own.isSure = true;
    this.own.before = undefined;
  }

  failed(itself: boolean): void {
    this.onLink?.failed(itself);
    const { own } = this;
    if (itself) own.fate = 'failed';
    else if (this.isRepeated) own.isSure = true;
    else own.fate = 'skipped';
  }
}

/** The unnamed prepared statement of one session, which others on its links have, too. */
export class UnnamedStatement {
  readonly #host: StateFollowing;
  readonly #own: OwnStatements;
  readonly #apart: ApartPreparation;
  /** The answer to the last Parse: most clients send the same one again and again. */
  #reply: ParseReply | undefined;

  constructor(host: StateFollowing, own: OwnStatements, apart: ApartPreparation) {
    this.#host = host;
    this.#own = own;
    this.#apart = apart;
  }

  /** A Parse of the client's goes out that makes it. */
  parsed(link: Link, own: OwnStatement): void {
    own.before = this.#own.unnamed;
    this.#own.unnamed = own;
    this.#reply = new ParseReply(own);
    this.#parsing(link, this.#reply);
  }

  /**
   * A Parse goes out of what is unnamed already.
   *
   * @returns false when it makes another statement after all, or an answer about the last one is to come
   */
  parsedAgain(link: Link, statement: SharedStatement): boolean {
    const reply = this.#reply;
    const own = this.#own.unnamed;
    if (own === undefined || reply?.own !== own || !own.isSure) return false;
    const { settings, settingsOpen } = this.#host;
    if (own.statement !== statement || own.profile !== settings.profile) return false;
    if (settingsOpen || own.open !== undefined) return false;
    own.isSure = false;
    reply.isRepeated = true;
    this.#parsing(link, reply);
    return true;
  }

  #parsing({ statements, owed }: Link, reply: ParseReply): void {
    const { statement } = reply.own;
    reply.onLink = statements.unnamed.becomes(statement, this.#host.id, statements.group);
    statements.expected.sent(reply, owed.messagesInGroup);
  }

  /** A simple query ends it. */
  end({ statements }: Link): void {
    this.#own.unnamed = undefined;
    statements.unnamed.settle(undefined);
  }

  /** A Close of the client's goes out that ends it. */
  closed({ statements, owed }: Link): void {
    const before = this.#own.unnamed;
    this.#own.unnamed = undefined;
    const answer = this.#answer(statements.unnamed.becomes(undefined, 0, statements.group), () => {
      this.#own.unnamed ??= before;
    });
    const reply = { kind: Answer.Close, swallow: false, wantsDescription: false, ...answer };
    statements.expected.sent(reply, owed.messagesInGroup);
  }

  /** This one has to be what is unnamed on the link; undefined: nothing may be. */
  use(link: Link, own: OwnStatement | undefined, out: Outgoing): Relayed {
    const { statements, owed } = link;
    const { unnamed, group } = statements;
    const refusal = this.#apart.refusal(own);
    if (refusal !== undefined) return refusal;
    if (own !== undefined && unnamed.is(own.statement, this.#host.id, group)) return PASS;
    if (owed.mayAwait && (own?.isSure === false || !unnamed.isKnown(group))) return WAIT;
    if (own === undefined || own.statement.tail.length === 0) {
      // Somebody else's must not be taken for it.
      if (!unnamed.isNone(group)) {
        const change = unnamed.becomes(undefined, 0, group);
        const reply = { ...SWALLOWED_CLOSE, ...this.#answer(change) };
        inject(link, out, frameOf(Close, STATEMENT, UNNAMED), reply);
      }
      return PASS;
    }
    if (this.#apart.hasOtherSettings(own)) {
      // What leaves a failed transaction may be on its way.
      if (owed.mayAwait) return WAIT;
      if (owed.settled && link.status !== STATUS_FAILED)
        return { kind: 'wait', begin: () => this.#apart.prepareUnnamed(link, own) };
    }
    const change = unnamed.becomes(own.statement, this.#host.id, group);
    const reply = { ...SWALLOWED_PARSE, ...this.#answer(change) };
    inject(link, out, frameOf(Parse, UNNAMED, own.statement.tail), reply);
    return PASS;
  }

  /** What the answer to a message decides that changes it; `skipped` is called when there is none. */
  #answer(change: UnnamedChange, skipped?: () => void): Outcome {
    return {
      arrived: () => change.answered(),
      failed: (itself) => {
        change.failed(itself);
        skipped?.();
      },
    };
  }
}
