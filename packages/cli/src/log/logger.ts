import path from 'node:path';
import { Writable } from 'node:stream';
import type { LogFields, Logger } from '@pgweir/pooler';
import winston from 'winston';
import type { DaemonConfig } from '../config/daemon-config';
import type { LogFlags } from '../daemon-options';
import { reasonOf } from '../system-error';
import {
  formatJson,
  formatLine,
  formatText,
  type Level,
  type LogFormat,
  type LogLine,
} from './format';
import { stderrIsJournal } from './journal';
import { SYSLOG_PATH } from './syslog';
import type { SyslogSettings } from './syslog-message';
import { type LogEntry, Targets, type WrittenLine } from './targets';

export interface LoggerOptions {
  /** Whether lines go to stderr. */
  readonly stderr: boolean;
  /** Whether stderr is the journal, which has levels, times and processes of its own. */
  readonly journal?: boolean;
  readonly file: string | undefined;
  /** Not given: text. */
  readonly format?: LogFormat;
  /** Undefined: lines do not go to syslog. */
  readonly syslog?: SyslogSettings | undefined;
  readonly syslogPath?: string;
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
  return {
    stderr: flags.stderr,
    journal: stderrIsJournal(process.env),
    file: log.file,
    format: log.format,
    syslog: log.syslog,
    cwd,
    verbose,
    verboseLeast: flags.verbose,
  };
}

export interface ChangeableSettings {
  readonly file: string | undefined;
  /** Not given: text. */
  readonly format?: LogFormat;
  readonly syslog?: SyslogSettings | undefined;
  readonly verbose: number;
}

/** A logger whose target can change while it runs. */
export interface DaemonLogger extends Logger {
  /** Opens the log file again, after a rotation. A failure is logged; the old file stays in use. */
  reopen(): void;
  /** Takes over the settings of a reload, and reopens the file. */
  configure(settings: ChangeableSettings): void;
  close(): void;
}

const FILE_FAILED = 'cannot open the log file, the old one stays in use';

const levelOf = (verbose: number): Level => (verbose > 0 ? 'debug' : 'info');

/**
 * Logs lines of text as PgBouncer does, or lines of JSON. A line is written when the call returns.
 *
 * @throws the system's error when the log file cannot be opened
 */
export function createLogger(options: LoggerOptions): DaemonLogger {
  let { format = 'text' } = options;
  const { observe = () => undefined, wallMs = Date.now, fields: common } = options;
  const lineOf = (level: Level, message: string, fields: LogFields): WrittenLine & LogLine => {
    const all = common === undefined ? fields : { ...fields, ...common };
    const parts = { level, message, fields: all, wallMs: wallMs(), pid: process.pid };
    return { ...parts, ...written(format, parts) };
  };
  const lostLine = (count: number) => lineOf('warn', 'lines could not be written here', { count });
  const targets = new Targets({ ...fixedTargets(options), lostLine });
  const absolute = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : path.resolve(options.cwd, file);
  targets.useFile(absolute(options.file));
  let syslogProblem: string | undefined;
  const inner = lineLogger(options.verbose, (entry) => {
    syslogProblem = targets.write(entry);
  });
  const log = (level: Level, message: string, fields: LogFields = {}): void => {
    if (!inner.isLevelEnabled(level)) return;
    const { line, text, wallMs } = lineOf(level, message, fields);
    inner.log({ level, message: line, text, wallMs });
    observe(level, line);
    if (syslogProblem === undefined) return;
    const reason = syslogProblem;
    syslogProblem = undefined;
    log('warn', 'syslog cannot be reached, its lines are lost', { reason });
  };
  const attempt = (change: () => void, failure: string): void => {
    try {
      change();
    } catch (error) {
      log('error', failure, { reason: reasonOf(error) });
    }
  };
  const useSyslog = (settings: SyslogSettings | undefined): void =>
    attempt(() => targets.useSyslog(settings), 'there is no syslog output');
  useSyslog(options.syslog);
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    debug: (message, fields) => log('debug', message, fields),
    reopen: () => attempt(() => targets.reopen(), FILE_FAILED),
    configure(settings) {
      format = settings.format ?? 'text';
      inner.level = levelOf(Math.max(settings.verbose, options.verboseLeast ?? 0));
      attempt(() => targets.useFile(absolute(settings.file)), FILE_FAILED);
      useSyslog(settings.syslog);
    },
    close() {
      inner.close();
      targets.close();
    },
  };
}

/** A line whole, and for those who have times and levels of their own. JSON always says all. */
function written(format: LogFormat, line: LogLine): WrittenLine {
  if (format === 'text') return { line: formatLine(line), text: formatText(line) };
  const json = formatJson(line);
  return { line: json, text: json };
}

function fixedTargets({ stderr, journal = false, syslogPath = SYSLOG_PATH }: LoggerOptions) {
  const plainOrJournal = journal ? 'journal' : 'plain';
  return { stderr: stderr ? plainOrJournal : 'none', syslogPath } as const;
}

/** Hands every line on before the call returns. */
function lineLogger(verbose: number, write: (entry: LogEntry) => void): winston.Logger {
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 1024,
    write({ level, message, text, wallMs }, _encoding, done) {
      write({ level, line: message, text, wallMs });
      done();
    },
  });
  return winston.createLogger({
    level: levelOf(verbose),
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.printf((info) => String(info.message)),
    transports: [new winston.transports.Stream({ stream })],
    exitOnError: false,
  });
}
