import { bind, close, describe, execute, parse, sync } from '../../wire/frontend';
import { group, on, pipeline, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'prepared statements: names, numbers, sessions',
  steps,
});

const use = (statement: string, ...values: readonly string[]): Buffer =>
  Buffer.concat([bind({ statement, values }), execute()]);

const NAMES: readonly string[] = [
  'with space',
  'with"quote',
  "with'apostrophe",
  'with;semicolon--',
  'caf\u00e9 \u4e2d\u6587 \u{1f600}',
  'UPPER',
  'upper',
  'a'.repeat(63),
  `${'a'.repeat(63)}b`,
  `${'a'.repeat(63)}c`,
  'n'.repeat(500),
  'pgweir_1',
  'pgweir_0000_1',
  '0',
];

export const preparedManyScenarios: readonly Scenario[] = [
  of(
    'names with spaces, quotes, other scripts, and of more than 63 bytes',
    ...NAMES.map((name, i) => group(parse(`SELECT ${i}`, name))),
    ...NAMES.map((name) => group(use(name))),
    group(close('S', 'UPPER'), close('S', 'a'.repeat(63))),
    ...NAMES.map((name) => group(use(name))),
  ),
  of(
    'sixty statements, each used again from the first to the last and back',
    ...Array.from({ length: 6 }, (_, i) =>
      group(
        ...Array.from({ length: 10 }, (__, j) => parse(`SELECT ${i * 10 + j}`, `s${i * 10 + j}`)),
      ),
    ),
    ...Array.from({ length: 6 }, (_, i) =>
      pipeline(...Array.from({ length: 10 }, (__, j) => [use(`s${i * 10 + j}`), sync()]).flat()),
    ),
    group(...Array.from({ length: 60 }, (_, i) => use(`s${59 - i}`))),
  ),
  of(
    'more statements than a link keeps',
    ...Array.from({ length: 5 }, (_, i) =>
      group(
        ...Array.from({ length: 50 }, (__, j) =>
          parse(`SELECT $1::int * ${i * 50 + j}`, `s${i * 50 + j}`),
        ),
      ),
    ),
    group(use('s0', '1'), use('s249', '2')),
    group(...Array.from({ length: 250 }, (_, i) => use(`s${i}`, '3'))),
    group(describe('S', 's7'), close('S', 's7')),
    group(use('s7', '1')),
    group(use('s8', '1')),
    group(parse('SELECT 7', 's7'), use('s7')),
  ),
  of(
    'one text under several names, one of them closed',
    group(parse('SELECT $1::int', 'a'), parse('SELECT $1::int', 'b'), parse('SELECT $1::int')),
    group(close('S', 'a')),
    group(use('a', '1')),
    group(use('b', '2')),
    group(parse('SELECT $1::int', 'a'), use('a', '3'), use('b', '4')),
  ),
  of(
    'one text with several parameter types',
    group(parse('SELECT $1, pg_typeof($1)::text', 'int', [23]), describe('S', 'int')),
    group(parse('SELECT $1, pg_typeof($1)::text', 'text', [25]), describe('S', 'text')),
    group(parse('SELECT $1, pg_typeof($1)::text', 'date', [1082]), describe('S', 'date')),
    group(parse('SELECT $1, pg_typeof($1)::text', 'open'), describe('S', 'open')),
    group(use('int', '0042')),
    group(use('text', '0042')),
    group(use('date', '2024-1-2')),
    group(use('open', '0042')),
    group(use('int', 'x')),
  ),
  {
    ...of(
      'one name means another statement in each session',
      group(parse("SELECT 'of a'", 's')),
      on('b', group(parse("SELECT 'of b', $1::int", 's'))),
      group(use('s')),
      on('b', group(use('s', '1'))),
      group(describe('S', 's')),
      on('b', group(describe('S', 's')), group(close('S', 's'))),
      group(use('s')),
      on('b', group(use('s', '2'))),
    ),
    sessions: { a: {}, b: {} },
  },
  {
    ...of(
      'one text in two sessions, closed by one of them',
      group(parse('SELECT $1::int + 1', 's')),
      on('b', group(parse('SELECT $1::int + 1', 's'), close('S', 's'))),
      group(use('s', '1')),
      on('b', group(use('s', '1'))),
      on('b', simple('DEALLOCATE ALL')),
      group(use('s', '2')),
    ),
    sessions: { a: {}, b: {} },
  },
  of(
    'a long text',
    group(parse(`SELECT length('${'long text '.repeat(12_000)}'), $1::int`, 'long')),
    group(describe('S', 'long')),
    group(use('long', '1')),
    simple('SELECT 1'),
    group(use('long', '2')),
  ),
  of(
    'after DISCARD ALL, DEALLOCATE ALL and DEALLOCATE of a name',
    ...['DISCARD ALL', 'DEALLOCATE ALL', 'DEALLOCATE PREPARE ALL', 'DEALLOCATE "s"'].map((sql) => [
      group(parse('SELECT 1', 's'), parse('SELECT 2')),
      simple(sql),
      group(use('s')),
      group(parse('SELECT 3', 's'), use('s')),
      group(close('S', 's')),
    ]),
  ),
  of(
    'DEALLOCATE by the extended protocol, in a transaction and rolled back',
    group(parse('SELECT 1', 's'), parse('SELECT 2', 't'), parse('SELECT 3', 'u')),
    group(parse('DEALLOCATE s'), bind(), execute()),
    group(use('s')),
    simples('BEGIN', 'DEALLOCATE t', 'ROLLBACK'),
    group(use('t')),
    simples('DEALLOCATE no_such_statement', 'DEALLOCATE PREPARE u; SELECT 1'),
    group(use('u')),
  ),
  of(
    'DEALLOCATE of names with quotes, capitals and more than 63 bytes',
    group(
      parse('SELECT 1', 'Mixed "x"'),
      parse('SELECT 2', 'mixed'),
      parse('SELECT 3', 'a'.repeat(63)),
    ),
    group(parse('SELECT 4', 'a'.repeat(70))),
    simples('DEALLOCATE "Mixed ""x"""', 'DEALLOCATE MIXED', `DEALLOCATE ${'a'.repeat(70)}`),
    group(use('Mixed "x"')),
    group(use('mixed')),
    group(use('a'.repeat(63))),
    group(use('a'.repeat(70))),
  ),
  of(
    'pg_prepared_statements lists what the protocol has prepared',
    group(parse('SELECT $1::int', 'b'), parse('SELECT 2', 'a')),
    simple(
      'SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY name',
    ),
    group(close('S', 'b')),
    simple('SELECT name FROM pg_prepared_statements'),
  ),
  of(
    'EXECUTE runs what the protocol has prepared, and Bind what PREPARE has',
    group(parse('SELECT $1::int * 2', 'twice')),
    simples('EXECUTE twice(21)', 'PREPARE thrice(int) AS SELECT $1 * 3'),
    group(describe('S', 'thrice'), use('thrice', '5')),
    simple('DEALLOCATE twice'),
    group(use('twice', '1')),
    group(close('S', 'thrice')),
    simple('EXECUTE thrice(1)'),
  ),
];
