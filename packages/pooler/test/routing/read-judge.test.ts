import { HandClock } from '@pgweir/testkit';
import { ANSWER_WITHIN_MS, CatalogKnowledge } from '../../src/routing/catalog-knowledge';
import { ReadJudge, type Verdict } from '../../src/routing/read-judge';
import type { ShapeCacheLimits } from '../../src/routing/shape-cache';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { HandQuestions } from './hand-questions';

let grammar: Grammar;

beforeAll(async () => {
  grammar = await loadGrammar();
});

afterEach(() => jest.restoreAllMocks());

interface Options {
  readonly namesMax?: number;
  readonly limits?: ShapeCacheLimits;
}

function stage({ namesMax, limits }: Options = {}) {
  const clock = new HandClock();
  const questions = new HandQuestions();
  const knowledge = new CatalogKnowledge({ questions, clock, namesMax });
  const judge = new ReadJudge({ grammar, knowledge, clock, limits });
  const verdict = (text: string | Buffer): Verdict => {
    const bytes = Buffer.from(text as string);
    return judge.verdictOn(bytes, 0, bytes.length);
  };
  const isRead = (text: string): boolean => {
    const bytes = Buffer.from(`Q..${text}\0`);
    return judge.isProvenRead(bytes, 3, bytes.length - 1);
  };
  return { clock, questions, knowledge, verdict, isRead };
}

const T = { t: 2, u: 2, f: 2 };

describe('the catalog', () => {
  test('is not asked where the text says it all', () => {
    const { questions, isRead, verdict } = stage();
    expect(isRead('SELECT 1')).toBe(true);
    expect(isRead('SHOW x')).toBe(true);
    expect(isRead('BEGIN READ ONLY')).toBe(true);
    expect(isRead('DELETE FROM t')).toBe(false);
    expect(isRead('SELECT * FROM t FOR UPDATE')).toBe(false);
    expect(verdict('BEGIN READ ONLY').nature).toBe('opener');
    expect(questions.asked).toHaveLength(0);
  });

  test('is asked once, and its answer holds for every text with these names', () => {
    const { questions, isRead } = stage();
    expect(isRead('SELECT f(1) FROM t')).toBe(false);
    expect(isRead('SELECT f(2) FROM t')).toBe(false);
    expect(questions.asked).toHaveLength(1);
    expect(questions.last).toEqual(['', 'f', 't']);
    questions.reply(0, T);
    expect(isRead('SELECT f(1) FROM t')).toBe(true);
    expect(isRead('SELECT * FROM t WHERE f(3) IS NULL')).toBe(true);
    expect(questions.asked).toHaveLength(1);
  });

  test('is asked one question at a time', () => {
    const { questions, isRead } = stage();
    isRead('TABLE t');
    isRead('TABLE u');
    isRead('TABLE v');
    expect(questions.asked).toHaveLength(1);
    questions.reply(0, T);
    expect(questions.asked).toHaveLength(2);
    expect(questions.last).toEqual(['u', 'v']);
    questions.reply(1, T);
    expect(isRead('TABLE u')).toBe(true);
    expect(isRead('TABLE v')).toBe(false);
  });

  test('may answer at once', () => {
    const { questions, isRead } = stage();
    questions.ranks = T;
    expect(isRead('TABLE t')).toBe(false);
    expect(isRead('TABLE t')).toBe(true);
  });

  test.each([
    ['a volatile function', { t: 2, f: 0 }, 'other'],
    ['a function that nobody finds', { t: 2 }, 'other'],
    ['a function about the server', { t: 2, f: 1 }, 'local'],
    ['one about the server, and a relation that is no table', { t: 0, f: 1 }, 'other'],
    ['a volatile operator', { t: 2, f: 2, '@@@': 0 }, 'other'],
    ['a volatile function called like a column', { t: 2, f: 2, c: 0 }, 'other'],
    ['a type whose checks are volatile', { t: 2, f: 2, y: 0 }, 'other'],
    ['none of these', { t: 2, f: 2 }, 'read'],
  ])('says what the whole is: %s', (_, ranks, nature) => {
    const { questions, verdict } = stage();
    const text = 'SELECT f(t.c) @@@ 1::y FROM t';
    expect(verdict(text)).toMatchObject({ nature: 'other', byGrammar: 'read' });
    questions.reply(0, ranks);
    expect(verdict(text)).toMatchObject({ nature, byGrammar: 'read' });
  });

  test('may know a reason why nothing at all is proven', () => {
    const { questions, knowledge, isRead } = stage();
    isRead('TABLE t');
    questions.reply(0, T, 'cast from a to b');
    expect(isRead('TABLE t')).toBe(false);
    expect(knowledge.oddity).toBe('cast from a to b');
    expect(isRead('SELECT 1')).toBe(true);
  });
});

