import { parentChange } from '../../src/tracing/set-parent';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const change = (sql: string) => parentChange(Buffer.from(sql), 0, Buffer.byteLength(sql));

test.each([
  [`SET pgweir.traceparent = '${PARENT}'`, 'set'],
  [`set session PGWEIR.TRACEPARENT to '${PARENT}' ;`, 'set'],
  [`\n SET LOCAL pgweir.traceparent='${PARENT}'`, 'local'],
])('%s names a parent', (sql, kind) => {
  expect(change(sql)).toMatchObject({ parent: { spanId: '00f067aa0ba902b7' }, kind });
});

test.each([
  ["SET pgweir.traceparent = ''", 'set'],
  ["SET pgweir.traceparent = 'garbage'", 'set'],
  ["SET LOCAL pgweir.traceparent = 'garbage'", 'local'],
  ['SET LOCAL pgweir.traceparent TO DEFAULT', 'local'],
  ['SET pgweir.traceparent TO DEFAULT', 'reset'],
  ['RESET pgweir.traceparent', 'reset'],
  ['reset all;', 'reset'],
  ['DISCARD ALL', 'reset'],
])('%s names none', (sql, kind) => {
  expect(change(sql)).toEqual({ parent: undefined, kind });
});

test.each([
  'SELECT 1',
  'SET pgweir.route = primary',
  `SELECT '1'; SET pgweir.traceparent = '${PARENT}'`,
  `SET pgweir.traceparent = '${PARENT}'; SELECT 1`,
  `SET a = '${'x'.repeat(300)}'`,
  'DISCARD TEMP',
  '',
  's',
])('%s says nothing of it', (sql) => {
  expect(change(sql)).toBeUndefined();
});
