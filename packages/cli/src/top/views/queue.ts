import { numberOf, rowsOf, textOf } from '../sample';
import { shortTime } from '../words';
import { poolOf } from './pool-of';
import { cells, left, right, type View, wide } from './view';

export const QUEUE: View = {
  item: 'QUEUE',
  none: 'nobody waits for a link',
  columns: [
    ...[right('WAITED', 8), right('POS', 5), right('CLIENT', 8), wide('DATABASE', 8)],
    ...[wide('USER', 6), left('MODE', 11), wide('APPLICATION', 10)],
  ],
  rows: (sample) => {
    const names = new Map(
      rowsOf(sample, 'CLIENTS').map((row) => [row.id, textOf(row, 'application_name')]),
    );
    return [...rowsOf(sample, 'QUEUE')]
      .sort((a, b) => numberOf(b, 'waited_us') - numberOf(a, 'waited_us'))
      .map((row) => {
        const client = textOf(row, 'client');
        const [database, user] = [textOf(row, 'database'), textOf(row, 'user')];
        const application = names.get(client) ?? '';
        return {
          key: client,
          pool: poolOf(row, sample),
          kill: {
            command: `KILL_CLIENT ${client}`,
            says: `kill client ${client} (${database}, ${user}, ${application})`,
          },
          cells: cells(
            ...[shortTime(numberOf(row, 'waited_us')), textOf(row, 'position'), client],
            ...[database, user, textOf(row, 'pool_mode'), application],
          ),
        };
      });
  },
};
