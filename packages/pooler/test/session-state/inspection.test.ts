import {
  ANSWERABLE,
  decidedPins,
  type InspectionWant,
  inspectionSql,
  marksOfPins,
  readInspection,
} from '../../src/session-state/inspection';
import { Pin, pinReasons } from '../../src/session-state/pins';
import { quoteName, readValue, valueSql } from '../../src/session-state/sql-text';
import { Mark } from '../../src/sql/marks';

const want = (changes: Partial<InspectionWant>): InspectionWant => ({
  marks: 0,
  settings: [],
  withSource: [],
  withNames: false,
  ...changes,
});

const hex = (text: string): string => Buffer.from(text).toString('hex');

/** Of each question: the mark that calls for it, the pin that its answer decides, and a yes. */
const QUESTIONS = [
  ['TempObjects', Mark.TempObjects, Pin.TemporaryObject, 't', 'pg_depend'],
  ['AdvisoryLocks', Mark.AdvisoryLocks, Pin.AdvisoryLock, 't', 'pg_locks'],
  ['HeldCursors', Mark.HeldCursors, Pin.Cursor, 't', 'pg_cursors'],
  ['SqlPrepared', Mark.SqlPrepared, Pin.Prepare, 't', 'pg_prepared_statements WHERE from_sql'],
  ['Listen', Mark.Listen, Pin.Listen, '["a"]', 'pg_listening_channels'],
] as const;

test.each(QUESTIONS)('%s asks its question and no other', (_name, mark, pin, yes, table) => {
  const sql = inspectionSql(want({ marks: mark }));
  expect(sql).toContain(table);
  for (const [, other, , , otherTable] of QUESTIONS) {
    if (other !== mark) expect(sql).not.toContain(otherTable);
  }
  expect(readInspection(want({ marks: mark }), [yes]).pins).toBe(pin);
  expect(readInspection(want({ marks: mark }), ['f']).pins).toBe(0);
  expect(readInspection(want({ marks: mark }), [null]).pins).toBe(0);
  expect(decidedPins(mark)).toBe(pin);
  expect(marksOfPins(pin)).toBe(mark);
  expect(ANSWERABLE & mark).toBe(mark);
});

test('marks that nobody can be asked about ask nothing and decide nothing', () => {
  for (const mark of [Mark.Load, Mark.Seed, Mark.SequenceSet, Mark.UnknownSettings]) {
    expect(ANSWERABLE & mark).toBe(0);
    expect(decidedPins(mark)).toBe(0);
  }
  for (const pin of [Pin.Load, Pin.Seed, Pin.Sequence, Pin.Setting, Pin.Statement]) {
    expect(marksOfPins(pin)).toBe(0);
  }
});

test('all questions together are answered column by column, in every combination', () => {
  const marks = QUESTIONS.reduce((all, [, mark]) => all | mark, 0);
  const wanted = want({
    marks,
    settings: ['work_mem', 'my.own'],
    withSource: ['my.own'],
    withNames: true,
  });
  for (let combination = 0; combination < 1 << QUESTIONS.length; combination++) {
    const row: (string | null)[] = [];
    let pins = 0;
    for (const [index, [, , pin, yes]] of QUESTIONS.entries()) {
      const holds = (combination & (1 << index)) !== 0;
      row.push(holds ? yes : pin === Pin.Listen ? null : 'f');
      if (holds) pins |= pin;
    }
    row.push(hex('4MB'), null, 'session', `${hex('a')},${hex('é')}`);
    const answer = readInspection(wanted, row);
    expect(answer.pins).toBe(pins);
    expect(answer.channels).toEqual((pins & Pin.Listen) === 0 ? [] : ['a']);
    expect([...answer.settings]).toEqual([
      ['work_mem', '4MB'],
      ['my.own', null],
    ]);
    expect([...answer.untouched]).toEqual([]);
    expect([...(answer.names ?? [])]).toEqual(['a', 'é']);
  }
});

test('a setting whose source is not the session is untouched', () => {
  const wanted = want({ settings: ['a', 'b', 'c'], withSource: ['a', 'b', 'c'] });
  const answer = readInspection(wanted, [hex('1'), hex('2'), null, 'session', 'client', null]);
  expect([...answer.untouched]).toEqual(['b', 'c']);
});

test('an empty value is a value, and no setting of that name is none', () => {
  const answer = readInspection(want({ settings: ['a', 'b'] }), ['', null]);
  expect([...answer.settings]).toEqual([
    ['a', ''],
    ['b', null],
  ]);
});

test('no statement is left: no names; and names are not read where they were not asked for', () => {
  expect(readInspection(want({ withNames: true }), [null]).names).toEqual(new Set());
  expect(readInspection(want({}), []).names).toBeUndefined();
});

test('channels come with all their letters', () => {
  const channels = ['a b', '"', 'é,\\'];
  const answer = readInspection(want({ marks: Mark.Listen }), [JSON.stringify(channels)]);
  expect(answer.channels).toEqual(channels);
});

test('an inspection is one SELECT that nobody else can have a say in', () => {
  const sql = inspectionSql(
    want({ marks: ANSWERABLE, settings: ["a'b"], withSource: ["a'b"], withNames: true }),
  );
  expect(sql.startsWith('SELECT ')).toBe(true);
  expect(sql).not.toContain(';');
  // A search_path with a foreign `=` or a foreign function in it changes nothing.
  expect(sql.replaceAll("E'a''b'", '')).not.toMatch(/[^.]\b(?:lower|encode|convert_to)\(/);
  expect(sql).not.toMatch(/\s=\s/);
  expect(sql).toContain("E'a''b'");
});

test('a value survives every encoding: it travels as the hex of its UTF-8', () => {
  expect(valueSql('work_mem')).toContain("pg_catalog.current_setting(E'work_mem',true)");
  expect(readValue(hex('é "x"'))).toBe('é "x"');
  expect(readValue(undefined)).toBeNull();
  expect(readValue(null)).toBeNull();
  expect(readValue('')).toBe('');
});

test('a custom setting is two names', () => {
  expect(quoteName('my.own')).toBe('"my"."own"');
  expect(quoteName('a"b')).toBe('"a""b"');
});

test('the reasons of several pins are told in their order', () => {
  expect(pinReasons(0)).toEqual([]);
  expect(pinReasons(Pin.Listen | Pin.TemporaryObject | Pin.Unknown)).toEqual([
    'temporary object',
    'listen',
    'inspection failed',
  ]);
});
