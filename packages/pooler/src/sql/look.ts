import { LOOK_UNSURE } from './marks';
import { Reading } from './reading';
import { beforeOf, skipInText } from './skip';
import { Before } from './words';

/**
 * The cheap look at a text that comes in pieces: which words in it may change the state of a session.
 * It knows PostgreSQL's lexical rules, so that words in literals and comments do not count. Where
 * these depend on a setting of the session all possibilities are followed.
 */
export class ResumableLook {
  readonly #readings: Reading[] = [];
  readonly #first = new Reading(this.#readings);

  constructor() {
    this.#readings.push(this.#first);
  }

  /** A text begins; or what follows `before` (bits of Before) in one that began elsewhere. */
  begin(before: number = Before.Start): void {
    this.#readings.length = 1;
    this.#first.begin(before);
  }

  /** Looks at `buffer[start, end)`, which goes on where the piece before ended. */
  feed(buffer: Buffer, start: number, end: number): void {
    // Readings that are made meanwhile have read this piece by then.
    const count = this.#readings.length;
    this.#first.feed(buffer, start, end);
    for (let index = 1; index < count; index++) this.#readings[index]?.feed(buffer, start, end);
  }

  /** The text is over. 0: no effects for certain; otherwise marks and LOOK bits, roughly. */
  finish(): number {
    let bits = this.#first.finish();
    const count = this.#readings.length;
    for (let index = 1; index < count; index++) bits |= this.#readings[index]?.finish() ?? 0;
    return (bits & ~LOOK_UNSURE) === 0 ? 0 : bits;
  }
}

const wholeTexts = new ResumableLook();

/**
 * The cheap look at a whole text, `buffer[start, end)` without its NUL: 0 when it has no effects for
 * certain, otherwise marks and LOOK bits, roughly.
 */
export function look(buffer: Buffer, start: number, end: number): number {
  const at = skipInText(buffer, start, end);
  if (at === end) return 0;
  wholeTexts.begin(beforeOf(buffer, start, at, Before.Start));
  wholeTexts.feed(buffer, at, end);
  return wholeTexts.finish();
}
