import { ResumableLook } from '../sql/look';
import type { SharedStatement } from './shared-statement';

/** Stands for a text that nobody has kept. */
export const LONG = 'statement of more than 64 kB';

/** Looks at a text that is too long to be kept while it passes. */
export class LongText {
  /** One is passing, or has passed and nobody has asked about it. */
  isOpen = false;
  /** The statement that its Parse makes; undefined: it is a simple query. */
  #statement: SharedStatement | undefined;
  readonly #look = new ResumableLook();

  /** It begins with `buffer[start, end)`. */
  begin(buffer: Buffer, start: number, end: number, statement?: SharedStatement): void {
    this.isOpen = true;
    this.#statement = statement;
    this.#look.begin();
    this.#look.feed(buffer, start, end);
  }

  goesOn(buffer: Buffer, start: number, end: number): void {
    if (this.isOpen) this.#look.feed(buffer, start, end);
  }

  /** It is over. @returns what `look` says of it, and whose it was */
  end(): { readonly bits: number; readonly statement: SharedStatement | undefined } {
    this.isOpen = false;
    return { bits: this.#look.finish(), statement: this.#statement };
  }
}
