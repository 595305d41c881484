import { Frontend } from '@pgweir/protocol';
import type { ReadJudge } from '../routing/read-judge';
import { OwnStatements } from '../session-state/own-statement';
import { nameEndAt, STATEMENT_KIND } from '../session-state/statement-messages';
import type { SqlKnowledge } from '../sql/classify';
import { type StepKind, transactionSteps } from '../sql/transaction-steps';
import { isWhole } from './unanswered';
import type { UnansweredGroup, UnansweredMessage } from './unanswered-store';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Execute, FunctionCall, Parse, Query } = Frontend;

/**
 * What a statement that was under way may have done. `read`: nothing for certain; `named-read`: one that
 * was prepared in an earlier group; `write`: it changes rows, and nothing of the session; `unsent`:
 * nothing, because the end of it was not sent.
 */
export type LostStep = StepKind | 'read' | 'named-read' | 'write' | 'unsent';

/** What is known of the statements that a client names. */
export interface StepKnowledge {
  readonly sql: SqlKnowledge;
  readonly proof: Pick<ReadJudge, 'isProvenRead'>;
  /** Those that the client had prepared when all of this began. */
  readonly own: OwnStatements;
}

/** SQL; `unknown`: it was too long to be kept; undefined: PostgreSQL knows the name, or nobody does. */
type Text = Buffer | 'unknown' | undefined;

/** `isOfEarlier`: the statement was made in a group before. */
interface Portal {
  readonly text: Text;
  readonly isOfEarlier: boolean;
}

/** Reads what the groups that were under way would have done, in their order. */
export class LostSteps {
  readonly #knowledge: StepKnowledge;
  /** Statements that these groups have made or closed. */
  readonly #texts = new Map<string, Text>();
  /** Those of them that the group in hand has. */
  readonly #fresh = new Set<string>();

  constructor(knowledge: StepKnowledge) {
    this.#knowledge = knowledge;
  }

  /**
   * The next group.
   *
   * Which text a statement has that was prepared before the rest was sent, its beginning tells: another
   * one may have taken the name by now.
   */
  of({ messages, isCut, standing }: UnansweredGroup): readonly LostStep[] {
    this.#fresh.clear();
    for (const message of standing) if (message.tag === Parse) this.#parse(message);
    const steps: LostStep[] = [];
    const portals = new Map<string, Portal>();
    for (const message of messages) {
      const { body, tag } = message;
      if (tag === Query) steps.push(...this.#query(message));
      else if (tag === FunctionCall) steps.push(isSent(message) ? 'plain' : 'unsent');
      else if (tag === Parse) this.#parse(message);
      else if (tag === Bind) this.#bind(message, portals);
      else if (tag === Close && body[0] === STATEMENT_KIND) {
        this.#set(keyAt(body, 1), undefined);
      } else if (tag === Execute) {
        const portal = portals.get(keyAt(body, 0));
        // A portal of another group may be anything.
        steps.push(...(portal === undefined ? UNKNOWN : this.#stepsOfPortal(portal)));
      }
    }
    if (isCut) steps.push('unknown');
    return steps;
  }

  /** What has been answered of the group can be made again: it is there under the names that it has. */
  hasWhatStands({ standing }: UnansweredGroup): boolean {
    return standing.every((message) => {
      if (message.tag !== Parse) return true;
      const text = parsedText(message);
      const own = this.#ownText(keyAt(message.body, 0));
      return text instanceof Buffer && own instanceof Buffer && text.equals(own);
    });
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
    const steps = transactionSteps(sql, text);
    const changesSession = steps.some(({ isDml }) => isDml) && this.#changesSession(text);
    return steps.map(({ kind, isDml, start, end }) => {
      if (kind !== 'plain') return kind;
      if (proof.isProvenRead(text, start, end)) return 'read';
      return isDml && !changesSession ? 'write' : 'plain';
    });
  }

  /** As `INSERT … SELECT set_config(…)` does. */
  #changesSession(text: Buffer): boolean {
    const { marks, settings, settingParameters } = this.#knowledge.sql.effectsOf(text.toString());
    return marks !== 0 || settings.length + settingParameters.length > 0;
  }

  /** Where the statement is one of an earlier group, that has to run again as well. */
  #stepsOfPortal({ text, isOfEarlier }: Portal): readonly LostStep[] {
    const steps = this.#steps(text);
    if (!isOfEarlier) return steps;
    return steps.map((step) => (step === 'read' ? 'named-read' : 'plain'));
  }

  #parse(message: UnansweredMessage): void {
    this.#set(keyAt(message.body, 0), parsedText(message));
  }

  #set(key: string, text: Text): void {
    this.#texts.set(key, text);
    this.#fresh.add(key);
  }

  #bind({ body }: UnansweredMessage, portals: Map<string, Portal>): void {
    const nameStart = nameEndAt(body, 0, body.length) + 1;
    if (nameStart === 0) return;
    const key = keyAt(body, nameStart);
    const isOfThese = this.#texts.has(key);
    portals.set(keyAt(body, 0), {
      text: isOfThese ? this.#texts.get(key) : this.#ownText(key),
      isOfEarlier: isOfThese && !this.#fresh.has(key),
    });
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

function parsedText({ body }: UnansweredMessage): Buffer | 'unknown' {
  const start = nameEndAt(body, 0, body.length) + 1;
  const end = body.indexOf(0, start);
  return start > 0 && end >= 0 ? body.subarray(start, end) : 'unknown';
}

function isSent({ bodyLength, sentBytes }: UnansweredMessage): boolean {
  return sentBytes === bodyLength;
}

/** The key of the name that begins at `start`. */
function keyAt(body: Buffer, start: number): string {
  const end = nameEndAt(body, start, body.length);
  return OwnStatements.key(body, start, end < 0 ? body.length : end);
}
