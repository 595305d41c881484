import type { Door } from '../contestants/doors';
import type { QueryMode, ScriptName } from '../load/scripts';
import type { Scenario } from './scenario';

const CLIENT_COUNTS = [1, 8, 32, 128, 1000];
const QUICK_CLIENTS = 32;
const WRITE_CLIENTS = 32;
/** Of so many, the one who waits longest matters. */
const CROWD = 1000;

/**
 * One row by its key (`pgbench -S`) in the three ways that a client may ask for it.
 *
 * Prepared statements run in session mode, the only one where every pooler that may take part can
 * serve them (PgBouncer before 1.21 cannot do so in transaction mode).
 */
const MODES: readonly { readonly mode: QueryMode; readonly door: Door }[] = [
  { mode: 'simple', door: 'transaction' },
  { mode: 'extended', door: 'transaction' },
  { mode: 'prepared', door: 'session' },
];

export const selects: readonly Scenario[] = MODES.flatMap(({ mode, door }) =>
  CLIENT_COUNTS.map((clients) =>
    queries({ group: mode, script: 'select', mode, door, clients, isQuick: isQuick(clients) }),
  ),
);

/** Prepared statements in transaction mode, which PgBouncer can serve from 1.21 on. */
export const sharedSelects: readonly Scenario[] = [
  queries({
    group: 'shared',
    script: 'select',
    mode: 'prepared',
    door: 'transaction',
    clients: QUICK_CLIENTS,
    only: 'pgweir',
    isQuick: true,
  }),
];

/** `pgbench -N`: a transaction of five statements, which changes a row and adds one. */
export const writes: readonly Scenario[] = [
  queries({
    group: 'write',
    script: 'write',
    mode: 'simple',
    door: 'transaction',
    clients: WRITE_CLIENTS,
    isQuick: true,
  }),
];

function isQuick(clients: number): boolean {
  return clients === QUICK_CLIENTS;
}

interface Queries extends Pick<Scenario, 'group' | 'door' | 'clients' | 'isQuick' | 'only'> {
  readonly script: ScriptName;
  readonly mode: QueryMode;
}

function queries({ script, mode, ...rest }: Queries): Scenario {
  const { group, clients } = rest;
  return {
    ...rest,
    name: `${group} c${clients}`,
    section: 'queries',
    counts: 'work',
    run: (target, { load, seconds }) =>
      load.queries({ target, script, mode, clients, seconds, allLatencies: clients >= CROWD }),
  };
}
