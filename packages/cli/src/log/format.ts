import type { LogFields } from '@pgweir/pooler';

export type Level = 'error' | 'warn' | 'info' | 'debug';

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

/**
 * `2026-11-22 17:00:00.123 UTC [pid] LOG message key=value`, without a line end. Whatever the message
 * and the fields hold, the result is one line: nobody can forge another.
 */
export function formatLine(line: LogLine): string {
  const stamp = new Date(line.wallMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
  return `${stamp} [${line.pid}] ${WORDS[line.level]} ${formatText(line)}`;
}

/** `message key=value` of such a line. */
export function formatText(line: Pick<LogLine, 'message' | 'fields'>): string {
  const fields = Object.entries(line.fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${fieldValue(value)}`);
  return `${oneLine(line.message)}${fields.join('')}`;
}

/** Control characters, line and paragraph separators, and those that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function oneLine(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return '\\t';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function fieldValue(value: LogFields[string]): string {
  if (typeof value !== 'string') return String(value);
  const plain = value !== '' && !/[\s="\\]/.test(value);
  if (plain) return oneLine(value);
  return `"${oneLine(value.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}
