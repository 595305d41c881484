import type { ConsoleRow } from '../../console-client/console-connection';
import { numberOf, rowsOf, type Sample, textOf } from '../sample';
import type { TopState } from '../state';
import { shortTime } from '../words';
import { poolOf } from './pool-of';
import { cells, left, right, type View, type ViewRow, wide } from './view';

export const CLIENTS: View = {
  item: 'CLIENTS',
  none: 'no client',
  columns: [
    ...[right('ID', 7), wide('DATABASE', 8), wide('USER', 6), left('STATE', 8)],
    ...[right('WAIT', 6), left('LINK', 6), left('ADDRESS', 15), wide('APPLICATION', 10)],
  ],
  rows: (sample, state) =>
    rowsOf(sample, 'CLIENTS')
      .filter((row) => textOf(row, 'database') !== 'pgbouncer' && isOfPool(row, sample, state))
      .sort((a, b) => urgency(b) - urgency(a) || numberOf(a, 'id') - numberOf(b, 'id'))
      .map((row) => clientRow(row, sample)),
};

function isOfPool(row: ConsoleRow, sample: Sample, { pool }: TopState): boolean {
  if (pool === undefined) return true;
  const own = poolOf(row, sample);
  return own.database === pool.database && own.user === pool.user;
}

const waitUs = (row: ConsoleRow): number =>
  numberOf(row, 'wait') * 1_000_000 + numberOf(row, 'wait_us');

/** Who waits comes first, the longest before the others; then who works. */
function urgency(row: ConsoleRow): number {
  const state = textOf(row, 'state');
  if (state === 'waiting') return 1 + waitUs(row);
  return state === 'idle' ? 0 : 1;
}

function clientRow(row: ConsoleRow, sample: Sample): ViewRow {
  const state = textOf(row, 'state');
  // PgBouncer takes what it calls ptr, pgweir either.
  const id = textOf(row, 'id') || textOf(row, 'ptr');
  const isWaiting = state === 'waiting';
  const [database, user] = [textOf(row, 'database'), textOf(row, 'user')];
  const application = textOf(row, 'application_name');
  return {
    key: textOf(row, 'ptr'),
    pool: poolOf(row, sample),
    kill: {
      command: `KILL_CLIENT ${id}`,
      says: `kill client ${id} (${database}, ${user}, ${application})`,
    },
    ...(isWaiting ? { look: 'alert' as const } : state === 'idle' ? { look: 'dim' as const } : {}),
    cells: cells(
      ...[id, database, user, state, isWaiting ? shortTime(waitUs(row)) : ''],
      ...[textOf(row, 'link'), addressOf(row), application],
    ),
  };
}

function addressOf(row: ConsoleRow): string {
  const address = textOf(row, 'addr');
  return address.startsWith('unix') ? 'unix' : address;
}
