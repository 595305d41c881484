import { Histogram, type StatementView } from '@pgweir/pooler';
import { statementsNow } from '../../src/dashboard/statements-now';
import { loaded } from '../support/config-files';
import { FULL } from '../support/console-client';

const CONFIG = '[databases]\napp = host=db\n[pgbouncer]\nlisten_addr = 127.0.0.1\n';

function statement(fingerprint: string, timesUs: readonly number[]): StatementView {
  const times = new Histogram();
  for (const us of timesUs) times.observe(us);
  return {
    ...{ database: 'app', user: 'ann', fingerprint, statement: `SELECT ${fingerprint}` },
    ...{ calls: timesUs.length, rows: 3, waitUs: 500, errors: 1, times: times.view() },
  };
}

function shown(settings: string, statements: readonly StatementView[], rowsMax = 10) {
  const scene = { picture: { ...FULL, statements }, config: loaded(CONFIG + settings) };
  return statementsNow(scene, rowsMax);
}

test('statements that take most of the time come first, and no more than asked for', () => {
  const all = [statement('a', [10]), statement('b', [4_000, 6_000]), statement('c', [100])];
  expect(shown('statement_stats = on\n', all, 2)).toEqual({
    kind: 'on',
    total: 3,
    rows: [
      expect.objectContaining({
        ...{ fingerprint: 'b', calls: 2, rows: 3, errors: 1, totalMs: 10, meanMs: 5, waitMs: 0.5 },
      }),
      expect.objectContaining({ fingerprint: 'c' }),
    ],
  });
});

test('the page says so where statements are not counted', () => {
  expect(shown('', [statement('a', [10])])).toEqual({ kind: 'off' });
});
