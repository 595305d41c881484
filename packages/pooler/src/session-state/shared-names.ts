import { Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { type Instance, type Outcome, tickOfStatements } from '../backend/link-statements';
import { STATUS_FAILED } from '../backend/server-status';
import type { StateFollowing } from '../frontend/state-following';
import type { Outgoing } from '../relay/outgoing';
import type { ApartPreparation } from './apart-preparation';
import { inject, SWALLOWED_CLOSE, SWALLOWED_PARSE } from './injection';
import type { OwnStatement } from './own-statement';
import { PASS, type Relayed, WAIT } from './relayed';
import { isPrivate, type SharedStatement, type StatementRegistry } from './shared-statement';
import { frameOf, STATEMENT } from './statement-messages';

const { Close, Parse } = Frontend;

/** So many statements are prepared ahead of a group. */
const AHEAD_MAX = 50;

/**
 * Sees to it that a client's statements are on its link under the names that all clients share, and are
 * what the client has prepared.
 */
export class SharedNames {
  readonly #host: StateFollowing;
  readonly #registry: StatementRegistry;
  readonly #apart: ApartPreparation;

  constructor(host: StateFollowing, registry: StatementRegistry, apart: ApartPreparation) {
    this.#host = host;
    this.#registry = registry;
    this.#apart = apart;
  }

  /** A Parse of the client's is about to make it. @returns what the answer decides */
  parsing(link: Link, statement: SharedStatement, out: Outgoing): Outcome {
    if (link.statements.mayBeThere(statement)) this.#closeOn(link, statement, out);
    this.#makeRoom(link, out);
    this.#count();
    return link.statements.preparing(statement);
  }

  /** Sees to it that a named statement is on the link, and is what the client thinks it is. */
  use(link: Link, own: OwnStatement, out: Outgoing): Relayed {
    const { statements, owed } = link;
    const refusal = this.#apart.refusal(own);
    if (refusal !== undefined) return refusal;
    if (!own.isSure && owed.mayAwait) return WAIT;
    const instance = statements.find(own.statement);
    if (instance !== undefined && statements.isSure(instance) && isGood(instance, own)) {
      instance.usedAt = tickOfStatements();
      instance.checkedAt = instance.usedAt;
      return PASS;
    }
    if (!own.statement.keepable) return PASS;
    this.#keepApart(link, own);
    if (this.#needsApart(own)) {
      // What leaves a failed transaction may be on its way.
      if (owed.mayAwait) return WAIT;
      if (owed.settled && link.status !== STATUS_FAILED)
        return { kind: 'wait', begin: () => this.#apart.prepare(link, [own], { ahead: false }) };
    }
    if (this.#apart.hasOtherSettings(own)) return this.#preparePrivately(link, own, out);
    const { statement } = own;
    if (statements.mayBeThere(statement)) this.#closeOn(link, statement, out);
    this.#makeRoom(link, out);
    this.#count();
    const reply = { ...SWALLOWED_PARSE, ...statements.preparing(statement) };
    inject(link, out, frameOf(Parse, statement.serverName, statement.tail), reply);
    return PASS;
  }

  /** What is prepared where others would not see the same tables is for nobody else. */
  #keepApart(link: Link, own: OwnStatement): void {
    if (isPrivate(own.statement) || !this.#host.seesOwnSchema(link)) return;
    own.statement = this.#registry.makePrivate(own.statement);
  }

  /** What the client has been told of the result must still hold, which shows before it is used. */
  #needsApart(own: OwnStatement): boolean {
    return own.shape !== 0 || this.#apart.hasOtherSettings(own);
  }

  /**
   * Before a group begins that uses these: prepares apart what can't be prepared in the middle of it.
   * `changes`: the group changes settings, behind which a statement could mean something else.
   */
  makeReady(link: Link, used: readonly OwnStatement[], changes: boolean): Relayed {
    const { statements, owed } = link;
    if (statements.takenOver || owed.uncertain) return PASS;
    const missing = used.filter((own) => {
      const instance = statements.find(own.statement);
      if (instance !== undefined && statements.isSure(instance) && isGood(instance, own))
        return false;
      if (!own.statement.keepable || this.#apart.hasBeenTried(own)) return false;
      return changes || this.#needsApart(own);
    });
    if (missing.length === 0) return PASS;
    if (!owed.settled) return WAIT;
    if (link.status === STATUS_FAILED) return PASS;
    const most = Math.min(AHEAD_MAX, this.#host.preparedStatementsMax);
    const some = missing.slice(0, most);
    for (const own of some) this.#keepApart(link, own);
    // The others are prepared where they stand, and so is what has to make room.
    this.#apart.skip(missing.slice(most));
    return { kind: 'wait', begin: () => this.#apart.prepare(link, some, { ahead: true }) };
  }

  /** Under settings that are still open it may become what nobody else means by it. */
  #preparePrivately(link: Link, own: OwnStatement, out: Outgoing): Relayed {
    own.statement = this.#registry.makePrivate(own.statement);
    this.#makeRoom(link, out);
    this.#count();
    const outcome = link.statements.preparingForGroup(own.statement, own.shape);
    const reply = { ...SWALLOWED_PARSE, ...outcome };
    const frame = frameOf(Parse, own.statement.serverName, own.statement.tail);
    inject(link, out, frame, reply);
    return PASS;
  }

  /** One is prepared on a link. */
  #count(): void {
    this.#host.admission.database.counters.serverParses++;
  }

  #closeOn(link: Link, statement: SharedStatement, out: Outgoing): void {
    const reply = { ...SWALLOWED_CLOSE, ...link.statements.closing(statement) };
    inject(link, out, frameOf(Close, STATEMENT, statement.serverName), reply);
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
}

/** The statement on the link is what the client has prepared, and returns what it was told. */
function isGood(instance: Instance, own: OwnStatement): boolean {
  if (instance.checkedAt < own.parsedAt) return false;
  return own.shape === 0 || instance.shape === own.shape;
}
