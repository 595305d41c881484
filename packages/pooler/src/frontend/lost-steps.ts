import { Frontend } from '@pgweir/protocol';
import type { ReadJudge } from '../routing/read-judge';
import { OwnStatements } from '../session-state/own-statement';
import { nameEndAt, STATEMENT_KIND } from '../session-state/statement-messages';
import type { SqlKnowledge } from '../sql/classify';
import { type StepKind, transactionSteps } from '../sql/transaction-steps';
import { isWhole, type UnansweredGroup, type UnansweredMessage } from './unanswered';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Execute, FunctionCall, Parse, Query } = Frontend;

/**
 * What a statement that was under way may have done. `read`: nothing for certain; `unsent`: nothing,
 * because the end of it was not sent.
 */
export type LostStep = StepKind | 'read' | 'unsent';

/** What is known of the statements that a client names. */
export interface StepKnowledge {
  readonly sql: SqlKnowledge;
  readonly proof: Pick<ReadJudge, 'isProvenRead'>;
  /** Those that the client had prepared when all of this began. */
  readonly own: OwnStatements;
}

/** SQL; `unknown`: it was too long to be kept; undefined: PostgreSQL knows the name, or nobody does. */
type Text = Buffer | 'unknown' | undefined;

/** Reads what the groups that were under way would have done, in their order. */
export class LostSteps {
  readonly #knowledge: StepKnowledge;
  /** Statements that these groups have made or closed. */
  readonly #texts = new Map<string, Text>();

  constructor(knowledge: StepKnowledge) {
    this.#knowledge = knowledge;
  }

  /** The next group. */
  of({ messages, isCut }: UnansweredGroup): readonly LostStep[] {
    const steps: LostStep[] = [];
    const portals = new Map<string, Text>();
    for (const message of messages) {
      const { body, tag } = message;
      if (tag === Query) steps.push(...this.#query(message));
      else if (tag === FunctionCall) steps.push(isSent(message) ? 'plain' : 'unsent');
      else if (tag === Parse) this.#parse(message);
      else if (tag === Bind) this.#bind(message, portals);
      else if (tag === Close && body[0] === STATEMENT_KIND) {
        this.#texts.set(keyAt(body, 1), undefined);
      } else if (tag === Execute) {
        const portal = keyAt(body, 0);
        // A portal of another group may be anything.
        steps.push(...(portals.has(portal) ? this.#steps(portals.get(portal)) : UNKNOWN));
      }
    }
    if (isCut) steps.push('unknown');
    return steps;
  }

  #query(message: UnansweredMessage): readonly LostStep[] {
    if (!isSent(message)) return ['unsent'];
    if (!isWhole(message)) return UNKNOWN;
    const { body } = message;
    return this.#steps(body.subarray(0, Math.max(0, body.length - 1)));
  }

  #steps(text: Text): readonly LostStep[] {
    if (text === 'unknown') return UNKNOWN;
    // What was prepared by SQL can't be a statement about transactions.
    if (text === undefined) return ['plain'];
    const { proof, sql } = this.#knowledge;
    return transactionSteps(sql, text).map(({ kind, start, end }) =>
      kind === 'plain' && proof.isProvenRead(text, start, end) ? 'read' : kind,
    );
  }

  #parse(message: UnansweredMessage): void {
    const { body } = message;
    const start = nameEndAt(body, 0, body.length) + 1;
    const end = body.indexOf(0, start);
    const isHere = start > 0 && end >= 0;
    this.#texts.set(keyAt(body, 0), isHere ? body.subarray(start, end) : 'unknown');
  }

  #bind({ body }: UnansweredMessage, portals: Map<string, Text>): void {
    const nameStart = nameEndAt(body, 0, body.length) + 1;
    if (nameStart === 0) return;
    const key = keyAt(body, nameStart);
    portals.set(keyAt(body, 0), this.#texts.has(key) ? this.#texts.get(key) : this.#ownText(key));
  }

  #ownText(key: string): Text {
    const { own } = this.#knowledge;
    const found = key === '' ? own.unnamed : own.get(key);
    if (found === undefined) return undefined;
    const { tail } = found.statement;
    return tail.length === 0 ? 'unknown' : tail.subarray(0, tail.indexOf(0));
  }
}

const UNKNOWN: readonly LostStep[] = ['unknown'];

function isSent({ bodyLength, sentBytes }: UnansweredMessage): boolean {
  return sentBytes === bodyLength;
}

/** The key of the name that begins at `start`. */
function keyAt(body: Buffer, start: number): string {
  const end = nameEndAt(body, start, body.length);
  return OwnStatements.key(body, start, end < 0 ? body.length : end);
}
