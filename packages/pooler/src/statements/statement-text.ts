import { createHash } from 'node:crypto';
import type { Grammar } from '../sql/grammar';
import { statementSummary } from '../stats/statement-summary';

/** What statements have in common that differ in their literals and in white space alone. */
export interface StatementText {
  /** 16 hexadecimal digits; the same in all processes. */
  readonly fingerprint: string;
  /** For people: one line, shortened, without literals and comments. */
  readonly statement: string;
}

const DIGITS = 16;
/** Of what has no fingerprint by the grammar so much counts, without literals. */
const KEY_CHARACTERS_MAX = 1000;
/** Longer texts are not parsed: they take a millisecond and more, in which nobody else is served. */
export const FINGERPRINT_CHARACTERS_MAX = 2048;

/**
 * How statements begin whose literals are constants to the grammar, which leaves these out. Elsewhere it
 * would count a password, for one, as a part of the statement.
 */
const ASKS_OR_CHANGES = /^[\s(]*(?:select|insert|update|delete|merge|with|values|table)\b/i;

/** A statement of a client, which has asked for it to be logged as it was sent. */
export interface SentStatement extends StatementText {
  /** Its beginning. Undefined: it may have a password in it. */
  readonly sent: string | undefined;
}

/** So much of a statement is logged with its literals. */
const SENT_BYTES_MAX = 1000;

/**
 * A statement whose text is `bytes`; `isCut`: only their beginning. A secret of PostgreSQL's must not be
 * in it: only queries and changes of data are shown, and nothing that may have another statement in it.
 */
export function sentStatement(
  { fingerprint, statement }: StatementText,
  bytes: Buffer,
  { isCut }: { readonly isCut: boolean },
): SentStatement {
  const text = bytes.toString('utf8', 0, SENT_BYTES_MAX);
  const isWhole = !isCut && bytes.length <= SENT_BYTES_MAX;
  // A character may have been cut in two.
  const shown = isWhole ? text : `${text.replace(/\ufffd+$/, '')}…`;
  const isShown = ASKS_OR_CHANGES.test(statement) && !/;\s*\S/.test(text);
  return { fingerprint, statement, sent: isShown ? shown : undefined };
}

/** What is needed of the grammar. */
export type Fingerprints = Pick<Grammar, 'ready' | 'fingerprint'>;

/** `isCut`: more than a few thousand characters of the text may not be here. */
export function statementText(
  text: string,
  { grammar, isCut }: { readonly grammar: Fingerprints; readonly isCut: boolean },
): StatementText {
  const statement = statementSummary(text);
  const isParsed =
    !isCut && text.length <= FINGERPRINT_CHARACTERS_MAX && ASKS_OR_CHANGES.test(statement);
  // What follows a semicolon may begin with any word.
  const isOne = isParsed && !/;\s*\S/.test(statementSummary(text, KEY_CHARACTERS_MAX));
  const fingerprint = isOne ? grammar.fingerprint(text) : undefined;
  return { fingerprint: fingerprint ?? keyOf(text), statement };
}

/** Of a text that begins like this, as everything in it counts. */
export function plainText(statement: string): StatementText {
  return { fingerprint: hashOf(statement), statement };
}

function keyOf(text: string): string {
  return hashOf(statementSummary(text, KEY_CHARACTERS_MAX).replace(/[\s;]+$/, ''));
}

/** Names in quotes are not told from the same ones in another case: rows may have more in common. */
function hashOf(text: string): string {
  return createHash('sha256').update(text.toLowerCase()).digest('hex').slice(0, DIGITS);
}
