import type { Findings, Place } from '../finding';
import { LineFault, linesOf, TokenCursor } from './rule-tokens';

/** Then it is another kind of file. */
const BAD_LINES_MAX = 100;

export interface LinesOptions {
  readonly findings: Findings;
  /** How many may say something. */
  readonly max: number;
  /** What they are, for the message that there are more. */
  readonly noun: string;
}

/**
 * Reads every line that says something. A bad one is a problem, and the others are still read.
 *
 * @param file - as messages show it
 * @param read - may throw LineFault
 */
export function readRuleLines<T>(
  text: string,
  file: string,
  { findings, max, noun }: LinesOptions,
  read: (cursor: TokenCursor, place: Place) => T,
): readonly T[] {
  const all: T[] = [];
  let badLines = 0;
  for (const [index, line] of linesOf(text).entries()) {
    const place = { file, line: index + 1 };
    try {
      const cursor = new TokenCursor(line);
      if (cursor.atEnd) continue;
      if (all.length === max) throw new LineFault(`more than ${max} ${noun}`);
      all.push(read(cursor, place));
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      findings.problem(place, error.message);
      badLines += 1;
      if (badLines < BAD_LINES_MAX) continue;
      findings.problem(place, `${BAD_LINES_MAX} bad lines: the rest is not read`);
      break;
    }
  }
  return all;
}
