import { statementSummary } from './statement-summary';

/** Why a session keeps its link beyond its transaction. */
export interface SessionPin {
  /** At least one, in the words that are shown to users. */
  readonly reasons: readonly string[];
  /** What began it, without its literals. */
  readonly statement: string;
  /** When it began, in milliseconds of the clock. */
  readonly sinceMs: number;
}

/** A pin that begins now. Of `statement` no more than the first few thousand characters matter. */
export function sessionPin(
  reasons: readonly string[],
  { statement, nowMs }: { readonly statement: string; readonly nowMs: number },
): SessionPin {
  return { reasons, statement: statementSummary(statement), sinceMs: nowMs };
}
