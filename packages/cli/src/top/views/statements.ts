import { numberOf, rowsOf, textOf } from '../sample';
import { shortNumber, shortTime } from '../words';
import { cells, right, type View, wide } from './view';

export const STATEMENTS: View = {
  item: 'STATEMENTS',
  none: 'none has been counted: statement_stats switches that on',
  columns: [
    ...[right('CALLS', 6), right('TOTAL', 7), right('MEAN', 7), right('P95', 7)],
    ...[right('WAIT', 7), right('ROWS', 6), wide('DATABASE', 8), wide('STATEMENT', 24)],
  ],
  rows: (sample) =>
    [...rowsOf(sample, 'STATEMENTS')]
      .sort((a, b) => numberOf(b, 'total_us') - numberOf(a, 'total_us'))
      .map((row) => {
        const time = (column: string): string => shortTime(numberOf(row, column));
        const key = ['database', 'user', 'fingerprint'].map((name) => textOf(row, name)).join('\n');
        return {
          key,
          cells: cells(
            ...[shortNumber(numberOf(row, 'calls')), time('total_us'), time('mean_us')],
            ...[time('p95_us'), time('wait_us'), shortNumber(numberOf(row, 'rows'))],
            ...[textOf(row, 'database'), textOf(row, 'statement')],
          ),
        };
      }),
};