describe('what is known', () => {
  test('is asked for again while it is used, and holds meanwhile', () => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    questions.reply(0, T);
    for (let second = 0; second < 29; second++) {
      expect(isRead('TABLE t')).toBe(true);
      clock.advance(1000);
    }
    expect(questions.asked).toHaveLength(1);
    clock.advance(1000);
    expect(isRead('TABLE t')).toBe(true);
    expect(questions.asked).toHaveLength(2);
    clock.advance(1000);
    questions.reply(1, T);
    for (let second = 0; second < 28; second++) {
      expect(isRead('TABLE t')).toBe(true);
      clock.advance(1000);
    }
    expect(questions.asked).toHaveLength(2);
  });

  test('is given up when the catalog does not answer any more', () => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    questions.reply(0, T);
    for (let ms = 0; ms < 59_900; ms += 100) {
      expect(isRead('TABLE t')).toBe(true);
      clock.advance(100);
    }
    clock.advance(100);
    expect(isRead('TABLE t')).toBe(false);
  });

  test('is unknown when nobody has used it for long', () => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    questions.reply(0, T);
    clock.advance(60_000);
    expect(isRead('TABLE t')).toBe(false);
    expect(questions.asked).toHaveLength(2);
  });

  test('is as old as the question, however late the answer was', () => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    clock.advance(20_000);
    questions.reply(0, T);
    clock.advance(39_000);
    expect(isRead('TABLE t')).toBe(true);
    clock.advance(1000);
    expect(isRead('TABLE t')).toBe(false);
  });

  test.each([
    [2, 0, false],
    [0, 2, true],
  ])('changes with the catalog: rank %s, then %s', (before, after, isReadThen) => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    questions.reply(0, { t: before });
    expect(isRead('TABLE t')).toBe(!isReadThen);
    clock.advance(30_000);
    expect(isRead('TABLE t')).toBe(!isReadThen);
    questions.reply(1, { t: after });
    expect(isRead('TABLE t')).toBe(isReadThen);
  });

  test('is forgotten when the schema changes, and so are answers on their way', () => {
    const { questions, knowledge, isRead } = stage();
    isRead('TABLE t');
    questions.reply(0, T);
    isRead('TABLE u');
    expect(questions.asked).toHaveLength(2);
    knowledge.schemaChanged();
    expect(isRead('TABLE t')).toBe(false);
    questions.reply(1, T);
    expect(isRead('TABLE u')).toBe(false);
    expect(questions.asked).toHaveLength(3);
    questions.reply(2, T);
    expect(isRead('TABLE t')).toBe(true);
    expect(isRead('SELECT 1')).toBe(true);
  });

  test('is bounded', () => {
    const { questions, knowledge, isRead } = stage({ namesMax: 10 });
    questions.ranks = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, 2]));
    for (let i = 0; i < 50; i++) isRead(`TABLE t${i}`);
    expect(knowledge.size).toBe(10);
    expect(isRead('TABLE t49')).toBe(true);
    const { length } = questions.asked;
    expect(isRead('TABLE t48')).toBe(true);
    expect(questions.asked).toHaveLength(length);
    knowledge.schemaChanged();
    expect(knowledge.size).toBe(0);
  });
});

