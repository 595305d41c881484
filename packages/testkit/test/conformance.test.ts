import { allScenarios, runConformance, scenarioFailures } from '@pgweir/testkit';
import { Speller, Status } from '../src/conformance/lines';
import type { KnownDifference } from '../src/conformance/scenario';
import { compare, type Transcript } from '../src/conformance/transcript';
import type { BackendMessage } from '../src/wire/backend-message';
import { frame } from '../src/wire/frame';
import { int16, int32, text } from '../src/wire/frontend';

const DEADLINE_MS = 10_000;

function message(tag: string, ...parts: readonly Buffer[]): BackendMessage {
  return { tag, body: frame(tag, Buffer.concat(parts)).subarray(5) };
}

function played(...steps: readonly (readonly string[])[]): Transcript {
  return {
    steps: steps.map((lines, i) => ({ step: i + 1, session: 'a', lines })),
    end: { kind: 'played' },
  };
}

describe('lines', () => {
  const ready = message('Z', Buffer.from('I'));

  test('of ParameterStatus only the values at a ReadyForQuery are seen, in any order', () => {
    const status = (name: string, value: string): BackendMessage =>
      message('S', text(name), text(value));
    const seen = (...messages: readonly BackendMessage[]): string[] =>
      new Speller('c12345678x').lines(messages, new Status(), undefined);
    const once = seen(status('a', '1'), status('b', '2'), ready);
    expect(once).toEqual(['S a = 1', 'S b = 2', 'Z I']);
    expect(seen(status('b', '2'), status('a', '0'), status('a', '1'), ready)).toEqual(once);
    expect(seen(status('b', '2'), status('a', '1'))).toEqual([]);
  });

  test('a value that is back at the next ReadyForQuery was never away', () => {
    const state = new Status();
    const speller = new Speller('c12345678x');
    speller.lines([message('S', text('a'), text('1')), ready], state, undefined);
    const there = message('S', text('a'), text('2'));
    const back = message('S', text('a'), text('1'));
    expect(speller.lines([there, back, ready], state, undefined)).toEqual(['Z I']);
  });

  test("the play's own schema, ids of objects, pids and temporary schemas are told apart by role only", () => {
    const ownPid = 55;
    const seen = (name: string, oid: number, pid: number, temporary: string): string[] => {
      const speller = new Speller(name);
      const value = Buffer.from(`${name}.t in ${temporary}`);
      const column = [text('x'), int32(oid), int16(1), int32(25), int16(-1), int32(-1), int16(0)];
      return speller.lines(
        [
          message('T', int16(1), ...column),
          message('D', int16(1), int32(value.length), value),
          message('A', int32(pid), text(`${name}_jobs`), text('')),
        ],
        new Status(),
        ownPid,
      );
    };
    const one = seen('c12345678x', 20_000, 77, 'pg_temp_3');
    expect(one[1]).toBe('D "own_schema.t in pg_temp_N"');
    expect(one[2]).toMatch(/^A other: own_schema_jobs/);
    expect(seen('cabcdefghx', 30_000, 78, 'pg_temp_12')).toEqual(one);
  });

  test('a notification with the pid that the session was told is its own', () => {
    const from = (pid: number): string[] => {
      const notification = message('A', int32(pid), text('x'), text('y'));
      return new Speller('c12345678x').lines([notification], new Status(), 5);
    };
    expect(from(5)).toEqual(['A own: x\\u0000y']);
    expect(from(6)).toEqual(['A other: x\\u0000y']);
  });
});

describe('comparison', () => {
  const error = 'E S=ERROR V=ERROR C=55000 M=text';
  const known: KnownDifference = { reason: 'why', instead: { 2: ['E ERROR 55000', 'Z I'] } };

  test('equal plays are equal, and others show where they part', () => {
    expect(compare(played(['1'], ['2']), played(['1'], ['2']), []).kind).toBe('equal');
    const found = compare(played(['1'], ['2']), played(['1'], ['3']), []);
    expect(found).toMatchObject({ kind: 'different', detail: expect.stringContaining('step 2') });
  });

  test('what is stuck is different even when all lines until then are equal', () => {
    const stuck: Transcript = { ...played(['1']), end: { kind: 'stuck', why: 'late' } };
    expect(compare(played(['1']), stuck, []).kind).toBe('different');
  });

  test('a declared difference is known if exactly that step is as declared', () => {
    const direct = played(['1'], ['D "5"', 'Z I'], ['3']);
    expect(compare(direct, played(['1'], [error, 'Z I'], ['3']), [known]).kind).toBe('known');
    expect(compare(direct, played(['1'], [error, 'Z I'], ['4']), [known]).kind).toBe('different');
    expect(compare(direct, played(['1'], [error, 'Z T'], ['3']), [known]).kind).toBe('different');
    expect(compare(direct, direct, [known]).kind).toBe('different');
  });

  test('one that depends on the link may be as directly in some steps and as declared in others', () => {
    const depends: KnownDifference = {
      reason: 'why',
      dependsOnLink: true,
      instead: { 1: ['D NULL'], 2: ['E ERROR 55000', 'Z I'] },
    };
    const direct = played(['D "1"'], ['D "5"', 'Z I'], ['3']);
    for (const first of ['D "1"', 'D NULL'])
      for (const second of ['D "5"', error])
        expect(compare(direct, played([first], [second, 'Z I'], ['3']), [depends]).kind).toBe(
          'known',
        );
    for (const other of [
      played(['D "2"'], ['D "5"', 'Z I'], ['3']),
      played(['D NULL'], ['D "6"', 'Z I'], ['3']),
      played(['D NULL'], [error, 'Z I'], ['4']),
    ])
      expect(compare(direct, other, [depends]).kind).toBe('different');
  });

  test('a declaration of what PostgreSQL does itself is refused', () => {
    const direct = played(['1'], [error, 'Z I']);
    expect(compare(direct, direct, [known]).kind).toBe('different');
  });
});

describe('playing', () => {
  /** Of all groups; the rest is played through pgweir elsewhere. */
  const EVERY = 8;

  test('played to PostgreSQL twice, scenarios give the same', async () => {
    const scenarios = allScenarios()
      .filter(({ majors }) => majors?.includes(18) ?? true)
      .filter((_, i) => i % EVERY === 0);
    const results = await runConformance({
      major: 18,
      scenarios,
      contenders: ['direct'],
      deadlineMs: DEADLINE_MS,
    });
    expect(scenarioFailures(results)).toEqual([]);
    expect(results).toHaveLength(scenarios.length);
  }, 60_000);

  test('state that a pooler leaks shows, but only when others compete for its links', async () => {
    const scenarios = allScenarios().filter(({ name }) => /^SET by .* lasts over/.test(name));
    const results = await runConformance({
      major: 18,
      scenarios,
      contenders: ['leak'],
      deadlineMs: DEADLINE_MS,
    });
    expect(results.map(({ way, outcome }) => `${way}: ${outcome.kind}`).sort()).toEqual([
      'alone: equal',
      'alone: equal',
      'compete: different',
      'compete: different',
    ]);
    for (const { way, changes } of results) {
      expect(changes.changes).toBe(changes.chances);
      if (way === 'compete') expect(changes.chances).toBeGreaterThan(0);
    }
  }, 60_000);
});
