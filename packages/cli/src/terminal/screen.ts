import type { ReadStream, WriteStream } from 'node:tty';
import type { Line, Look, Size } from './line';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J';
const LEAVE = '\u001b[0m\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const LOOKS: Readonly<Record<Look, string>> = {
  plain: '0',
  bold: '0;1',
  dim: '0;2',
  alert: '0;1;31',
  reverse: '0;7',
  application: '0;36',
  queue: '0;33',
  server: '0;32',
};
/** Without colours (NO_COLOR) something is left that can be told apart. */
const COLOURLESS: Partial<Record<Look, string>> = {
  alert: '0;1',
  application: '0',
  queue: '0',
  server: '0',
};

/** The terminal, while it shows a page. It is as it was before after `leave`, however things end. */
export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #looks: Readonly<Record<Look, string>>;
  #isEntered = false;

  constructor(input: ReadStream, output: WriteStream, options: { readonly colours: boolean }) {
    this.#input = input;
    this.#output = output;
    this.#looks = options.colours ? LOOKS : { ...LOOKS, ...COLOURLESS };
  }

  get size(): Size {
    // A terminal that does not know its size says 0.
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  /** Idempotent. */
  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(ENTER);
  }

  /** Idempotent; also in the handler of an exit. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(LEAVE);
  }

  /** A terminal that does not keep up misses a page: the next one has everything. */
  draw(lines: readonly Line[]): void {
    if (!this.#isEntered || this.#output.writableNeedDrain) return;
    const texts = lines.map((line) => `${this.#painted(line)}${CLEAR_LINE}`);
    this.#output.write(`${HOME}${texts.join('\r\n')}${CLEAR_BELOW}`);
  }

  #painted(line: Line): string {
    const spans = line.map(({ text, look }) => `\u001b[${this.#looks[look]}m${text}`);
    return `${spans.join('')}\u001b[0m`;
  }
}
