import type { Level } from './format';
import { withPriority } from './journal';
import { LineFile } from './line-file';
import { Syslog } from './syslog';
import type { SyslogSettings } from './syslog-message';

/** A line in its forms. */
export interface WrittenLine {
  /** Whole, with time and process. */
  readonly line: string;
  /** Without these, unless it is JSON: for whoever has its own. */
  readonly text: string;
}

export interface LogEntry extends WrittenLine {
  readonly level: Level;
  readonly wallMs: number;
}

export interface FixedTargets {
  /** `journal`: levels go before the lines, as the journal wants them. */
  readonly stderr: 'none' | 'plain' | 'journal';
  readonly syslogPath: string;
  /** A warning that so many lines could not be written at some place. */
  readonly lostLine: (count: number) => WrittenLine;
}

/** Where lines go: stderr, a file, syslog, several or none of them. */
export class Targets {
  readonly #fixed: FixedTargets;
  readonly #stderr: LineFile | undefined;
  #file: LineFile | undefined;
  #syslog: Syslog | undefined;

  constructor(fixed: FixedTargets) {
    this.#fixed = fixed;
    this.#stderr = fixed.stderr === 'none' ? undefined : LineFile.stderr();
  }

  /** @throws the system's error; then nothing has changed */
  useFile(path: string | undefined): void {
    if (path === this.#file?.path) {
      this.#file?.reopen();
      return;
    }
    const fresh = path === undefined ? undefined : LineFile.open(path);
    this.#file?.close();
    this.#file = fresh;
  }

  /** @throws Error with a text for the operator; then there is none */
  useSyslog(settings: SyslogSettings | undefined): void {
    if (settings !== undefined && this.#syslog !== undefined) {
      this.#syslog.settings = settings;
      return;
    }
    this.#syslog?.close();
    this.#syslog = undefined;
    if (settings !== undefined) this.#syslog = new Syslog(settings, this.#fixed.syslogPath);
  }

  /** @throws the system's error; then nothing has changed */
  reopen(): void {
    this.#file?.reopen();
  }

  /** @returns why syslog cannot be reached, the first time that it is so */
  write({ level, line, text, wallMs }: LogEntry): string | undefined {
    const { lostLine, stderr } = this.#fixed;
    if (stderr === 'journal') {
      const notice = (lost: number) => `${withPriority('warn', lostLine(lost).text)}\n`;
      this.#stderr?.write(`${withPriority(level, text)}\n`, notice);
    } else this.#stderr?.write(`${line}\n`, (lost) => `${lostLine(lost).line}\n`);
    this.#file?.write(`${line}\n`, (lost) => `${lostLine(lost).line}\n`);
    const syslogLine = { level, text, wallMs, pid: process.pid };
    return this.#syslog?.write(syslogLine, (lost) => lostLine(lost).text);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#syslog?.close();
    this.#syslog = undefined;
  }
}
