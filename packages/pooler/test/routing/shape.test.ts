import * as fc from 'fast-check';
import { NO_PROOF, proofOf, type ReadProof } from '../../src/routing/read-proof';
import { SHAPE_TEXT_BYTES_MAX, Shape } from '../../src/routing/shape';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { mixedTexts } from '../sql/texts';
import { withoutConstants } from './constants';
import { mutants, siblings } from './templates';

let grammar: Grammar;

beforeAll(async () => {
  grammar = await loadGrammar();
});

/** Undefined for a text without a shape. */
function shapeOf(text: string | Buffer): string | undefined {
  const bytes = Buffer.from(text as string);
  const shape = new Shape();
  // What stands around a text must not matter.
  const around = Buffer.concat([Buffer.from("'u&$.e"), bytes, Buffer.from("'$.5e")]);
  const has = shape.read(around, 6, 6 + bytes.length);
  return has ? `${shape.first} ${shape.second} ${shape.hint}` : undefined;
}

describe('one shape', () => {
  test.each([
    ['SELECT 1', 'SELECT 23456'],
    ['SELECT 1.5', 'SELECT 2e-7'],
    ["SELECT 'a'", "SELECT 'it''s; -- /* $$'"],
    ["SELECT E'a'", "SELECT E'\\'\\\\'"],
    ['SELECT $$a$$', "SELECT $x$ $$ ' $x$"],
    ["SELECT x'1F'", "SELECT x''"],
    ['SELECT  1', 'SELECT\n\t1'],
    ['SELECT 1 FROM t', 'SELECT/* c */1 -- c\nFROM t'],
    ['SELECT 1 /* a /* b */ */', 'SELECT 1 '],
    ["SELECT U&'a'", "SELECT U&'b'"],
    ["SELECT 'a\\b'", "SELECT 'c'"],
  ])('%s · %s', (a, b) => {
    expect(shapeOf(a)).toBeDefined();
    expect(shapeOf(a)).toBe(shapeOf(b));
  });
});

describe('two shapes', () => {
  test.each([
    ['SELECT a', 'SELECT b'],
    ['SELECT a', 'SELECT A'],
    ['SELECT "a"', 'SELECT "b"'],
    ['SELECT "a"', 'SELECT a'],
    ['SELECT $1', 'SELECT $2'],
    ['SELECT $1', 'SELECT 1'],
    ['SELECT $$1$$', "SELECT '1'"],
    ['SELECT 1', "SELECT '1'"],
    ["SELECT e'a'", "SELECT e 'a'"],
    ["SELECT x'1'", "SELECT b'1'"],
    ["SELECT u&'a'", 'SELECT u&$$a$$'],
    ['SELECT a1', 'SELECT a2'],
    ['SELECT 1', 'SELECT -1'],
    ['SELECT 1', 'SELECT true'],
    ['SELECT ""', "SELECT ''"],
    ['SELECT 1', 'SELECT 1; SELECT 1'],
    ['SELECT 1', 'SELECT /* pgweir: primary */ 1'],
    ['SELECT /* pgweir: replica */ 1', 'SELECT /* pgweir: primary */ 1'],
    ['SELECT 1', 'SELECT 1 -- \n; DELETE FROM t'],
    ["SELECT 'a'", "SELECT 'a' || 'b'"],
    ['SELECT a<b', 'SELECT a< b'],
  ])('%s · %s', (a, b) => {
    expect(shapeOf(a)).toBeDefined();
    expect(shapeOf(b)).toBeDefined();
    expect(shapeOf(a)).not.toBe(shapeOf(b));
  });
});

describe('no shape', () => {
  test.each([
    ['a literal that is not closed', "SELECT 'a"],
    ['a comment that is not closed', 'SELECT 1 /* a /* b */'],
    ['a name that is not closed', 'SELECT "a'],
    ['dollars that are not closed', 'SELECT $a$ x $b$'],
    ['a literal whose end depends on standard_conforming_strings', "SELECT 'a\\' || ' -- '"],
    ['the same with two backslashes', "SELECT 'a\\\\'"],
    ['a literal in two parts', "SELECT 'a'\n'b'"],
    ['the same with a comment between', "SELECT 'a' -- c\n 'b'"],
    ['a name with Unicode escapes', 'SELECT U&"d!0061t" UESCAPE \'!\''],
    ['a number that old servers take for two words', 'SELECT 0x1F'],
    ['the same with underscores', 'SELECT 1_000'],
    ['a number that touches a word', 'SELECT 1a'],
    ['a parameter that touches a word', 'SELECT $1a'],
    ['an exponent without a number', 'SELECT 1e'],
    ['two dots', 'SELECT 1..2'],
    ['a number with two points', 'SELECT .5.5'],
    ['a control character', 'SELECT \u0001'],
    ['a NUL', 'SELECT 1\0'],
  ])('%s', (_, text) => {
    expect(shapeOf(text)).toBeUndefined();
  });

  test('a backslash that may be half of a character', () => {
    const text = Buffer.concat([Buffer.from("SELECT E'"), Buffer.of(0x83), Buffer.from("\\' --'")]);
    expect(shapeOf(text)).toBeUndefined();
    expect(shapeOf("SELECT E'a\\' --'")).toBeDefined();
  });

  test('a text that is too long', () => {
    const text = (length: number): string => `SELECT '${'x'.repeat(length - 9)}'`;
    expect(shapeOf(text(SHAPE_TEXT_BYTES_MAX))).toBeDefined();
    expect(shapeOf(text(SHAPE_TEXT_BYTES_MAX + 1))).toBeUndefined();
  });
});

