import { createHash } from 'node:crypto';
import type { BackendMessage } from '../wire/backend-message';

/** Longer texts are cut and get a hash, so that a line stays readable and still differs. */
const SHOWN_MAX = 160;

/** What came, in order: one line a message, and the end. */
export interface Transcript {
  /** `closed` is the last when the other side has closed. */
  readonly lines: readonly string[];
  readonly end:
    | { readonly kind: 'played' }
    /** Closed while steps were left. Of PostgreSQL itself, this means that the script is wrong. */
    | { readonly kind: 'early'; readonly why: string }
    /** A step waited in vain. */
    | { readonly kind: 'stuck'; readonly why: string };
}

/** Of an error, what tells where in PostgreSQL's source it was raised: file, line, routine. */
const SOURCE_FIELDS = 'FLR';

/** A message as one line: everything in it but what must differ between two connections. */
export function lineOf({ tag, body }: BackendMessage): string {
  switch (tag) {
    case 'E':
    case 'N':
      return `${tag} ${noticeLine(body)}`;
    case 'K':
      return `K key of ${body.length - 4} bytes`;
    case 'A':
      return `A ${shown(body.subarray(4))}`;
    case 'T':
      return `T ${columns(body)}`;
    default:
      return body.length === 0 ? tag : `${tag} ${shown(body)}`;
  }
}

/**
 * Lines as they are compared: a run of ParameterStatus is sorted, as their order has no meaning.
 */
export function linesOf(messages: readonly BackendMessage[]): string[] {
  const lines: string[] = [];
  let run: string[] = [];
  for (const message of messages) {
    if (message.tag === 'S') {
      run.push(lineOf(message));
      continue;
    }
    lines.push(...run.sort(), lineOf(message));
    run = [];
  }
  return [...lines, ...run.sort()];
}

/** Errors by severity and SQLSTATE only; a line that is short already stays as it is. */
export function inShort(line: string): string {
  if (!line.startsWith('E ') || !line.includes(' C=')) return line;
  const severity = / V=(\S+)/.exec(line)?.[1] ?? '?';
  return `E ${severity} ${/ C=(\S+)/.exec(line)?.[1] ?? '?'}`;
}

/** Where two transcripts part, for a person to read. undefined: nowhere. */
export function firstDifference(
  direct: readonly string[],
  through: readonly string[],
): string | undefined {
  const length = Math.max(direct.length, through.length);
  for (let i = 0; i < length; i++) {
    if (direct[i] === through[i]) continue;
    const before = direct.slice(Math.max(0, i - 3), i).map((line) => `      both     ${line}`);
    const rest = (name: string, lines: readonly string[]): string[] =>
      lines.slice(i, i + 4).map((line) => `      ${name} ${line}`);
    return [
      `    at line ${i + 1} of ${direct.length} / ${through.length}:`,
      ...before,
      ...rest('direct  ', [...direct, '(nothing more)']),
      ...rest('through ', [...through, '(nothing more)']),
    ].join('\n');
  }
  return undefined;
}

function noticeLine(body: Buffer): string {
  const fields: string[] = [];
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at);
    const letter = String.fromCharCode(body[at] ?? 0);
    if (!SOURCE_FIELDS.includes(letter))
      fields.push(`${letter}=${shown(body.subarray(at + 1, end))}`);
    at = end + 1;
  }
  return fields.join(' ');
}

function columns(body: Buffer): string {
  const all: string[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, at);
    const name = shown(body.subarray(at, end));
    const table = `${body.readUInt32BE(end + 1)}.${body.readInt16BE(end + 5)}`;
    const type = `${body.readUInt32BE(end + 7)},${body.readInt16BE(end + 11)}`;
    all.push(
      `${name}(table ${table} type ${type},${body.readInt32BE(end + 13)} format ${body.readInt16BE(end + 17)})`,
    );
    at = end + 19;
  }
  return all.join(' ');
}

function shown(bytes: Buffer): string {
  const visible = JSON.stringify(bytes.toString('latin1', 0, SHOWN_MAX)).slice(1, -1);
  if (bytes.length <= SHOWN_MAX) return visible;
  const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 12);
  return `${visible}… ${bytes.length} bytes, ${hash}`;
}
