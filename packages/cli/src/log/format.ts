import type { LogFields } from '@pgweir/pooler';

export type Level = 'error' | 'warn' | 'info' | 'debug';

/** How lines are written. */
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** PgBouncer's words. */
const WORDS: Readonly<Record<Level, string>> = {
  error: 'ERROR',
  warn: 'WARNING',
  info: 'LOG',
  debug: 'DEBUG',
};

export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: LogFields;
  readonly wallMs: number;
  readonly pid: number;
}

/** Longest message, and longest value of a field, in characters. What is longer ends in `…`. */
const TEXT_MAX = 4000;
/** In lines of JSON that would be longer than `JSON_BYTES_MAX`. */
const SHORT_TEXT_MAX = 400;
/** Syslog takes 8192 with what it puts before; a line that is cut would be no JSON. */
const JSON_BYTES_MAX = 7900;

/**
 * `2026-11-22 17:00:00.123 UTC [pid] LOG message key=value`, without a line end. Whatever the message
 * and the fields hold, the result is one line of bounded length: nobody can forge another.
 */
export function formatLine(line: LogLine): string {
  const stamp = new Date(line.wallMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  return `${stamp} [${line.pid}] ${WORDS[line.level]} ${formatText(line)}`;
}

/** `message key=value` of such a line, without what the message says itself. */
export function formatText({ message, fields }: Pick<LogLine, 'message' | 'fields'>): string {
  const shown = present(fields)
    .filter(([key, value]) => !isSaid(message, key, value))
    .map(([key, value]) => ` ${key}=${fieldValue(value)}`);
  return `${oneLine(bounded(message, TEXT_MAX))}${shown.join('')}`;
}

/** `{"time":…,"level":…,"message":…,…,"pid":…}`, without a line end; bounded, and one line as well. */
export function formatJson(line: LogLine): string {
  const whole = jsonLine(line, TEXT_MAX);
  return Buffer.byteLength(whole) <= JSON_BYTES_MAX ? whole : jsonLine(line, SHORT_TEXT_MAX);
}

function jsonLine({ level, message, fields, wallMs, pid }: LogLine, textMax: number): string {
  const values = present(fields).map(([key, value]) => [
    key,
    typeof value === 'string' ? bounded(value, textMax) : value,
  ]);
  const entries = {
    time: new Date(wallMs).toISOString(),
    level,
    message: bounded(message, textMax),
    ...Object.fromEntries(values),
    pid,
  };
  // What JSON does not escape by itself; it can stand inside of strings only.
  return JSON.stringify(entries).replace(UNSAFE, unicodeEscape);
}

type Value = string | number | boolean;

/** The fields that have a value. */
function present(fields: LogFields): readonly (readonly [string, Value])[] {
  return Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
}

function isSaid(message: string, key: string, value: Value): boolean {
  return message.endsWith(`: ${value}`) || `${message} `.includes(`${key} ${value} `);
}

function bounded(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}…`;
}

/** Control characters, line and paragraph separators, and those that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function oneLine(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    return unicodeEscape(character);
  });
}

function fieldValue(value: Value): string {
  if (typeof value !== 'string') return String(value);
  const text = bounded(value, TEXT_MAX);
  const plain = text !== '' && !/[\s="\\]/.test(text);
  if (plain) return oneLine(text);
  return `"${oneLine(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}
