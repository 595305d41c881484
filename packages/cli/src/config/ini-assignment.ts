import type { Findings, Place } from './finding';

/** `key = value` with the section it stands in. The value is not unquoted: ini values have no quotes. */
export interface IniEntry extends Place {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

const BLANK_OR_COMMENT = /^\s*(?:[;#]|$)/;
const ASSIGNMENT = /^\s*(?:'((?:[^']|'')*)'|([A-Za-z0-9_.*-]+))\s*=\s*(.*?)\s*$/;

export function isBlankOrComment(line: string): boolean {
  return BLANK_OR_COMMENT.test(line);
}

/** Reads a line that assigns; undefined: it does not, and the problem is reported. */
export function readAssignment(
  line: string,
  place: Place,
  findings: Findings,
): { readonly key: string; readonly value: string } | undefined {
  const match = ASSIGNMENT.exec(line);
  if (match === null) {
    // The line is not shown: it may hold a password.
    findings.problem(place, `syntax error: expected ${expectation(line)}`);
    return undefined;
  }
  const key = match[1]?.replaceAll("''", "'") ?? match[2] ?? '';
  return { key, value: match[3] ?? '' };
}

function expectation(line: string): string {
  if (/^\s*"/.test(line)) return "key = value, with a name that needs quotes in 'single quotes'";
  if (/^\s*%/.test(line)) return '%include FILE';
  if (/^\s*\[/.test(line)) return '[section] and nothing behind it';
  return 'key = value, [section], %include FILE or a comment';
}
