import { Frontend, parameterDescription } from '@pgweir/protocol';
import { tickOfStatements } from '../backend/link-statements';
import { boundKey, OwnStatements } from '../session-state/own-statement';
import type { StateKnowledge } from '../session-state/state-knowledge';
import { type Message, nameEndAt, STATEMENT_KIND } from '../session-state/statement-messages';
import { type StepKind, transactionSteps } from '../sql/transaction-steps';
import type { StateFollowing } from './state-following';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Describe, Execute, Parse } = Frontend;

const OID_BYTES = 4;
const COUNT_BYTES = 2;

/**
 * Prepares and binds, without a link, the statements by which a client leaves a transaction. On the next
 * link they are prepared like any other that the client has.
 */
export class ExitStatements {
  /** The portal that was bound last. */
  #portal: { readonly key: string; readonly kind: StepKind } | undefined;
  readonly #knowledge: StateKnowledge;

  constructor(knowledge: StateKnowledge) {
    this.#knowledge = knowledge;
  }

  groupEnds(): void {
    this.#portal = undefined;
  }

  /** What the statement does that an extended message speaks of; undefined: it is not known. */
  kindOf({ tracker }: StateFollowing, tag: number, message: Message): StepKind | undefined {
    const { buffer, start, end, bodyLength } = message;
    const { own } = tracker.statements;
    if (tag === Parse) {
      const textStart = nameEndAt(buffer, start, end) + 1;
      const isTaken = textStart > start + 1 && own.get(keyAt(message, start)) !== undefined;
      if (textStart === 0 || isTaken || end - start < bodyLength) return undefined;
      return this.#kind(buffer.subarray(textStart, end));
    }
    if (tag === Execute || (tag === Describe && buffer[start] !== STATEMENT_KIND)) {
      const key = keyAt(message, tag === Execute ? start : start + 1);
      return this.#portal?.key === key ? this.#portal.kind : undefined;
    }
    if (tag !== Bind && tag !== Describe) return undefined;
    const key = tag === Bind ? boundKey(message) : keyAt(message, start + 1);
    const found = key === '' ? own.unnamed : own.get(key ?? '');
    return found === undefined ? undefined : this.#kind(found.statement.tail);
  }

  /** `tail`: a text with its NUL, and whatever follows. Only what is one statement counts. */
  #kind(tail: Buffer): StepKind | undefined {
    const textEnd = tail.indexOf(0);
    if (textEnd < 0) return undefined;
    const [first, second] = transactionSteps(this.#knowledge.sql, tail.subarray(0, textEnd));
    return second === undefined ? first?.kind : undefined;
  }

  parse({ settings, tracker }: StateFollowing, message: Message): void {
    const { buffer, start, end } = message;
    const { own } = tracker.statements;
    const textStart = nameEndAt(buffer, start, end) + 1;
    const { profile } = settings;
    const { statements } = this.#knowledge;
    const made = {
      statement: statements.find(buffer, textStart, end, profile.parsingKey),
      profile,
      open: undefined,
      parsedAt: tickOfStatements(),
      shape: 0,
      before: undefined,
      isSure: true,
      fate: 'taken',
    } as const;
    if (textStart === start + 1) own.unnamed = { ...made };
    else own.set(keyAt(message, start), { ...made });
  }

  bind(message: Message, kind: StepKind): void {
    this.#portal = { key: keyAt(message, message.start), kind };
  }

  /** What a Describe of a statement says of its parameters; of a portal nothing. */
  parametersOf({ tracker }: StateFollowing, message: Message): Buffer {
    const { buffer, start } = message;
    if (buffer[start] !== STATEMENT_KIND) return NOTHING;
    const { own } = tracker.statements;
    const key = keyAt(message, start + 1);
    const found = key === '' ? own.unnamed : own.get(key);
    return parameterDescription(found === undefined ? [] : oidsOf(found.statement.tail));
  }

  close({ tracker }: StateFollowing, message: Message): void {
    const { buffer, start } = message;
    if (buffer[start] === STATEMENT_KIND) tracker.statements.closeHere(message);
    else if (this.#portal?.key === keyAt(message, start + 1)) this.#portal = undefined;
  }
}

const NOTHING = Buffer.alloc(0);

function keyAt({ buffer, end }: Message, start: number): string {
  const nameEnd = nameEndAt(buffer, start, end);
  return OwnStatements.key(buffer, start, nameEnd < 0 ? end : nameEnd);
}

/** The types of the parameters that a Parse names, by what follows its name. */
function oidsOf(tail: Buffer): readonly number[] {
  const at = tail.indexOf(0) + 1;
  if (tail.length < at + COUNT_BYTES) return [];
  const oids: number[] = [];
  const first = at + COUNT_BYTES;
  for (let next = first; next + OID_BYTES <= tail.length; next += OID_BYTES) {
    if (oids.length === tail.readUInt16BE(at)) break;
    oids.push(tail.readUInt32BE(next));
  }
  return oids;
}
