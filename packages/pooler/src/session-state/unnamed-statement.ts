import { Frontend } from '@pgweir/protocol';
import type { ExpectedReply } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { LinkStatements } from '../backend/link-statements';
import { STATUS_FAILED } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import type { ApartPreparation } from './apart-preparation';
import { inject, SWALLOWED_CLOSE, SWALLOWED_PARSE } from './injection';
import type { OwnStatement, OwnStatements } from './own-statement';
import { PASS, type Relayed, WAIT } from './relayed';
import { UNKNOWN_STATEMENT } from './shared-statement';
import { frameOf, STATEMENT, UNNAMED } from './statement-messages';

const { Close, Parse } = Frontend;

/** The answer to a Parse that makes it; a class, because there is one for each statement that is asked. */
class ParseReply implements ExpectedReply {
  readonly kind = 'parse';
  readonly swallow = false;
  readonly wantsDescription = false;
  readonly #own: OwnStatement;
  readonly #statements: LinkStatements;

  constructor(own: OwnStatement, statements: LinkStatements) {
    this.#own = own;
    this.#statements = statements;
  }

  arrived(): void {
    this.#own.before = undefined;
  }

  failed(itself: boolean): void {
    this.#own.fate = itself ? 'failed' : 'skipped';
    if (this.#statements.unnamed !== this.#own.statement) return;
    this.#statements.unnamed = UNKNOWN_STATEMENT;
    this.#statements.unnamedBy = 0;
  }
}

/** The unnamed prepared statement of one session, which others on its links have, too. */
export class UnnamedStatement {
  readonly #host: StateFollowing;
  readonly #own: OwnStatements;
  readonly #apart: ApartPreparation;

  constructor(host: StateFollowing, own: OwnStatements, apart: ApartPreparation) {
    this.#host = host;
    this.#own = own;
    this.#apart = apart;
  }

  /** A Parse of the client's goes out that makes it. */
  parsed(link: Link, own: OwnStatement): void {
    const { statements } = link;
    own.before = this.#own.unnamed;
    this.#own.unnamed = own;
    statements.unnamed = own.statement;
    statements.unnamedBy = this.#host.id;
    statements.expected.sent(new ParseReply(own, statements), link.owed.messagesInGroup);
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
