import { bind, describe, execute, parse, query, run, sync, type Value } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script } from '../script';

const MEGABYTE = 1024 * 1024;

/** Values of any size, number and format. */
export function valueScripts(): readonly Script[] {
  return [...sizes().map((script) => ({ ...script, large: true })), ...formats(), ...oddShapes()];
}

function one(name: string, ...frames: readonly Buffer[]): Script {
  return {
    name: `values: ${name}`,
    modes: EVERY_MODE,
    steps: [ask(...frames), ask(query('SELECT 1'))],
  };
}

function sizes(): readonly Script[] {
  const random = 'SELECT string_agg(md5(i::text), $$$$) FROM generate_series(1, 32768) i';
  return [
    one('1 MB in one row', query(random)),
    one('20 MB in one row', query("SELECT repeat('0123456789abcdefghij', 1048576)")),
    one(
      '100 rows of 100 kB',
      query('SELECT i, repeat(chr(97 + i % 26), 100000) FROM generate_series(1, 100) i'),
    ),
    one('100,000 rows', query("SELECT i, 'row ' || i FROM generate_series(1, 100000) i")),
    one(
      '100,000 rows, extended, binary',
      parse('SELECT i, i * 2 FROM generate_series(1, 100000) i'),
      bind({ results: [1] }),
      execute(),
      sync(),
    ),
    one(
      '1,600 columns',
      query(`SELECT ${Array.from({ length: 1600 }, (_, i) => `${i} AS column_${i}`).join(', ')}`),
    ),
    one(
      'a parameter of 5 MB',
      run('SELECT length($1), md5($1)', ['abcde'.repeat(MEGABYTE)]),
      sync(),
    ),
    one(
      'a parameter of 5 MB sent back',
      run('SELECT $1::text', ['abcde'.repeat(MEGABYTE)]),
      sync(),
    ),
    one('a query of 2 MB', query(`SELECT length('${'q'.repeat(2 * MEGABYTE)}')`)),
    one('a statement of 1 MB', run(`SELECT 1 /* ${'comment '.repeat(MEGABYTE / 8)} */`), sync()),
    one(
      '5,000 parameters',
      parse(`SELECT ${Array.from({ length: 5000 }, (_, i) => `$${i + 1}::int`).join(' + ')}`),
      describe('S'),
      bind({ values: Array.from({ length: 5000 }, (_, i) => `${i}`) }),
      execute(),
      sync(),
    ),
    one(
      'sizes around the usual buffers',
      ...[4090, 4096, 8186, 8192, 16384, 32768, 65530, 65536, 131072].flatMap((bytes) =>
        [-1, 0, 1].map((more) => query(`SELECT repeat('b', ${bytes + more})`)),
      ),
    ),
  ];
}

function formats(): readonly Script[] {
  const types = `SELECT 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, 12345.678::numeric, true,
    'text'::text, 'v'::varchar(5), '\\xdeadbeef'::bytea, '2026-02-03'::date,
    '2026-02-03 04:05:06.789+02'::timestamptz, '1 day 2 hours'::interval, '{1,NULL,3}'::int4[],
    '{"a": [1, null]}'::jsonb, '10.0.0.1/8'::inet, 'b5c1c6c4-0d4f-4a5e-9c58-7b0a1d2e3f40'::uuid,
    ROW(1, 'two', NULL), '[1,5)'::int4range, '(1,2)'::point, 'x'::"char", B'1010'::bit(4)`;
  const binary = Buffer.alloc(8);
  binary.writeBigInt64BE(-12345678901234n);
  const values: Value[] = ['text', binary, Buffer.from([0, 1, 2, 255]), null];
  return [
    one('many types as text', run(types), sync()),
    one(
      'many types in binary',
      parse(types),
      describe('S'),
      bind({ results: [1] }),
      describe('P'),
      execute(),
      sync(),
    ),
    one(
      'binary parameters',
      parse('SELECT $1::text, $2::int8, $3::bytea, $4::int4'),
      bind({ formats: [0, 1, 1, 1], values, results: [0, 1, 1, 0] }),
      describe('P'),
      execute(),
      sync(),
    ),
    one(
      'formats mixed by column',
      parse('SELECT 1, 2, 3'),
      bind({ results: [0, 1, 0] }),
      describe('P'),
      execute(),
      sync(),
    ),
    one(
      'binary cursor by simple query',
      query('BEGIN; DECLARE c BINARY CURSOR FOR SELECT 1, 2.5::float8; FETCH 1 FROM c; COMMIT'),
    ),
  ];
}

function oddShapes(): readonly Script[] {
  return [
    one('NULLs and empty texts', query("SELECT NULL, '', NULL::int, ''::bytea")),
    one(
      'empty and NULL parameters',
      run("SELECT $1::text IS NULL, $2::text = '', $1, $2", [null, '']),
      sync(),
    ),
    one('rows without columns', query('SELECT FROM generate_series(1, 3)')),
    one('rows without columns, extended', run('SELECT FROM generate_series(1, 3)'), sync()),
    one('no rows', query('SELECT * FROM differential.items WHERE false')),
    one('column names of any kind', query('SELECT 2 AS "two words", 3 AS "naïve ""quoted"" 名前"')),
    one('text of many scripts', query("SELECT 'grüße', '日本語', '🐘', E'tab\\tline\\nend'")),
    one(
      'text of many scripts as parameters',
      run('SELECT $1, $2', ['grüße 日本語', '🐘'.repeat(1000)]),
      sync(),
    ),
    one('EXPLAIN', query('EXPLAIN (COSTS OFF) SELECT * FROM differential.items WHERE id = 1')),
    one('SHOW', query('SHOW max_identifier_length'), query('SHOW DateStyle')),
    {
      ...one(
        'INSERT, UPDATE, DELETE and their counts',
        query("INSERT INTO differential.items SELECT i, 'x' FROM generate_series(50, 59) i"),
        query("UPDATE differential.items SET name = 'y' WHERE id >= 55 RETURNING *"),
        query('DELETE FROM differential.items WHERE id >= 50'),
      ),
      writes: true,
    },
  ];
}
