import type { ConsoleRow } from '../../console-client/console-connection';
import { numberOf, rowsOf, type Sample, textOf } from '../sample';
import { shortNumber, shortTime } from '../words';
import { cells, left, right, type View, type ViewRow, wide } from './view';

export const SERVERS: View = {
  item: 'SERVERS',
  none: 'no link to any server',
  columns: [
    ...[wide('SERVER', 12), wide('DATABASE', 8), left('ROLE', 8), left('HEALTH', 10)],
    ...[right('LAG', 7), right('USED', 9), right('LINKS', 5), right('BUSY', 5)],
  ],
  rows: (sample) => [...topologyRows(sample), ...otherRows(sample)],
};

interface Links {
  readonly all: number;
  readonly busy: number;
}

/** By server and database. */
function linksBy(sample: Sample): ReadonlyMap<string, Links> {
  const counts = new Map<string, Links>();
  for (const row of rowsOf(sample, 'SERVERS')) {
    const key = `${serverOf(row)}\n${textOf(row, 'database')}`;
    const { all, busy } = counts.get(key) ?? { all: 0, busy: 0 };
    counts.set(key, { all: all + 1, busy: busy + (textOf(row, 'state') === 'active' ? 1 : 0) });
  }
  return counts;
}

function serverOf(row: ConsoleRow): string {
  const address = textOf(row, 'addr');
  return `${address}:${textOf(row, 'port')}`;
}

/** Those whose roles are followed. */
function topologyRows(sample: Sample): readonly ViewRow[] {
  const links = linksBy(sample);
  return rowsOf(sample, 'TOPOLOGY').map((row) => {
    const server = `${textOf(row, 'host')}:${textOf(row, 'port')}`;
    const database = textOf(row, 'database');
    const count = links.get(`${server}\n${database}`);
    const health = textOf(row, 'out_of_service') || textOf(row, 'health');
    const most = textOf(row, 'max_connections');
    const isIll = health !== 'up' || textOf(row, 'alarm') !== '';
    return {
      key: `topology\n${server}\n${database}`,
      ...(isIll ? { look: 'alert' as const } : {}),
      cells: cells(
        ...[server, database, textOf(row, 'role'), health],
        textOf(row, 'lag_ms') === '' ? '' : shortTime(numberOf(row, 'lag_ms') * 1000),
        most === '' ? '' : `${textOf(row, 'connections')}/${most}`,
        ...(count === undefined ? ['', ''] : [shortNumber(count.all), shortNumber(count.busy)]),
      ),
    };
  });
}

/** Those that links lead to and nobody watches, or that the topology calls by a name. */
function otherRows(sample: Sample): readonly ViewRow[] {
  const shown = new Set(
    rowsOf(sample, 'TOPOLOGY').map(
      (row) => `${textOf(row, 'host')}:${textOf(row, 'port')}\n${textOf(row, 'database')}`,
    ),
  );
  return [...linksBy(sample)]
    .filter(([key]) => !shown.has(key))
    .sort(([, a], [, b]) => b.busy - a.busy || b.all - a.all)
    .map(([key, { all, busy }]) => {
      const [server = '', database = ''] = key.split('\n');
      const numbers = [shortNumber(all), shortNumber(busy)];
      return { key, cells: cells(server, database, '', '', '', '', ...numbers) };
    });
}
