/** How a client sends its statement, in pgbench's words. */
export type QueryMode = 'simple' | 'extended' | 'prepared';

/** What the pooler lends: a link for each transaction, or one for as long as the client stays. */
export type Pooling = 'transaction' | 'session';

/** One row by its key, again and again: what `pgbench -S` does. */
export interface Scenario {
  readonly name: string;
  readonly mode: QueryMode;
  readonly pooling: Pooling;
  readonly clients: number;
}

/** Links of the pool in transaction mode. */
export const LINKS = 20;
/** Links of the pool in session mode: every client of a scenario must get one. */
export const SESSION_LINKS = 40;

const CLIENT_COUNTS = [1, 8, 32];

/**
 * Prepared statements run in session mode, the only one where every pooler that may take part can
 * serve them (PgBouncer before 1.21 cannot do so in transaction mode).
 */
const MODES: readonly { readonly mode: QueryMode; readonly pooling: Pooling }[] = [
  { mode: 'simple', pooling: 'transaction' },
  { mode: 'extended', pooling: 'transaction' },
  { mode: 'prepared', pooling: 'session' },
];

export const SCENARIOS: readonly Scenario[] = MODES.flatMap(({ mode, pooling }) =>
  CLIENT_COUNTS.map((clients) => ({ name: `${mode} c${clients}`, mode, pooling, clients })),
);

/** Numbers of idle clients at which a daemon's memory is read, ascending. */
export const IDLE_COUNTS: readonly number[] = [1000, 5000];

/** Scenarios whose name contains one of the words; all when there is none. */
export function selectScenarios(words: readonly string[]): Scenario[] {
  if (words.length === 0) return [...SCENARIOS];
  return SCENARIOS.filter(({ name }) => words.some((word) => name.includes(word)));
}
