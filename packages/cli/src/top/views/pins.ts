import { numberOf, rowsOf, textOf } from '../sample';
import { shortTime } from '../words';
import { poolOf } from './pool-of';
import { cells, right, type View, wide } from './view';

export const PINS: View = {
  item: 'PINS',
  none: 'nobody keeps a link beyond its transaction',
  columns: [
    ...[right('SINCE', 7), right('CLIENT', 8), wide('DATABASE', 8), wide('USER', 6)],
    ...[wide('REASON', 12), wide('STATEMENT', 14)],
  ],
  rows: (sample) =>
    [...rowsOf(sample, 'PINS')]
      .sort((a, b) => numberOf(b, 'seconds') - numberOf(a, 'seconds'))
      .map((row) => {
        const client = textOf(row, 'client');
        const [database, user] = [textOf(row, 'database'), textOf(row, 'user')];
        const reason = textOf(row, 'reason');
        return {
          key: client,
          pool: poolOf(row, sample),
          kill: {
            command: `KILL_CLIENT ${client}`,
            says: `kill client ${client} (${database}, ${user}, ${reason})`,
          },
          cells: cells(
            ...[shortTime(numberOf(row, 'seconds') * 1_000_000), client, database, user],
            ...[reason, textOf(row, 'statement')],
          ),
        };
      }),
};
