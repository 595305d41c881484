import fc from 'fast-check';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { statementText } from '../../src/statements/statement-text';
import { statementSummary } from '../../src/stats/statement-summary';

let grammar: Grammar;
beforeAll(async () => {
  grammar = await loadGrammar();
});

const of = (text: string, isCut = false) => statementText(text, { grammar, isCut });

test.each([
  ['SELECT a FROM t WHERE b = 1', "select a  from t where b = 'x' -- why"],
  ['SELECT 1 WHERE a IN (1, 2, 3)', 'SELECT 1 WHERE a IN (4)'],
  ['INSERT INTO t VALUES (1, 2), (3, 4)', 'INSERT INTO t VALUES ($1, $2)'],
  ['BEGIN', ' begin; '],
  ["SET a = 'x'", 'SET a = y'],
  ["ALTER ROLE a PASSWORD 'x'", "ALTER ROLE a PASSWORD 'y'"],
  ["NOTIFY a, 'x'", "NOTIFY a, 'y'"],
  ['SELECT 1; DO $$ a $$', 'SELECT 2; DO $$ b $$'],
  ['selec 1', 'selec 2'],
])('%s is the same statement as %s', (one, other) => {
  expect(of(other).fingerprint).toBe(of(one).fingerprint);
  expect(of(one).fingerprint).toMatch(/^[0-9a-f]{16}$/);
});

test.each([
  ['SELECT a FROM t', 'SELECT b FROM t'],
  ['BEGIN', 'COMMIT'],
  ['SELECT 1', 'SELECT 1; SELECT 1'],
  ['SET a = 1', 'SET b = 1'],
  ['selec 1', 'selec a'],
])('%s is another statement than %s', (one, other) => {
  expect(of(other).fingerprint).not.toBe(of(one).fingerprint);
});

test('a fingerprint is the same in all processes', () => {
  expect(of('SELECT 1').fingerprint).toBe('50fde20626009aba');
  expect(of('BEGIN').fingerprint).toBe('e6f07d43b5c21db0');
});

test('long texts are one statement if they begin alike', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, at) => `(${at}, 'x')`).join();
  const one = of(`INSERT INTO t VALUES ${rows(300)}`);
  expect(of(`INSERT INTO t VALUES ${rows(900)}`, true)).toEqual(one);
  expect(of(`INSERT INTO u VALUES ${rows(300)}`).fingerprint).not.toBe(one.fingerprint);
});

test('what is nested too deeply for the grammar has a fingerprint, too', () => {
  expect(of(`SELECT ${'('.repeat(900)}1${')'.repeat(900)}`).fingerprint).toMatch(/^[0-9a-f]{16}$/);
});

const SECRET = 'k7q3s';
const literal = fc.constantFrom(
  `'${SECRET}'`,
  `E'\\'${SECRET}'`,
  `$$${SECRET}$$`,
  `$a$ ${SECRET} $a$`,
  `U&'${SECRET}'`,
  `'it''s ${SECRET}'`,
);
const part = fc.oneof(
  literal,
  fc.constantFrom(
    'SELECT',
    'SET',
    'a',
    '"b c"',
    '=',
    'TO',
    ',',
    ';',
    '(',
    ')',
    '$1',
    '-- c\n',
    '/* c */',
    '1.5',
  ),
);

test('no literal is shown, whatever stands around it; and what is shown is shown as it is', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const { statement } = of(parts.join(' '));
      expect(statement).not.toContain(SECRET);
      expect(statementSummary(statement)).toBe(statement);
    }),
  );
});

test('any text can be asked for', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.boolean(), (text, isCut) => {
      const { fingerprint, statement } = of(text, isCut);
      expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
      expect(statement.length).toBeLessThanOrEqual(201);
      expect(of(text, isCut).fingerprint).toBe(fingerprint);
    }),
    { numRuns: 50 },
  );
});
