import type { WriteStream } from 'node:tty';
import { formatStatus, StatusReader } from './status';

const EVERY_MS = 1_000;
const CLEAR_LINE = '\r\u001b[2K';

/**
 * Shows pgweir's figures once a second: in place on a terminal, otherwise as a line whenever they have
 * changed.
 */
export class StatusLine {
  readonly #out: WriteStream;
  readonly #reader: StatusReader;
  #shown = '';
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(out: WriteStream, port: number) {
    this.#out = out;
    this.#reader = new StatusReader(port);
  }

  start(): void {
    this.#tick();
  }

  /** Ends the line, so that what follows starts on its own. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#reading;
    clearTimeout(this.#timer);
    await this.#reader.close();
    if (this.#out.isTTY && this.#shown !== '') this.#out.write('\n');
  }

  /** Prints a line of its own above the figures. */
  say(text: string): void {
    this.#out.write(this.#out.isTTY ? `${CLEAR_LINE}${text}\n` : `${text}\n`);
    this.#shown = '';
  }

  #tick(): void {
    this.#reading = this.#reader
      .read()
      .then(formatStatus, (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        return `no figures from the console: ${why}`;
      })
      .then((text) => {
        this.#show(text);
        this.#timer = setTimeout(() => this.#tick(), EVERY_MS);
      });
  }

  #show(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    if (this.#out.isTTY) this.#out.write(CLEAR_LINE + text.slice(0, (this.#out.columns || 80) - 1));
    else this.#out.write(`${text}\n`);
  }
}
