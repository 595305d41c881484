import { done, failed, selected } from '../outcome';
import type { Maker, Statement } from '../statement';

/*
 * Statements that fail, and the DISCARDs.
 *
 * Avoided: DISCARD ALL and DISCARD TEMP within a group of statements; PostgreSQL's versions differ.
 */

const FAILURES: readonly (readonly [sql: string, code: string])[] = [
  ['SELECT 1 / 0', '22012'],
  ['SELECT nosuch_column', '42703'],
  ["SET work_mem = 'plenty'", '22023'],
  ["SET TimeZone = 'Nowhere/Never'", '22023'],
  ['SET nosuch_parameter = 1', '42704'],
  ['SET ROLE nosuch_role', '22023'],
  ["SELECT set_config('DateStyle', 'nosuch', false)", '22023'],
  ["SELECT set_config('my.a', 'lost', false), 1 / 0", '22012'],
  ["DO $$BEGIN SET my.b = 'lost'; RAISE 'no'; END$$", 'P0001'],
  ['CREATE TEMP TABLE tmp_a AS SELECT 1 / 0 AS v', '22012'],
  ["INSERT INTO items VALUES ('mine')", '42501'],
];

export const failing: Maker = (model, random) => {
  const [sql, code] = random.pick(FAILURES);
  // Whether there is a table of that name is asked first.
  if (sql.includes('tmp_a') && model.state.temps.has('tmp_a')) return undefined;
  return {
    name: 'failing',
    sql,
    returnsRows: sql.startsWith('SELECT'),
    expect: (now) => {
      if (sql.includes('items') && now.schemas.length === 0) return [failed('42P01')];
      if (sql.includes('tmp_a') && now.state.temps.has('tmp_a')) {
        return [failed('42P07'), failed(code)];
      }
      return [failed(code)];
    },
  };
};

export const unreadable: Maker = () => ({
  name: 'unreadable',
  sql: "SELEC 'my.a'",
  returnsRows: false,
  isUnreadable: true,
  // In a simple query nothing of the group would run.
  isAlone: true,
  expect: () => [failed('42601')],
});

export const discardAll: Maker = () => discardingAll();

export function discardingAll(): Statement {
  return {
    name: 'discard-all',
    sql: 'DISCARD ALL',
    returnsRows: false,
    isAlone: true,
    expect: (model) => [model.tx.kind === 'open' ? failed('25001') : done('DISCARD ALL')],
    apply: (model) => model.discardAll(),
  };
}

export const discardTemp: Maker = (model) => (model.status === 'I' ? discardingTemp() : undefined);

export function discardingTemp(): Statement {
  return {
    name: 'discard-temp',
    sql: 'DISCARD TEMP',
    returnsRows: false,
    isAlone: true,
    expect: () => [done('DISCARD TEMP')],
    apply: (model) => {
      model.planEvents += 1;
      model.state = { ...model.state, temps: new Map() };
    },
  };
}

export const discardPlans: Maker = () => ({
  name: 'discard-plans',
  sql: 'DISCARD PLANS',
  returnsRows: false,
  expect: () => [done('DISCARD PLANS')],
  apply: (model) => {
    model.planEvents += 1;
  },
});

/** Ties the session to its link until it leaves: nothing takes the seed back. */
export const setSeed: Maker = (_, random) => {
  const seed = `0.${random.between(1, 4)}`;
  return {
    name: 'seed',
    sql: `SELECT setseed(${seed})::text`,
    returnsRows: true,
    pins: true,
    expect: () => [selected('')],
    apply: (model) => {
      model.seed = { seed, drawn: 0 };
    },
  };
};

/** The same numbers in all sessions that have the same seed, and have drawn as many. */
export const drawRandom: Maker = (model) => {
  if (model.seed === undefined) return undefined;
  return {
    name: 'seed',
    sql: 'SELECT (random() * 1e9)::bigint::text',
    returnsRows: true,
    expect: (now) => {
      const known = now.world.randoms.get(`${now.seed?.seed}/${now.seed?.drawn}`);
      return [selected(known ?? /^\d+$/)];
    },
    apply: (now, [row]) => {
      if (now.seed === undefined) return;
      now.world.randoms.set(`${now.seed.seed}/${now.seed.drawn}`, row ?? '');
      now.seed.drawn += 1;
    },
  };
};

/** Which session it is, told by PostgreSQL: the answer has to be this session's. */
export const ask: Maker = (model, random) => {
  const tag = `${model.label}/${random.hex()}`;
  return {
    name: 'ask',
    sql: `SELECT '${tag}'::text`,
    returnsRows: true,
    isQuiet: true,
    expect: () => [selected(tag)],
  };
};
