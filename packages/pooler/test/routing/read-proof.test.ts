import { type Nature, NO_PROOF, proofOf, type ReadProof } from '../../src/routing/read-proof';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { NATURES } from './natures';

let grammar: Grammar;

beforeAll(async () => {
  grammar = await loadGrammar();
});

function proof(text: string): ReadProof {
  const statements = grammar.statements(text);
  return statements === undefined ? NO_PROOF : proofOf(statements);
}

/** What the catalog is asked for, without the question for the database itself. */
function asked(text: string): readonly string[] {
  const names = proof(text).names.filter(({ kind }) => kind !== 'database');
  return names.map(({ kind, schema, name }) => {
    return `${kind} ${schema === undefined ? '' : `${schema}.`}${name}`;
  });
}

const NATURE_NAMES: readonly Nature[] = ['read', 'local', 'opener', 'other'];

describe.each(NATURE_NAMES)('%s', (nature) => {
  test.each([...new Set(NATURES[nature])])('%s', (text) => {
    expect(proof(text).nature).toBe(nature);
  });
});

test.each(NATURES.other)('nobody asks the catalog about what is no read anyway: %s', (text) => {
  expect(proof(text).names).toEqual([]);
});

describe('what the catalog is asked for', () => {
  test.each<[string, readonly string[]]>([
    ['SELECT 1', []],
    ['SELECT * FROM a, s.b, "C" AS d', ['relation C', 'relation s.b', 'relation a']],
    ['SELECT f(g(1)), s."H"(2)', ['function s.H', 'function f', 'function g']],
    ['SELECT f() FROM f()', ['function f']],
    [
      'SELECT t.a, x.s.t.b, (c).d, e.*',
      ['attribute d', 'attribute b', 'attribute t', 'attribute s', 'attribute a'],
    ],
    ['SELECT a FROM t ORDER BY a', ['relation t']],
    ['SELECT 1 + 2, 3 OPERATOR(s.@#) 4', ['operator @#', 'operator +']],
    ['SELECT a FROM t ORDER BY a USING ~<~', ['relation t', 'operator ~<~']],
    ['SELECT 1 <> ALL (SELECT 2)', ['operator <>']],
    ['SELECT a::b, c::s.d[], e::int, f::numeric(2)', ['type s.d', 'type b']],
    ["SELECT mood 'happy'", ['type mood']],
    ['SELECT x.a FROM f() AS x (a mood)', ['attribute a', 'function f', 'type mood']],
    ['SELECT EXTRACT(year FROM a)', ['function pg_catalog.extract']],
    ["SELECT a LIKE 'b' ESCAPE 'c'", ['operator ~~', 'function pg_catalog.like_escape']],
  ])('%s', (text, names) => {
    expect([...asked(text)].sort()).toEqual([...names].sort());
  });

  test.each<[string, readonly string[]]>([
    ['WITH a AS (SELECT 1) SELECT * FROM a', []],
    ['WITH a AS (SELECT 1) SELECT * FROM s.a', ['relation s.a']],
    ['WITH a AS (SELECT * FROM a) SELECT * FROM a', ['relation a']],
    ['WITH RECURSIVE a AS (SELECT * FROM a) SELECT * FROM a', []],
    ['WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a, b', ['relation b']],
    ['WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a', []],
    ['SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) x, a', ['relation a']],
    [
      'WITH a AS (SELECT 1) SELECT (SELECT count(*) FROM a) FROM (SELECT * FROM a) x',
      ['function count'],
    ],
    ['WITH a AS (SELECT 1) (SELECT * FROM a) UNION ALL (SELECT * FROM a)', []],
    ['(WITH a AS (SELECT 1) SELECT * FROM a) UNION ALL SELECT * FROM a', ['relation a']],
    [
      'WITH a AS (SELECT 1), b AS (WITH c AS (SELECT * FROM a) SELECT * FROM c) SELECT * FROM c',
      ['relation c'],
    ],
  ])('names of WITH queries count only where they are seen: %s', (text, names) => {
    expect([...asked(text)].sort()).toEqual([...names].sort());
  });
});

test('a text with more names than anybody uses is not proven', () => {
  const names = (count: number): string =>
    Array.from({ length: count }, (_, i) => `f${i}()`).join();
  expect(proof(`SELECT ${names(400)}`).nature).toBe('read');
  expect(proof(`SELECT ${names(600)}`).nature).toBe('other');
});

test('a deep tree is no trouble', () => {
  expect(proof(`SELECT ${'1+'.repeat(800)}1`).nature).toBe('read');
  expect(proof(`SELECT ${'1+'.repeat(800)}nextval('s')`).nature).toBe('other');
});