describe('a question without an answer', () => {
  test.each([
    ['nothing', undefined],
    ['no column', []],
    ['NULL', [null]],
    ['no JSON', ['{']],
    ['another JSON', ['[]']],
    ['no pairs', ['{"found":[7]}']],
    ['a place that nobody asked for', ['{"found":[[9,2]]}']],
    ['a place between two', ['{"found":[[0.5,2]]}']],
    ['a rank that is none', ['{"found":[[0,3]]}']],
    ['a rank of text', ['{"found":[[0,"2"]]}']],
  ])('proves nothing, and is asked again a second later: %s', (_, row) => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    questions.asked[0]?.answer(row);
    expect(isRead('TABLE t')).toBe(false);
    clock.advance(999);
    expect(isRead('TABLE t')).toBe(false);
    expect(questions.asked).toHaveLength(1);
    clock.advance(1);
    expect(isRead('TABLE t')).toBe(false);
    expect(questions.asked).toHaveLength(2);
    questions.reply(1, T);
    expect(isRead('TABLE t')).toBe(true);
  });

  test('is given up in the end, and its answer is not listened to', () => {
    const { clock, questions, isRead } = stage();
    isRead('TABLE t');
    clock.advance(ANSWER_WITHIN_MS);
    isRead('TABLE u');
    clock.advance(1000);
    isRead('TABLE u');
    expect(questions.asked).toHaveLength(2);
    questions.reply(0, T);
    expect(isRead('TABLE t')).toBe(false);
    questions.reply(1, T);
    expect(isRead('TABLE u')).toBe(true);
  });
});

describe('a text', () => {
  test('is parsed once for all texts of its shape', () => {
    const { questions, isRead } = stage();
    questions.ranks = T;
    const parse = jest.spyOn(grammar, 'statements');
    for (let i = 0; i < 50; i++) isRead(`SELECT * FROM t WHERE a = ${i} AND b = 'x${i}'`);
    expect(parse).toHaveBeenCalledTimes(1);
    expect(isRead("SELECT *\nFROM t /* c */ WHERE a = 1.5  AND b = ''")).toBe(true);
    expect(parse).toHaveBeenCalledTimes(1);
    expect(isRead("SELECT * FROM t WHERE a = 1 AND c = 'x'")).toBe(true);
    expect(parse).toHaveBeenCalledTimes(2);
  });

  test('with a hint has a verdict of its own', () => {
    const { verdict } = stage();
    expect(verdict('SELECT 1').hint).toBe('none');
    expect(verdict('/* pgweir: primary */SELECT 1').hint).toBe('primary');
    expect(verdict('/* pgweir: replica */SELECT 1').hint).toBe('replica');
    expect(verdict('/* nothing at all    */SELECT 1').hint).toBe('none');
  });

  test('that is no UTF-8 is not proven, and spoils nothing for others', () => {
    const { isRead, verdict } = stage();
    const odd = Buffer.concat([Buffer.from("SELECT '"), Buffer.of(0xff), Buffer.from("'")]);
    expect(verdict(odd).nature).toBe('other');
    expect(isRead("SELECT 'é'")).toBe(true);
  });

  test('without a shape is not proven', () => {
    const { isRead } = stage();
    expect(isRead("SELECT 'a\\' -- '")).toBe(false);
    expect(isRead(`SELECT ${'1,'.repeat(9000)}1`)).toBe(false);
  });

  test('is not proven while there is no grammar, and is afterwards', () => {
    const { isRead } = stage();
    const ready = jest.spyOn(grammar, 'ready', 'get').mockReturnValue(false);
    expect(isRead('SELECT 1, 2, 3')).toBe(false);
    ready.mockRestore();
    expect(isRead('SELECT 1, 2, 3')).toBe(true);
  });

  test('that is forgotten is judged again', () => {
    const { isRead } = stage({ limits: { shapesMax: 4, weightMax: 100 } });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) expect(isRead(`SELECT a${i}`)).toBe(true);
      expect(isRead('DELETE FROM t')).toBe(false);
    }
  });

  test.each([
    ['BEGIN READ ONLY; TABLE t', 'opener'],
    ['BEGIN READ ONLY; TABLE t; COMMIT', 'read'],
    ['TABLE t; SHOW x', 'local'],
  ])('has its own nature when the catalog agrees: %s', (text, nature) => {
    const { questions, verdict } = stage();
    questions.ranks = T;
    expect(verdict(text).nature).toBe('other');
    expect(verdict(text).nature).toBe(nature);
  });
});
