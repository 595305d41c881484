import { tokensOf } from '../../src/sql/tokens';

const listOf = (code: string): readonly string[] =>
  [...tokensOf(code)].map(({ kind, text }) => `${kind} ${text}`);

test('words, literals and symbols', () => {
  expect(listOf(`Set "My""x" = 'it''s' || E'a\\'b' || $$c 'd'$$ || $1; $q$ $$ $q$`)).toEqual([
    'word set',
    'word my"x',
    'symbol =',
    "literal it's",
    'symbol |',
    'symbol |',
    "literal a'b",
    'symbol |',
    'symbol |',
    "literal c 'd'",
    'symbol |',
    'symbol |',
    'symbol $',
    'symbol 1',
    'symbol ;',
    'literal  $$ ',
  ]);
});

test('comments and white space are left out', () => {
  expect(listOf("a -- 'b\n /* c ' */ d--")).toEqual(['word a', 'word d']);
});

test.each(["a 'b", 'a "b', 'a $x$b', 'a /* b', 'a -- b', "a E'b\\"])(
  'what is not closed ends with the code: %s',
  (code) => {
    expect(listOf(code)[0]).toBe('word a');
    expect(listOf(code).length).toBeLessThanOrEqual(2);
  },
);

test('tokens say where they begin', () => {
  const starts = [...tokensOf(" a 'b';c")].map(({ start }) => start);
  expect(starts).toEqual([1, 3, 6, 7]);
});
