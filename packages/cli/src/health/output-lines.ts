/** Longer lines are cut into pieces of this length. */
const LINE_CHARS_MAX = 1000;
/** A command that goes on talking is not heard any more. */
const LINES_MAX = 200;

/** Makes lines of what a program writes, however much that is and wherever it is cut. */
export class OutputLines {
  readonly #said: (line: string) => void;
  #rest = '';
  #count = 0;

  constructor(said: (line: string) => void) {
    this.#said = said;
  }

  write(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) this.#line(part);
    while (this.#rest.length > LINE_CHARS_MAX) {
      this.#line(this.#rest.slice(0, LINE_CHARS_MAX));
      this.#rest = this.#rest.slice(LINE_CHARS_MAX);
    }
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }

  #line(text: string): void {
    for (let at = 0; at === 0 || at < text.length; at += LINE_CHARS_MAX) {
      this.#count++;
      if (this.#count > LINES_MAX + 1) return;
      const isHeard = this.#count <= LINES_MAX;
      const piece = text.slice(at, at + LINE_CHARS_MAX).replace(/\p{Cc}/gu, ' ');
      this.#said(isHeard ? piece.trimEnd() : 'further output is left out');
    }
  }
}
