import { frame, frontend } from '@pgweir/testkit';
import { anyAccount, type QueryMode, type ScriptName, SELECT_SQL, statements } from './scripts';

const STATEMENT = 'select_account';
const PARAMETRISED = `${SELECT_SQL}$1;`;
const SYNC = frontend.sync();
const TAIL = Buffer.concat([frontend.describe('P'), frontend.execute(), SYNC]);

/** What a client sends before its first transaction; undefined: nothing. */
export function preparation(mode: QueryMode): Buffer | undefined {
  if (mode !== 'prepared') return undefined;
  return Buffer.concat([frontend.parse(PARAMETRISED, STATEMENT), SYNC]);
}

/**
 * The messages of one transaction, each entry answered by one ReadyForQuery: the same as libpq's for
 * pgbench's three modes. Only the script `select` has other modes than `simple`.
 */
export function transaction(script: ScriptName, mode: QueryMode): readonly Buffer[] {
  if (mode === 'simple') return statements(script).map((sql) => queryMessage(sql));
  if (script !== 'select') throw new Error(`no ${mode} mode of the script ${script}`);
  const bind = (statement: string): Buffer =>
    frontend.bind({ statement, formats: [], values: [anyAccount()] });
  if (mode === 'prepared') return [Buffer.concat([bind(STATEMENT), TAIL])];
  return [Buffer.concat([frontend.parse(PARAMETRISED), bind(''), TAIL])];
}

export function queryMessage(sql: string): Buffer {
  return frame('Q', Buffer.from(`${sql}\0`));
}
