import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { waitFor } from '@pgweir/testkit';

/** A terminal of 80 by 24, in a tmux of its own. Close it. */
export class Terminal {
  readonly #socket = `pgweir-${randomUUID()}`;

  /** `command`: for the shell. */
  constructor(command: string, size: { readonly columns: number; readonly rows: number } = SIZE) {
    const { columns, rows } = size;
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      command,
    );
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', '--', text);
  }

  /** By the name that tmux has for it. */
  key(name: string): void {
    this.#tmux('send-keys', name);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** What is to be seen. */
  text(): string {
    return this.#tmux('capture-pane', '-p');
  }

  async shows(what: string | RegExp): Promise<void> {
    const isShown = (): boolean => {
      const text = this.text();
      return typeof what === 'string' ? text.includes(what) : what.test(text);
    };
    try {
      await waitFor(isShown, { what: `${what} in the terminal`, deadlineMs: 10_000 });
    } catch (cause) {
      throw new Error(`the terminal never showed ${what}:\n${this.text()}`, { cause });
    }
  }

  /** Idempotent. */
  close(): void {
    try {
      this.#tmux('kill-server');
    } catch (error) {
      // It ends by itself when its only command has ended.
      if (!(error instanceof Error) || !/no server|lost server/.test(error.message)) throw error;
    }
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' },
    });
  }
}

const SIZE = { columns: 80, rows: 24 };
