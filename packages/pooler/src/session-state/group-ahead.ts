import { Frontend, HEADER_BYTES as HEADER } from '@pgweir/protocol';
import { type Effects, NO_EFFECTS, SumOfEffects } from '../sql/effects';
import { look } from '../sql/look';
import { LOOK_EXITS, Mark } from '../sql/marks';
import { dropsStatements } from './effect-questions';
import { boundKey, type OwnStatement, OwnStatements } from './own-statement';
import { textOf } from './shared-statement';
import type { SqlPrepared } from './sql-prepared';
import type { StateKnowledge } from './state-knowledge';
import {
  isSameName,
  lengthAt,
  type Message,
  nameEndAt,
  STATEMENT_KIND,
} from './statement-messages';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Close, Describe, Execute, Parse } = Frontend;

const HEADER_BYTES = HEADER;
const LENGTH_BYTES = 4;

/** The beginning of a group that is cut within a message waits for the rest up to this size. */
const GROUP_BYTES_MAX = 16 * 1024;
/** As many messages of a group are looked at before the first of them goes out. */
const MESSAGES_MAX = 3000;

const NONE: readonly OwnStatement[] = [];

/** Messages of a group, which go on to the Sync. */
const IN_GROUP = new Uint8Array(256);
for (const tag of [Bind, Close, Describe, Execute, Parse]) IN_GROUP[tag] = 1;

/**
 * Looks at the whole group of extended messages when it begins, as far as it has arrived: what one of
 * its statements needs on the link has to be there before the first of them goes out, because in the
 * middle of a group nothing can be awaited.
 */
export class GroupAhead {
  /** Effects of all its statements together; undefined: there is but one, which is looked at by itself. */
  effects: Effects | undefined;
  /** The last message is here in part: with so many bytes of the group it is whole. Otherwise 0. */
  wanted = 0;
  /** It speaks of a name of which PostgreSQL has not said yet whether it has been given. */
  isUnsure = false;
  /** Statements prepared before that it uses. */
  used: readonly OwnStatement[] = NONE;
  readonly #knowledge: StateKnowledge;
  readonly #own: OwnStatements;
  readonly #sqlPrepared: SqlPrepared;
  #texts: string[] = [];

  constructor(knowledge: StateKnowledge, own: OwnStatements, sqlPrepared: SqlPrepared) {
    this.#knowledge = knowledge;
    this.#own = own;
    this.#sqlPrepared = sqlPrepared;
  }

  /** The statements that have effects. */
  get text(): string {
    return this.#texts.join(';');
  }

  /** Nothing is known of a group. */
  clear(): void {
    this.effects = undefined;
    this.used = NONE;
    this.wanted = 0;
    this.isUnsure = false;
  }

  /** `tag` and `message`: the group's first, in a chunk that ends at `chunkEnd`. */
  begin(tag: number, message: Message, chunkEnd: number): void {
    const several = this.#survey(tag, message, chunkEnd);
    if (several && this.wanted === 0) this.#readAll(message, chunkEnd);
  }

