import fc from 'fast-check';
import { formatLine } from '../../src/log/format';

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
      const line = formatLine({ ...at, level: 'info', message, fields: { value } });
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    }),
  );
});
