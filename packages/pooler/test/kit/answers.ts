import { commandComplete, dataRow, readyForQuery, rowDescription } from '@pgweir/protocol';
import type { FakeBackend } from './fake-backend';

const hex = (text: string): string => Buffer.from(text).toString('hex');

/** What a fake PostgreSQL has to say when it is inspected. */
export interface Truth {
  temporary: boolean;
  locks: boolean;
  /** The value of every setting that somebody asks for. */
  setting: string;
}

/**
 * Answers to our own questions after a transaction; undefined: not a question of ours. The columns
 * come in the order in which they are asked for.
 */
export function inspected(sql: string, truth: Truth, { status }: FakeBackend): Buffer | undefined {
  const asks =
    /^(?:SET LOCAL statement_timeout = 0;)?SELECT (?:EXISTS|pg_catalog\.encode|\(SELECT)/.test(sql);
  if (!asks && !sql.startsWith('SET LOCAL ')) return undefined;
  const row: string[] = [];
  if (sql.includes('pg_my_temp_schema')) row.push(truth.temporary ? 't' : 'f');
  if (sql.includes('pg_locks')) row.push(truth.locks ? 't' : 'f');
  const value = asks ? truth.setting : 'default';
  for (const _ of sql.matchAll(/current_setting\(/g)) row.push(hex(value));
  return Buffer.concat([
    rowDescription(row.map((_, i) => ({ name: `c${i}`, typeOid: 25, typeLength: -1 }))),
    dataRow(row),
    commandComplete('SELECT 1'),
    readyForQuery(status),
  ]);
}
