import { AuthCounts } from '../../src/stats/auth-counts';
import { boundErrors, ErrorCounts } from '../../src/stats/error-counts';

test('errors are counted by entry, source and SQLSTATE', () => {
  const counts = new ErrorCounts();
  counts.count('server', 'app', '23505');
  counts.count('server', 'app', '23505');
  counts.count('pgweir', 'app', '53300');
  counts.count('pgweir', '*', '3D000');
  expect(counts.view()).toEqual([
    { entry: 'app', source: 'pgweir', sqlstate: '53300', count: 1 },
    { entry: '*', source: 'pgweir', sqlstate: '3D000', count: 1 },
    { entry: 'app', source: 'server', sqlstate: '23505', count: 2 },
  ]);
});

test('a function that raises every SQLSTATE there is makes no table grow for ever', () => {
  const counts = new ErrorCounts();
  for (let at = 0; at < 1000; at++) counts.count('server', 'app', `P${1000 + at}`);
  counts.count('server', 'app', 'no sqlstate"');
  const rows = counts.view();
  expect(rows.length).toBeLessThan(50);
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(1001);
  expect(rows.find(({ sqlstate }) => sqlstate === 'other')?.count).toBe(961);
});

test('whatever entries and processes there are, the SQLSTATEs of all together are few', () => {
  const all = Array.from({ length: 10 }, (_, process) => {
    const counts = new ErrorCounts();
    for (let entry = 0; entry < 10; entry++) {
      for (let at = 0; at < 20; at++) {
        counts.count('server', `db${entry}`, `P${1000 + 200 * process + 20 * entry + at}`);
      }
    }
    return counts.view();
  });
  const statesOf = (rows: readonly { readonly sqlstate: string }[]) =>
    new Set(rows.map(({ sqlstate }) => sqlstate)).size;
  for (const rows of all) expect(statesOf(rows)).toBe(41);
  const bound = boundErrors(all.flat());
  expect(statesOf(bound)).toBe(101);
  expect(bound.reduce((sum, { count }) => sum + count, 0)).toBe(2000);
});

test('logins are counted by method and result, also those that came to no method', () => {
  const counts = new AuthCounts();
  counts.count('ok', 'md5');
  counts.count('failed', 'md5');
  counts.count('failed', undefined);
  expect(counts.view()).toEqual([
    { method: 'md5', result: 'ok', count: 1 },
    { method: 'md5', result: 'failed', count: 1 },
    { method: 'none', result: 'failed', count: 1 },
  ]);
});
