import { randomInt } from 'node:crypto';
import type { Clock } from '../ports/clock';
import { SHAPE_TEXT_BYTES_MAX, Shape } from '../routing/shape';
import { ShapeCache, type ShapeKey } from '../routing/shape-cache';
import { type Fingerprints, type StatementText, statementText } from './statement-text';

/** So much of a text is looked at. */
export const LOOKED_AT_BYTES_MAX = SHAPE_TEXT_BYTES_MAX;

/** What an entry weighs besides its text. */
const ENTRY_BYTES = 300;
const REMEMBERED = { shapesMax: 8192, weightMax: 4 * 1024 * 1024 };

/** What a new text costs at least: microseconds, and so many for each byte of it. */
const TEXT_US = 60;
const BYTE_US = 0.7;
/** What it costs to replace the parser, which a text that is nested too deeply breaks. */
const PARSER_US = 30_000;
/** New texts may take this part of the time, and so much of it at once. */
const SHARE_OF_TIME = 0.05;
const CREDIT_US_MAX = 50_000;
/** And so much once: the parser is slow at first, before its code is compiled. */
const FIRST_CREDIT_US = 500_000;

/**
 * Recognizes statements by their bytes. A text that differs from one seen lately in literals and white
 * space alone costs one pass over it and a few comparisons; the grammar sees a new one. There may be any
 * number of those: they get a bounded share of the time, and are not known beyond it.
 */
export class StatementTexts {
  readonly #grammar: Fingerprints;
  readonly #clock: Clock;
  readonly #shape = new Shape();
  readonly #bytes = new ByteHash();
  readonly #byShape = new ShapeCache<StatementText>(REMEMBERED);
  /** Those that have no shape. */
  readonly #byBytes = new ShapeCache<StatementText>(REMEMBERED);
  #creditUs = FIRST_CREDIT_US;
  #creditAtMs = 0;

  /** `clock` goes on while a text is looked at: that is measured. */
  constructor(grammar: Fingerprints, clock: Clock) {
    this.#grammar = grammar;
    this.#clock = clock;
  }

  /** How many texts are remembered. */
  get size(): number {
    return this.#byShape.size + this.#byBytes.size;
  }

  /**
   * The statement in `buffer[start, end)`, a text without its NUL. `isCut`: there is more of it, and
   * LOOKED_AT_BYTES_MAX bytes are here. Undefined: it is new, and there is no time for it now.
   */
  of(buffer: Buffer, start: number, end: number, isCut: boolean): StatementText | undefined {
    const shape = this.#shape;
    if (!isCut && shape.read(buffer, start, end)) {
      return this.#byShape.get(shape) ?? this.#learn(buffer, start, end, shape);
    }
    const bytes = this.#bytes;
    bytes.read(buffer, start, Math.min(end, start + LOOKED_AT_BYTES_MAX));
    return this.#byBytes.get(bytes) ?? this.#learn(buffer, start, end, bytes);
  }

  #learn(buffer: Buffer, start: number, end: number, key: ShapeKey): StatementText | undefined {
    const lookedAtEnd = Math.min(end, start + LOOKED_AT_BYTES_MAX);
    const startMs = this.#clock.nowMs();
    if (!this.#grammar.ready || !this.#hasTime(startMs)) return undefined;
    const text = buffer.toString('utf8', start, lookedAtEnd);
    const isCut = lookedAtEnd < end || lookedAtEnd - start === LOOKED_AT_BYTES_MAX;
    const known = statementText(text, { grammar: this.#grammar, isCut });
    const weight = 2 * known.statement.length + ENTRY_BYTES;
    if (key === this.#shape) this.#byShape.add(key, known, weight);
    else this.#byBytes.add(key, known, weight);
    const leastUs = TEXT_US + BYTE_US * (lookedAtEnd - start);
    this.#creditUs -= Math.max(leastUs, (this.#clock.nowMs() - startMs) * 1000);
    if (!this.#grammar.ready) this.#creditUs -= PARSER_US;
    return known;
  }

  /** @returns false when new texts have had their share of the time */
  #hasTime(nowMs: number): boolean {
    const earnedUs = (nowMs - this.#creditAtMs) * 1000 * SHARE_OF_TIME;
    if (this.#creditUs < CREDIT_US_MAX)
      this.#creditUs = Math.min(CREDIT_US_MAX, this.#creditUs + earnedUs);
    this.#creditAtMs = nowMs;
    return this.#creditUs > 0;
  }
}

const INT32_END = 2 ** 31;
const FIRST_BASIS = randomInt(INT32_END);
const SECOND_BASIS = randomInt(INT32_END);
const FIRST_PRIME = 0x01000193;
const SECOND_PRIME = 0x5bd1e995;
const SHIFT = 15;

/** Two hashes of bytes as they are, for texts without a shape. */
class ByteHash implements ShapeKey {
  first = 0;
  second = 0;
  readonly hint = 'none';

  read(buffer: Buffer, start: number, end: number): void {
    let first = FIRST_BASIS;
    let second = SECOND_BASIS;
    for (let at = start; at < end; at++) {
      const byte = buffer[at] ?? 0;
      first = Math.imul(first ^ byte, FIRST_PRIME);
      second = Math.imul(second + byte, SECOND_PRIME);
      second ^= second >>> SHIFT;
    }
    this.first = first;
    this.second = second;
  }
}
