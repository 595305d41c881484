import { Frontend } from '@pgweir/protocol';
import { Answer, type ExpectedReply } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { LinkStatements } from '../backend/link-statements';
import { STATUS_FAILED } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import type { ApartPreparation } from './apart-preparation';
import { inject, SWALLOWED_CLOSE, SWALLOWED_PARSE } from './injection';
import type { OwnStatement, OwnStatements } from './own-statement';
import { PASS, type Relayed, WAIT } from './relayed';
import { type SharedStatement, UNKNOWN_STATEMENT } from './shared-statement';
import { frameOf, STATEMENT, UNNAMED } from './statement-messages';

const { Close, Parse } = Frontend;

/** The answer to a Parse that makes it. */
class ParseReply implements ExpectedReply {
  readonly kind = Answer.Parse;
  readonly swallow = false;
  readonly wantsDescription = false;
  readonly own: OwnStatement;
  statements: LinkStatements;
  /** What was unnamed before it was the same. */
  isRepeated = false;

  constructor(own: OwnStatement, statements: LinkStatements) {
    this.own = own;
    this.statements = statements;
  }

  arrived(): void {
    this.own.isSure = true;
    this.own.before = undefined;
  }

  failed(itself: boolean): void {
    const { own, statements } = this;
    if (itself) own.fate = 'failed';
    else if (this.isRepeated) own.isSure = true;
    else own.fate = 'skipped';
    if (statements.unnamed !== own.statement) return;
    statements.unnamed = UNKNOWN_STATEMENT;
    statements.unnamedBy = 0;
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
    this.#reply = new ParseReply(own, link.statements);
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
    reply.statements = link.statements;
    this.#parsing(link, reply);
    return true;
  }

  #parsing({ statements, owed }: Link, reply: ParseReply): void {
    statements.unnamed = reply.own.statement;
    statements.unnamedBy = this.#host.id;
    statements.expected.sent(reply, owed.messagesInGroup);
  }

  /** Something ends it. */
  end(link: Link): void {
    this.#own.unnamed = undefined;
    link.statements.unnamed = undefined;
  }

  /** This one has to be what is unnamed on the link; undefined: nothing may be. */
  use(link: Link, own: OwnStatement | undefined, out: Outgoing): Relayed {
    const { statements, owed } = link;
    const refusal = this.#apart.refusal(own);
    if (refusal !== undefined) return refusal;
    const isThere = own !== undefined && statements.unnamed === own.statement;
    if (isThere && statements.unnamedBy === this.#host.id) return PASS;
    if (own === undefined || own.statement.tail.length === 0) {
      // Somebody else's must not be taken for it.
      if (statements.unnamed !== undefined) {
        inject(link, out, frameOf(Close, STATEMENT, UNNAMED), this.#unsure(SWALLOWED_CLOSE, link));
        statements.unnamed = undefined;
      }
      return PASS;
    }
    if (this.#apart.hasOtherSettings(own)) {
      // What leaves a failed transaction may be on its way.
      if (owed.mayAwait) return WAIT;
      if (owed.settled && link.status !== STATUS_FAILED)
        return { kind: 'wait', begin: () => this.#apart.prepareUnnamed(link, own) };
    }
    const reply = this.#unsure(SWALLOWED_PARSE, link);
    inject(link, out, frameOf(Parse, UNNAMED, own.statement.tail), reply);
    statements.unnamed = own.statement;
    statements.unnamedBy = this.#host.id;
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
}
