import type { BackendMessage } from '../wire/backend-message';
import { columnsText, noticeText, shown } from '../wire/message-text';

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

/** A message as one line: everything in it but what must differ between two connections. */
export function lineOf({ tag, body }: BackendMessage): string {
  switch (tag) {
    case 'E':
    case 'N':
      return `${tag} ${noticeText(body)}`;
    case 'K':
      return `K key of ${body.length - 4} bytes`;
    case 'A':
      return `A ${shown(body.subarray(4))}`;
    case 'T':
      return `T ${columnsText(body)}`;
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
