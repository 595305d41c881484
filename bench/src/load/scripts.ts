import { ACCOUNTS, BRANCHES, TELLERS } from '../postgres/tables';

/** How a client sends its statements, in pgbench's words. */
export type QueryMode = 'simple' | 'extended' | 'prepared';

/**
 * `select`: one row by its key, as `pgbench -S`. `write`: a transaction of five statements that changes
 * a row and adds one, as `pgbench -N`. `large`: a row of a megabyte. `sleep`: keeps a link busy for two
 * milliseconds and the machine idle.
 */
export type ScriptName = 'select' | 'write' | 'large' | 'sleep';

const LARGE = 'SELECT payload FROM bench_large WHERE id = 1;';
const SLEEP = 'SELECT pg_sleep(0.002);';

/** A script of pgbench's own, by its flag, or the text of one. */
export const FOR_PGBENCH: Readonly<
  Record<ScriptName, { readonly flag: string } | { readonly text: string }>
> = {
  select: { flag: '-S' },
  write: { flag: '-N' },
  large: { text: LARGE },
  sleep: { text: SLEEP },
};

export const SELECT_SQL = 'SELECT abalance FROM pgbench_accounts WHERE aid = ';

export function anyAccount(): string {
  return String(oneOf(ACCOUNTS));
}

/** The statements of one transaction, to be sent one after the other. */
export function statements(script: ScriptName): readonly string[] {
  switch (script) {
    case 'select':
      return [`${SELECT_SQL}${anyAccount()};`];
    case 'write':
      return writeStatements();
    case 'large':
      return [LARGE];
    case 'sleep':
      return [SLEEP];
  }
}

function writeStatements(): readonly string[] {
  const [aid, bid, tid] = [anyAccount(), oneOf(BRANCHES), oneOf(TELLERS)];
  const delta = oneOf(10_001) - 5001;
  return [
    'BEGIN;',
    `UPDATE pgbench_accounts SET abalance = abalance + ${delta} WHERE aid = ${aid};`,
    `${SELECT_SQL}${aid};`,
    'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) ' +
      `VALUES (${tid}, ${bid}, ${aid}, ${delta}, CURRENT_TIMESTAMP);`,
    'END;',
  ];
}

/** 1 to `most`. */
function oneOf(most: number): number {
  return 1 + Math.floor(Math.random() * most);
}
