import type { Random } from '../../random';
import type { SessionModel } from '../model/session-model';
import { done, failed, selected } from '../outcome';
import type { Maker, Statement } from '../statement';

const NAMES = ['cur_a', 'cur_b'] as const;
const ROWS = 6;

export const declareHeld: Maker = (model, random) => declaring(model, random, true);

/** Ends with its transaction. */
export const declarePlain: Maker = (model, random) =>
  model.status === 'T' ? declaring(model, random, false) : undefined;

function declaring(model: SessionModel, random: Random, isHeld: boolean): Statement {
  const name = random.pick(NAMES);
  const prefix = `${model.label} ${random.hex()} `;
  const rows = Array.from({ length: ROWS }, (_, at) => `${prefix}${at + 1}`);
  return {
    name: isHeld ? 'cursor-held' : 'cursor-plain',
    sql:
      `DECLARE ${name} CURSOR ${isHeld ? 'WITH HOLD ' : ''}FOR ` +
      `SELECT '${prefix}' || g FROM generate_series(1, ${ROWS}) g`,
    returnsRows: false,
    pins: isHeld,
    // Outside of BEGIN a plain one may be refused or not, depending on the group that it is in.
    isAlone: !isHeld,
    expect: (now) => {
      if (!isHeld && now.tx.kind !== 'open') return [failed('25P01')];
      return [now.cursors.has(name) ? failed('42P03') : done('DECLARE CURSOR')];
    },
    apply: (now) => now.cursors.declare(name, { rows, isHeld, born: now.now() }),
  };
}

export const fetch: Maker = (model, random) => {
  const name = pickCursor(model, random);
  const count = random.between(1, 3);
  return {
    name: 'cursor-fetch',
    sql: `FETCH ${count} FROM ${name}`,
    returnsRows: true,
    expect: (now) => {
      if (!now.cursors.has(name)) return [failed('34000')];
      const rows = now.cursors.peek(name, count);
      return [done(`FETCH ${rows.length}`, ...rows)];
    },
    apply: (now) => now.cursors.fetched(name, count),
  };
};

export const closeCursor: Maker = (model, random) => {
  const name = pickCursor(model, random);
  return {
    name: 'cursor-close',
    sql: `CLOSE ${name}`,
    returnsRows: false,
    expect: (now) => [now.cursors.has(name) ? done('CLOSE CURSOR') : failed('34000')],
    apply: (now) => now.cursors.close(name),
  };
};

export const closeCursors: Maker = () => ({
  name: 'cursor-close',
  sql: 'CLOSE ALL',
  returnsRows: false,
  expect: () => [done('CLOSE CURSOR ALL')],
  apply: (model) => model.cursors.closeAll(),
});

export const listCursors: Maker = () => ({
  name: 'cursor-list',
  sql:
    "SELECT coalesce(string_agg(name, ',' ORDER BY name), '') FROM pg_cursors " +
    "WHERE name LIKE 'cur%'",
  returnsRows: true,
  isQuiet: true,
  expect: (model) => [selected(model.cursors.names.join(','))],
});

function pickCursor(model: SessionModel, random: Random): string {
  const { names } = model.cursors;
  return names.length > 0 && random.chance(0.9) ? random.pick(names) : random.pick(NAMES);
}