  /** @returns whether there is more in it than one statement that is prepared, bound and run */
  #survey(tag: number, { buffer, start, bodyLength }: Message, chunkEnd: number): boolean {
    const first = start - HEADER_BYTES;
    let at = start + bodyLength;
    let several = tag === Close || tag === Describe;
    let parsed = tag === Parse ? start : -1;
    let binds = tag === Bind ? 1 : 0;
    while (at + HEADER_BYTES <= chunkEnd) {
      const next = buffer[at] ?? 0;
      if (IN_GROUP[next] !== 1) return several;
      const body = at + HEADER_BYTES;
      at = body + bodyLengthAt(buffer, at);
      if (next === Parse) several = true;
      else if (next === Close) several = true;
      else if (next === Describe && buffer[body] === STATEMENT_KIND) {
        if (parsed < 0 || !isSameName(buffer, parsed, body + 1, chunkEnd)) several = true;
      } else if (next === Bind) {
        binds++;
        const bound = nameEndAt(buffer, body, chunkEnd) + 1;
        if (binds > 1 || parsed < 0 || !isSameName(buffer, parsed, bound, chunkEnd)) several = true;
        parsed = -1;
      }
    }
    // Of a header that is cut its own end is all that is known.
    const whole = Math.max(at, at > chunkEnd ? at : at + HEADER_BYTES) - first;
    if (at !== chunkEnd && whole <= GROUP_BYTES_MAX) this.wanted = whole;
    return several;
  }

  #readAll({ buffer, start }: Message, chunkEnd: number): void {
    this.#texts = [];
    const used = new Set<OwnStatement>();
    const effects = new SumOfEffects();
    let at = start - HEADER_BYTES;
    let makesUnnamed = false;
    for (let count = 0; at + HEADER_BYTES <= chunkEnd && count < MESSAGES_MAX; count++) {
      const tag = buffer[at] ?? 0;
      if (IN_GROUP[tag] !== 1) break;
      const body = at + HEADER_BYTES;
      at = body + bodyLengthAt(buffer, at);
      if (at > chunkEnd) break;
      if (tag === Parse) {
        effects.add(inGroup(this.#parsedEffects(buffer, body, at)));
        const key = OwnStatements.key(buffer, body, Math.max(nameEndAt(buffer, body, at), body));
        if (key === '') makesUnnamed = true;
        if (this.#own.get(key)?.isSure === false) this.isUnsure = true;
        continue;
      }
      const key = usedKey(tag, { buffer, start: body, end: at, bodyLength: at - body });
      if (key === undefined || (key === '' && makesUnnamed)) continue;
      const own = key === '' ? this.#own.unnamed : this.#own.get(key);
      if (own === undefined) {
        effects.add(this.#sqlPrepared.get(key) ?? NO_EFFECTS);
        continue;
      }
      if (used.has(own)) continue;
      if (key !== '') used.add(own);
      if (!own.isSure) this.isUnsure = true;
      const { statement } = own;
      if (statement.effects === NO_EFFECTS) continue;
      this.#texts.push(textOf(statement));
      effects.add(inGroup(statement.effects));
    }
    this.effects = effects.result;
    if (used.size > 0) this.used = [...used];
  }

  #parsedEffects(buffer: Buffer, start: number, end: number): Effects {
    const textStart = nameEndAt(buffer, start, end) + 1;
    const textEnd = textStart === 0 ? -1 : buffer.indexOf(0, textStart);
    if (textEnd < 0 || textEnd >= end) return NO_EFFECTS;
    if ((look(buffer, textStart, textEnd) & ~LOOK_EXITS) === 0) return NO_EFFECTS;
    const text = buffer.toString('utf8', textStart, textEnd);
    const effects = this.#knowledge.sql.effectsOf(text);
    if (effects.marks !== 0) this.#texts.push(text);
    return effects;
  }
}

/** As one of several: of what takes all statements away the others need not know. */
function inGroup(effects: Effects): Effects {
  return dropsStatements(effects)
    ? { ...effects, marks: effects.marks & ~Mark.SqlPrepared, deallocates: undefined }
    : effects;
}

/** The key of the statement that a Bind or a Describe speaks of, empty for the unnamed one. */
function usedKey(tag: number, message: Message): string | undefined {
  if (tag === Bind) return boundKey(message);
  const { buffer, start, end } = message;
  if (tag !== Describe || buffer[start] !== STATEMENT_KIND) return undefined;
  return OwnStatements.key(buffer, start + 1, Math.max(end - 1, start + 1));
}

/** Of the frame that begins at `at`. */
function bodyLengthAt(buffer: Buffer, at: number): number {
  const length = lengthAt(buffer, at);
  // One that makes no sense is refused when its turn comes.
  return length > LENGTH_BYTES ? length - LENGTH_BYTES : 0;
}
