import { type ErrorFields, type NoticeFields, parseSecret } from '@pgweir/protocol';
import type { OwnResult } from '../backend/own-run';
import type { StoredSecret } from '../ports/credential-source';
import type { UserName } from '../ports/names';

/** What comes of a look-up. */
export type Answer =
  | { readonly kind: 'known'; readonly secret: StoredSecret }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly error: ErrorFields };

/** A login that waits for a look-up. */
export interface Seeker {
  /** When it began to wait, and how long it may wait for the question to be asked; 0: for ever. */
  readonly waitingSinceMs: number;
  readonly queryWaitTimeoutMs: number;
  /** The wait is over. */
  found(answer: Answer): void;
  /** The settings have changed before the question was asked: it has to begin again. */
  begin(): void;
}

/** One row more than may come, so that it is seen. */
export const ROWS_MAX = 2;

/**
 * What auth_query has said. `other`: it has found somebody else. `odd`: it does not do what it is for. No
 * text holds any part of a secret.
 */
export type Reading =
  | Exclude<Answer, { readonly kind: 'failed' }>
  | { readonly kind: 'other' }
  | { readonly kind: 'odd'; readonly reason: string };

/** Reads the result of auth_query for `user`: at most one row of two columns, name and password. */
export function readAnswer(result: OwnResult, user: UserName): Reading {
  if (result.kind === 'failed') return odd(loggable(result.error, user));
  const { description, row, rowCount, tooLong } = result;
  if (tooLong === true) return odd('the result is too long');
  const columns = description?.readUInt16BE(0) ?? 0;
  if (columns !== 2) return odd(`expected 2 columns (user name and password), not ${columns}`);
  if (row === undefined) return { kind: 'unknown' };
  if (rowCount !== 1) return odd('more than one row');
  const [name, password] = row;
  if (typeof name !== 'string') return odd('the name in the result is NULL');
  // Queries for PgBouncer may invent a user for those who do not exist, lest their names be found out.
  if (name !== user) return { kind: 'other' };
  return { kind: 'known', secret: parseSecret(password ?? '') };
}

/** Class 22, data exceptions: their texts show the value, which may be the secret. */
const SHOWS_DATA = '22';

/** What PostgreSQL says, without what it may have of the user's name or secret. */
function loggable({ code = '', message = '' }: NoticeFields, user: UserName): string {
  return code.startsWith(SHOWS_DATA) || message.includes(user) ? code : `${code}: ${message}`;
}

function odd(reason: string): Reading {
  return { kind: 'odd', reason };
}
