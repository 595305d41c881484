import path from 'node:path';
import { Writable } from 'node:stream';
import type { LogFields, Logger } from '@pgweir/pooler';
import winston from 'winston';
import type { DaemonConfig } from '../config/daemon-config';
import type { LogFlags } from '../daemon-options';
import { reasonOf } from '../system-error';
import { formatLine, type Level } from './format';
import { LineFile } from './line-file';

export interface LoggerOptions {
  /** Whether lines go to stderr. */
  readonly stderr: boolean;
  readonly file: string | undefined;
  /** Where relative names of files start. */
  readonly cwd: string;
  /** 0 to 3: from 1 on, debug lines as well. */
  readonly verbose: number;
  /** What no reload goes below: the command line asked for it. */
  readonly verboseLeast?: number;
  /** In every line, behind its own fields. */
  readonly fields?: LogFields;
  /** Gets every formatted line with its level, for example to tell a waiting parent process. */
  readonly observe?: (level: Level, line: string) => void;
  readonly wallMs?: () => number;
}

/** How a process of this daemon logs, by its configuration and the command line. */
export function loggerOptions({ log }: DaemonConfig, flags: LogFlags, cwd: string): LoggerOptions {
  const verbose = Math.max(flags.verbose, log.verbose);
  return { stderr: flags.stderr, file: log.file, cwd, verbose, verboseLeast: flags.verbose };
}

/** A logger whose target can change while it runs. */
export interface DaemonLogger extends Logger {
  /** Opens the log file again, after a rotation. A failure is logged; the old file stays in use. */
  reopen(): void;
  /** Takes over the settings of a reload, and reopens the file. */
  configure(settings: { readonly file: string | undefined; readonly verbose: number }): void;
  close(): void;
}

const levelOf = (verbose: number): Level => (verbose > 0 ? 'debug' : 'info');

/**
 * Logs lines of text as PgBouncer does. A line is written when the call returns.
 *
 * @throws the system's error when the log file cannot be opened
 */
export function createLogger(options: LoggerOptions): DaemonLogger {
  const targets = new Targets(options.stderr ? LineFile.stderr() : undefined);
  const absolute = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : path.resolve(options.cwd, file);
  targets.useFile(absolute(options.file));
  const stream = new Writable({
    decodeStrings: false,
    highWaterMark: 1024 * 1024,
    write(line: string, _encoding, done) {
      targets.write(line);
      done();
    },
  });
  const { observe = () => undefined, wallMs = Date.now, fields: common } = options;
  const inner = winston.createLogger({
    level: levelOf(options.verbose),
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.printf((info) => String(info.message)),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
    exitOnError: false,
  });
  const log = (level: Level, message: string, fields: LogFields = {}): void => {
    if (!inner.isLevelEnabled(level)) return;
    const all = common === undefined ? fields : { ...fields, ...common };
    const line = formatLine({ level, message, fields: all, wallMs: wallMs(), pid: process.pid });
    inner.log(level, line);
    observe(level, line);
  };
  const attempt = (change: () => void): void => {
    try {
      change();
    } catch (error) {
      const reason = reasonOf(error);
      log('error', 'cannot open the log file, the old one stays in use', { reason });
    }
  };
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    debug: (message, fields) => log('debug', message, fields),
    reopen: () => attempt(() => targets.reopen()),
    configure(settings) {
      inner.level = levelOf(Math.max(settings.verbose, options.verboseLeast ?? 0));
      attempt(() => targets.useFile(absolute(settings.file)));
    },
    close() {
      inner.close();
      targets.close();
    },
  };
}

/** Where lines go: stderr, a file, both or neither. */
class Targets {
  readonly #stderr: LineFile | undefined;
  #file: LineFile | undefined;

  constructor(stderr: LineFile | undefined) {
    this.#stderr = stderr;
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

  /** @throws the system's error; then nothing has changed */
  reopen(): void {
    this.#file?.reopen();
  }

  write(line: string): void {
    this.#stderr?.write(line);
    this.#file?.write(line);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
