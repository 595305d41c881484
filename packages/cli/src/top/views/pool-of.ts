import type { ConsoleRow } from '../../console-client/console-connection';
import { rowsOf, type Sample, textOf } from '../sample';
import type { TopState } from '../state';

/**
 * The pool of whoever a row is about. Where a database has a user of its own, its clients have other names
 * than its pool.
 */
export function poolOf(row: ConsoleRow, sample: Sample): NonNullable<TopState['pool']> {
  const database = textOf(row, 'database');
  const entry = rowsOf(sample, 'DATABASES').find((one) => textOf(one, 'name') === database);
  const forced = textOf(entry, 'force_user');
  return { database, user: forced === '' ? textOf(row, 'user') : forced };
}
