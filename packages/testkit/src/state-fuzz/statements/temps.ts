import type { Random } from '../../random';
import type { SessionModel } from '../model/session-model';
import { type TempTable, withEntry } from '../model/tx-state';
import { done, failed, selected, type Wanted } from '../outcome';
import type { Maker, Statement } from '../statement';

/*
 * Temporary tables that have the same names in all sessions, each with rows of its own session.
 *
 * Avoided: a temporary table over a table that a prepared statement reads. PostgreSQL does not notice
 * then (documented), so the answer would depend on when a plan was made. `things` is never prepared.
 */

const NAMES = ['tmp_a', 'tmp_b', 'things'] as const;

function put(model: SessionModel, name: string, table: TempTable | undefined): void {
  model.state = { ...model.state, temps: withEntry(model.state.temps, name, table) };
}

/** A role may use what it has made; the session's user, who is a member of all roles, everything. */
function mayUse(model: SessionModel, table: TempTable): boolean {
  return model.currentUser === table.owner || model.currentUser === 'app';
}

export const createTemp: Maker = (model, random) => {
  const name = random.pick(NAMES);
  const row = `${model.label} ${name} ${random.hex()}`;
  const [sql, tag, onCommit] = random.pick(creations(name, row));
  return {
    name: 'temp-create',
    sql,
    returnsRows: false,
    pins: true,
    expect: (now) => [now.state.temps.has(name) ? failed('42P07') : done(tag)],
    apply: (now) => {
      now.planEvents += 1;
      const rows = tag === 'CREATE TABLE' ? [] : [row];
      put(now, name, { owner: now.currentUser, rows, onCommit });
    },
  };
};

type Creation = readonly [sql: string, tag: string, onCommit: TempTable['onCommit']];

function creations(name: string, row: string): readonly Creation[] {
  return [
    [`CREATE TEMP TABLE ${name} (v text)`, 'CREATE TABLE', 'keep'],
    [`CREATE TABLE pg_temp.${name} (v text)`, 'CREATE TABLE', 'keep'],
    [`CREATE TEMPORARY TABLE ${name} AS SELECT '${row}'::text AS v`, 'SELECT 1', 'keep'],
    [`SELECT '${row}'::text AS v INTO TEMP ${name}`, 'SELECT 1', 'keep'],
    [`CREATE TEMP TABLE ${name} (v text) ON COMMIT DELETE ROWS`, 'CREATE TABLE', 'empty'],
    [`CREATE TEMP TABLE ${name} (v text) ON COMMIT DROP`, 'CREATE TABLE', 'drop'],
  ];
}

export const insertTemp: Maker = (model, random) => {
  const name = pickTemp(model, random);
  const row = `${model.label} ${name} ${random.hex()}`;
  return {
    name: 'temp-use',
    sql: `INSERT INTO pg_temp.${name} VALUES ('${row}')`,
    returnsRows: false,
    expect: (now) => needed(now, name, () => done('INSERT 0 1')),
    apply: (now) => {
      const table = now.state.temps.get(name);
      if (table !== undefined) put(now, name, { ...table, rows: [...table.rows, row] });
    },
  };
};

export const readTemp: Maker = (model, random) => {
  const name = pickTemp(model, random);
  return {
    name: 'temp-use',
    sql: `SELECT string_agg(v, ',' ORDER BY v) FROM ${name}`,
    returnsRows: true,
    expect: (now) => {
      const [schema] = now.schemas;
      if (name === 'things' && !now.state.temps.has(name)) {
        return [schema === undefined ? failed('42P01') : selected(`${schema}.things`)];
      }
      const joined = [...(now.state.temps.get(name)?.rows ?? [])].sort().join(',');
      return needed(now, name, () => selected(joined === '' ? null : joined));
    },
  };
};

export const dropTemp: Maker = (model, random) => {
  const name = pickTemp(model, random);
  return droppingTemp(name);
};

export function droppingTemp(name: string): Statement {
  return {
    name: 'temp-drop',
    sql: `DROP TABLE pg_temp.${name}`,
    returnsRows: false,
    expect: (now) => needed(now, name, () => done('DROP TABLE')),
    apply: (now) => {
      now.planEvents += 1;
      put(now, name, undefined);
    },
  };
}

/** Mostly one that is there. */
function pickTemp(model: SessionModel, random: Random): string {
  const there = [...model.state.temps.keys()];
  return there.length > 0 && random.chance(0.9) ? random.pick(there) : random.pick(NAMES);
}

function needed(model: SessionModel, name: string, then: () => Wanted): readonly Wanted[] {
  const table = model.state.temps.get(name);
  // Without any temporary table there may be no pg_temp either.
  if (table === undefined) return [failed('42P01'), failed('3F000')];
  return [mayUse(model, table) ? then() : failed('42501')];
}