describe('hints', () => {
  const hintOf = (text: string): string | undefined => shapeOf(text)?.split(' ')[2];

  test.each([
    ['/* pgweir: primary */ SELECT 1', 'primary'],
    ['SELECT 1 /*pgweir:replica*/', 'replica'],
    ['SELECT /*\n pgweir:  replica\n*/ 1', 'replica'],
    ['/* pgweir: replica */ SELECT 1 /* pgweir: primary */', 'primary'],
    ['/* pgweir: primary */ SELECT 1 /* pgweir: replica */', 'primary'],
    ['/* pgweir: elsewhere */ SELECT 1', 'none'],
    ['/* pgweir: primary! */ SELECT 1', 'none'],
    ['/* pgweir: primar */ SELECT 1', 'none'],
    ['/* pgweir primary */ SELECT 1', 'none'],
    ['/* a pgweir: primary */ SELECT 1', 'none'],
    ['-- pgweir: primary\nSELECT 1', 'none'],
    ["SELECT '/* pgweir: primary */'", 'none'],
    ['SELECT "/* pgweir: primary */"', 'none'],
    ['SELECT $$ /* pgweir: primary */ $$', 'none'],
    ['SELECT 1 -- /* pgweir: primary */', 'none'],
    ['/**/ SELECT 1', 'none'],
  ])('%s: %s', (text, hint) => {
    expect(hintOf(text)).toBe(hint);
  });
});

function proofIn(text: string): ReadProof | undefined {
  const statements = grammar.statements(text);
  return statements === undefined ? undefined : proofOf(statements);
}

/** Texts with one shape, of which the grammar knows both, are the same but for constants. */
function expectSame(a: string, b: string): void {
  const [first, second] = [proofIn(a), proofIn(b)];
  if (first === undefined || second === undefined) return;
  expect(second).toEqual(first);
  if (first.nature === 'other') return;
  const [x, y] = [grammar.statements(a) ?? [], grammar.statements(b) ?? []];
  expect(withoutConstants(y)).toEqual(withoutConstants(x));
}

describe('texts with the same shape have the same tree but for constants', () => {
  test('when they differ in literals, numbers, white space and comments', () => {
    let same = 0;
    let different = 0;
    fc.assert(
      fc.property(siblings, ([a, b]) => {
        const shape = shapeOf(a);
        if (shape === undefined) return;
        if (shape !== shapeOf(b)) {
          different++;
          return;
        }
        if (a !== b) same++;
        expectSame(a, b);
      }),
      { numRuns: 4000 },
    );
    expect(same).toBeGreaterThan(1000);
    // White space where there was none, and literals that have no shape.
    expect(different).toBeLessThan(same);
  });

  test('when they differ in anything, anywhere', () => {
    let same = 0;
    fc.assert(
      fc.property(mutants, ([a, b]) => {
        const shape = shapeOf(a);
        if (shape === undefined || a === b || shape !== shapeOf(b)) return;
        same++;
        expectSame(a, b);
      }),
      { numRuns: 8000 },
    );
    expect(same).toBeGreaterThan(200);
  });

  test('in whatever bytes', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(mixedTexts, (bytes) => {
        const text = `SELECT ${bytes.toString()}`;
        const shape = shapeOf(text);
        if (shape === undefined) return;
        const other = seen.get(shape);
        if (other === undefined) seen.set(shape, text);
        else expectSame(other, text);
      }),
      { numRuns: 2500 },
    );
    expect(seen.size).toBeGreaterThan(100);
  });
});

test('a shape takes nothing from the text before', () => {
  const shape = new Shape();
  const read = (text: string): string => {
    const bytes = Buffer.from(text);
    return `${shape.read(bytes, 0, bytes.length)} ${shape.first} ${shape.hint}`;
  };
  const before = read('SELECT 1');
  read("/* pgweir: primary */ SELECT 'a");
  expect(read('SELECT 1')).toBe(before);
});

test('a text without a proof has none whatever its constants are', () => {
  expect(proofIn('DELETE FROM t')).toEqual(NO_PROOF);
});
