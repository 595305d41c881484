import { numberOf, rowsOf, type Sample, textOf } from '../sample';
import type { Sort } from '../state';
import { LINKS, waitUs } from '../totals';
import { shortNumber, shortTime } from '../words';
import { cells, left, right, type View, type ViewRow, wide } from './view';

const MODES: Readonly<Record<string, string>> = { transaction: 'trans', statement: 'stmt' };

export const POOLS: View = {
  item: 'POOLS',
  none: 'no pool yet: nobody has connected',
  columns: [
    ...[wide('DATABASE', 8), wide('USER', 6), right('WAITING', 7), right('MAXWAIT', 7)],
    ...[right('P95WAIT', 7), right('CLIENTS', 7), right('LINKS', 5), right('BUSY', 4)],
    ...[right('IDLE', 4), left('MODE', 7)],
  ],
  rows: (sample, state) => [...poolRows(sample)].sort(byNumbers(state.sort)).map(({ row }) => row),
};

interface Numbered {
  readonly row: ViewRow;
  readonly numbers: Readonly<Record<Sort, number>>;
}

function poolRows(sample: Sample): readonly Numbered[] {
  const stopped = stoppedDatabases(sample);
  const waits = new Map(
    rowsOf(sample, 'WAITS').map((row) => [`${row.database}\n${row.user}`, row]),
  );
  return rowsOf(sample, 'POOLS')
    .filter((row) => textOf(row, 'database') !== 'pgbouncer')
    .map((row) => {
      const [database, user] = [textOf(row, 'database'), textOf(row, 'user')];
      const wait = waits.get(`${database}\n${user}`);
      const waiting = numberOf(row, 'cl_waiting');
      const clients = numberOf(row, 'cl_active') + waiting;
      const links = LINKS.reduce((sum, column) => sum + numberOf(row, column), 0);
      const maxUs = waitUs(row);
      const mode = textOf(row, 'pool_mode');
      const shown = stopped.get(database) ?? MODES[mode] ?? mode;
      return {
        numbers: { waiting, clients, links, time: maxUs },
        row: {
          key: `${database}\n${user}`,
          pool: { database, user },
          ...(waiting > 0 ? { look: 'alert' as const } : {}),
          cells: cells(
            ...[database, user, shortNumber(waiting), maxUs === 0 ? '' : shortTime(maxUs)],
            wait === undefined ? '' : shortTime(numberOf(wait, 'p95_us')),
            ...[shortNumber(clients), shortNumber(links), shortNumber(numberOf(row, 'sv_active'))],
            ...[shortNumber(numberOf(row, 'sv_idle')), shown],
          ),
        },
      };
    });
}

function stoppedDatabases(sample: Sample): ReadonlyMap<string, string> {
  return new Map(
    rowsOf(sample, 'DATABASES').flatMap((row) => {
      const name = textOf(row, 'name');
      if (numberOf(row, 'disabled') > 0) return [[name, 'disabled']];
      return numberOf(row, 'paused') > 0 ? [[name, 'paused']] : [];
    }),
  );
}

/** What is chosen first; among equals by waiting, then by how long, then by name. */
function byNumbers(sort: Sort): (a: Numbered, b: Numbered) => number {
  const order = [sort, 'waiting', 'time', 'clients'] as const;
  return (a, b) => {
    for (const name of order) {
      const difference = b.numbers[name] - a.numbers[name];
      if (difference !== 0) return difference;
    }
    return a.row.key < b.row.key ? -1 : 1;
  };
}
