import * as fc from 'fast-check';

/**
 * Texts of SQL with places in them: `{s}` a literal, `{e}` an escape string, `{d}` one between dollars,
 * `{n}` a number, `{_}` white space.
 */
const EXPRESSIONS: readonly string[] = [
  ...['{s}', '{n}', '{e}', '{d}', '-{n}', 'a', 't.a', '"A b"', '$1', '$23', 'NULL', 'true', '*'],
  ...[
    '{s}::text',
    'date{_}{s}',
    'n{s}',
    'x{h}',
    'B{h}',
    'U&{s}',
    'interval {s} day',
    'float({n}) {s}',
  ],
  ...[
    'f({n},{_}{s})',
    'nextval({s})',
    'a[{n}:{n}]',
    'x BETWEEN{_}{n}{_}AND {n}',
    'CAST({s} AS numeric({n}))',
  ],
  ...['a = {s}', 'a<{n}', 'a ->> {s}', 'a{_}IN ({n},{s},{n})', '{n}+{n}', '{s}||{s}', 'a<>-{n}'],
  ...['CASE WHEN a = {n} THEN {s} ELSE {e} END', 'EXTRACT(year{_}FROM{_}a)', 'coalesce(a, {s})'],
  ...[
    'current_setting({s})',
    'a AT TIME ZONE {s}',
    'a LIKE {s} ESCAPE {s}',
    '(SELECT {n})',
    'e',
    'u',
    'u&a',
  ],
];

const STATEMENTS: readonly string[] = [
  ...[
    'SELECT{_}{x}',
    'SELECT {x},{_}{x} FROM t',
    'SELECT * FROM t WHERE{_}{x}',
    'VALUES ({x}, {x})',
  ],
  ...['SELECT a FROM t ORDER BY {n} LIMIT{_}{n}', 'WITH q AS (SELECT {x}) SELECT{_}* FROM q'],
  ...['INSERT INTO t VALUES ({x})', 'UPDATE t SET a = {x}', 'SELECT {x} FROM t FOR UPDATE'],
  ...[
    'EXPLAIN (ANALYZE {n}) SELECT {x}',
    'EXPLAIN (ANALYZE {s}) DELETE FROM t',
    'SET a.b = {s}',
    'SHOW x',
  ],
  ...[
    'BEGIN READ ONLY',
    'COMMIT',
    'SELECT * FROM f({x}) AS g',
    'DO {d}',
    'SELECT {s};{_}SELECT {n}',
  ],
  ...['SELECT U&"d\\0061t", {x}', 'SELECT {x} UESCAPE {s}', 'SELECT {s}{_}{s}', '{_}SELECT{_}'],
  'SELECT U&"f!0061\\0061" UESCAPE {q}',
  ...['SELECT * FROM t TABLESAMPLE system ({n})', 'SELECT JSON_VALUE(a, {s} RETURNING int)'],
];

const SPACES = [
  ' ',
  ' ',
  '\n',
  ' \t ',
  "/* c; ' */",
  '-- "x\n',
  ' /* a /* b */ */ ',
  '\r\n',
  '/**/ ',
];
const TEXTS = [
  "''",
  "'a'",
  "'it''s'",
  "'/*'",
  "'--'",
  "'a;b'",
  "'\"'",
  "'$$'",
  "'é'",
  "'C:\\dir'",
  "'a\nb'",
  "'\\'",
];
const ESCAPES = ["e''", "E'a'", "e'\\''", "E'\\\\'", "e'\\n\\x41'", "E'a''b'", "e'é;'"];
const DOLLARS = ['$$$$', '$$a$$', "$x$ ' $$ $x$", '$a1$;--\n$a1$', '$é$x$é$', '$$ $a$ $$'];
const NUMBERS = ['0', '7', '42', '1.5', '1.', '2e5', '3.25E-3', '99999999999', '1e+10', '007'];
/** Which character escapes in a name. */
const ESCAPERS = ["'!'", "'\\'"];
const HEXES = ["'0'", "'1'", "'101'", "''"];

/** What does not belong where it is put. */
const INTRUDERS = [
  ...[
    "'",
    "''",
    '"',
    '\\',
    "\\'",
    '$',
    '$$',
    '$a$',
    '--',
    '/*',
    '*/',
    '\n',
    ' ',
    'e',
    'E',
    'u&',
    'U&',
  ],
  ...['1', '.', '0x1', '_', '1_0', '.5', ';', '(', ')', '-', '+', 'a', 'DELETE FROM t', ',', '::'],
];

type Choose = (choices: readonly string[]) => string;

function filled(template: string, choose: Choose): string {
  return template.replaceAll(/\{([sednhq_])\}/g, (_, place: string) => {
    switch (place) {
      case 's':
        return choose(TEXTS);
      case 'e':
        return choose(ESCAPES);
      case 'd':
        return choose(DOLLARS);
      case 'n':
        return choose(NUMBERS);
      case 'h':
        return choose(HEXES);
      case 'q':
        return choose(ESCAPERS);
      default:
        return choose(SPACES);
    }
  });
}

const templates: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...STATEMENTS), fc.infiniteStream(fc.constantFrom(...EXPRESSIONS)))
  .map(([statement, expressions]) => {
    return statement.replaceAll('{x}', () => String(expressions.next().value));
  });

/** Two texts of one template, which differ in what stands in its places. */
export const siblings: fc.Arbitrary<readonly [string, string]> = fc
  .tuple(templates, fc.gen())
  .map(([template, gen]) => {
    const choose: Choose = (choices) => gen(fc.constantFrom, ...choices);
    return [filled(template, choose), filled(template, choose)];
  });

/** A text and the same with something put into it, or something taken away. */
export const mutants: fc.Arbitrary<readonly [string, string]> = fc
  .tuple(siblings, fc.nat(), fc.constantFrom('', ...INTRUDERS), fc.nat({ max: 2 }))
  .map(([[text], place, intruder, gone]) => {
    const at = place % (text.length + 1);
    return [text, text.slice(0, at) + intruder + text.slice(at + gone)];
  });
