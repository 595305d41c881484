import { LOG_FIELDS } from '@pgweir/pooler';
import fc from 'fast-check';
import { formatJson, formatLine } from '../../src/log/format';

const at = { wallMs: Date.UTC(2026, 10, 22, 17, 0, 0, 123), pid: 42 };

test('a line has time, process, level, message and fields', () => {
  const fields = { client: 7, reason: 'query timeout', user: 'app', tls: false, gone: undefined };
  expect(formatLine({ ...at, level: 'info', message: 'closing', fields })).toBe(
    '2026-11-22 17:00:00.123 UTC [42] LOG closing client=7 reason="query timeout" user=app tls=false',
  );
});

test.each([
  ['error', 'ERROR'],
  ['warn', 'WARNING'],
  ['info', 'LOG'],
  ['debug', 'DEBUG'],
] as const)('%s is written as %s', (level, word) => {
  expect(formatLine({ ...at, level, message: 'm', fields: {} })).toContain(`] ${word} m`);
});

test('nobody can forge a line or a field', () => {
  const evil = 'x\n2026 [1] LOG forged\r\u2028\u202e\x1b[31m';
  const line = formatLine({
    ...at,
    level: 'warn',
    message: evil,
    fields: { user: `a" b="${evil}` },
  });
  expect(line).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  expect(line).toContain('\\n2026');
  expect(line).toContain('user="a\\" b=\\"x');
});

test('any text gives one line of printable characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, value) => {
      const line = formatLine({ ...at, level: 'info', message, fields: { reason: value } });
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    }),
  );
});

test('what a message says already is not said again', () => {
  const line = (message: string, fields: object) =>
    formatLine({ ...at, level: 'info', message, fields }).replace(/^.* LOG /, '');
  expect(line('closing because: bye', { client: 1, reason: 'bye' })).toBe(
    'closing because: bye client=1',
  );
  expect(line('worker 3 serves', { worker: 3, slot: 1 })).toBe('worker 3 serves slot=1');
  expect(line('worker 33 serves', { worker: 3 })).toBe('worker 33 serves worker=3');
});

test('a line of JSON is an object: time, level, message, the fields as they are, and the process', () => {
  const fields = { client: 7, reason: 'query timeout', tls: false, user: undefined, worker: 2 };
  const line = formatJson({ ...at, level: 'warn', message: 'closing', fields });
  expect(line).toBe(
    '{"time":"2026-11-22T17:00:00.123Z","level":"warn","message":"closing","client":7,' +
      '"reason":"query timeout","tls":false,"worker":2,"pid":42}',
  );
});

test('any text gives one line of JSON of printable characters that says just that text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, reason) => {
      const line = formatJson({ ...at, level: 'info', message, fields: { reason } });
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
      expect(JSON.parse(line)).toMatchObject({ message, reason });
    }),
  );
});

test('whatever the size of what a line says, it is bounded, and JSON remains JSON', () => {
  const long = '\u0001ü'.repeat(50_000);
  const fields = { user: long, database: long, reason: long, error: long };
  const line = { ...at, level: 'info', message: long, fields } as const;
  expect(Buffer.byteLength(formatLine(line))).toBeLessThan(150_000);
  expect(Buffer.byteLength(formatJson(line))).toBeLessThan(8000 * 2);
  expect(JSON.parse(formatJson(line))).toMatchObject({ pid: 42 });
});

test('no field is called as what every line has', () => {
  for (const name of ['time', 'level', 'message', 'pid'])
    expect(LOG_FIELDS).not.toHaveProperty(name);
});
