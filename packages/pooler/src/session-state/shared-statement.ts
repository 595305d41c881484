import { randomText } from '@pgweir/protocol';
import type { SqlKnowledge } from '../sql/classify';
import { type Effects, NO_EFFECTS } from '../sql/effects';
import { look } from '../sql/look';
import { Mark } from '../sql/marks';
import type { StatementText } from '../statements/statement-text';
import { isSame } from './statement-messages';

/** Statements that are remembered, and bytes of their texts; the oldest go first. */
const STATEMENTS_MAX = 10_000;
const BYTES_MAX = 32 * 1024 * 1024;

/** Letters of our own names; nobody outside can guess them. */
const SECRET_BYTES = 6;

/**
 * A prepared statement as PostgreSQL sees it: everybody who prepares the same text with the same
 * parameter types under the same settings means the same.
 */
export interface SharedStatement {
  /** Its name on links, NUL included. */
  readonly serverName: Buffer;
  /** What follows the name in a Parse message; empty when it was too long to be kept. */
  readonly tail: Buffer;
  /** Key of the settings under which it was parsed. */
  readonly context: string;
  /** Of one that was too long to be kept known when it has gone out. */
  effects: Effects;
  /** It means the same when it is prepared again. */
  readonly keepable: boolean;
  /** What it counts as, once somebody has counted it. */
  counted?: StatementText;
}

/** The statements that clients of this process have prepared, by text, parameter types and settings. */
export class StatementRegistry {
  readonly #knowledge: SqlKnowledge;
  /** What all our own names begin with. */
  readonly prefix: string;
  /** A name that nothing has, NUL included. */
  readonly noName: Buffer;
  readonly #byHash = new Map<number, SharedStatement[]>();
  #count = 0;
  #bytes = 0;
  #number = 0;

  constructor(knowledge: SqlKnowledge) {
    this.#knowledge = knowledge;
    const secret = Buffer.from(randomText(SECRET_BYTES), 'latin1').toString('hex');
    this.prefix = `pgweir_${secret}_`;
    this.noName = Buffer.from(`${this.prefix}0\0`, 'latin1');
  }

  /** Finds or makes the statement whose Parse message has `buffer[start, end)` behind the name. */
  find(buffer: Buffer, start: number, end: number, context: string): SharedStatement {
    const hash = hashOf(buffer, start, end);
    const found = this.#byHash.get(hash);
    if (found !== undefined) {
      for (const statement of found) {
        if (statement.context === context && isSame(statement.tail, buffer, start, end))
          return statement;
      }
    }
    const made = this.#make(Buffer.from(buffer.subarray(start, end)), context);
    // 'now' is not now later: such a statement is shared with nobody.
    if (made.keepable) this.#remember(hash, made);
    return made;
  }

  /** The same for one client alone. */
  makePrivate(statement: SharedStatement): SharedStatement {
    return { ...statement, serverName: this.#freshName(), context: ownContext() };
  }

  /** One that was too long to be kept, or is too much. */
  makeUnkeepable(effects = NO_EFFECTS): SharedStatement {
    const serverName = this.#freshName();
    return { serverName, tail: NOTHING, context: '', effects, keepable: false };
  }

  #make(tail: Buffer, context: string): SharedStatement {
    const effects = this.#effectsOf(tail);
    const keepable = (effects.marks & Mark.ParseTime) === 0;
    return { serverName: this.#freshName(), tail, context, effects, keepable };
  }

  #freshName(): Buffer {
    return Buffer.from(`${this.prefix}${++this.#number}\0`, 'latin1');
  }

  #effectsOf(tail: Buffer): Effects {
    const textEnd = Math.max(tail.indexOf(0), 0);
    const bits = look(tail, 0, textEnd);
    return bits === 0 ? NO_EFFECTS : this.#knowledge.effectsOf(tail.toString('utf8', 0, textEnd));
  }

  #remember(hash: number, statement: SharedStatement): void {
    const same = this.#byHash.get(hash);
    if (same === undefined) this.#byHash.set(hash, [statement]);
    else same.push(statement);
    this.#count++;
    this.#bytes += statement.tail.length;
    while (this.#count > STATEMENTS_MAX || this.#bytes > BYTES_MAX) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [hash, statements] of this.#byHash) {
      this.#byHash.delete(hash);
      this.#count -= statements.length;
      for (const { tail } of statements) this.#bytes -= tail.length;
      return;
    }
  }
}

const { imul } = Math;

/** FNV-1a over the length and all bytes. */
function hashOf(buffer: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  for (let at = start; at < end; at++) hash = imul(hash ^ (buffer[at] ?? 0), 0x01000193);
  return hash;
}

let contexts = 0;

/** A context that no other statement has: nobody shares what was parsed in it. */
export function ownContext(): string {
  return `\0${++contexts}`;
}

/** Whether one client alone has it. */
export function isPrivate({ context }: SharedStatement): boolean {
  return context.startsWith('\0');
}

const NOTHING = Buffer.alloc(0);

/** The SQL of a statement; empty when it was too long to be kept. */
export function textOf({ tail }: SharedStatement): string {
  return tail.toString('utf8', 0, Math.max(tail.indexOf(0), 0));
}

/** Stands for a statement on a link of which nobody knows what it is, or whether there is one. */
export const UNKNOWN_STATEMENT: SharedStatement = {
  serverName: NOTHING,
  tail: NOTHING,
  context: '',
  effects: NO_EFFECTS,
  keepable: false,
};
