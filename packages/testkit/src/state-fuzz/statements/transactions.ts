import type { SessionModel } from '../model/session-model';
import { done, failed, type Wanted } from '../outcome';
import type { Maker, Statement } from '../statement';

/*
 * BEGIN, its end, and savepoints. All are foreseen in any state: outside of a transaction COMMIT and
 * ROLLBACK end the group of statements so far, with a warning.
 */

export const begin: Maker = (_, random) =>
  beginning(random.pick(['BEGIN', 'START TRANSACTION', 'begin work;']));

export function beginning(sql: string): Statement {
  const tag = sql === 'START TRANSACTION' ? sql : 'BEGIN';
  return {
    name: 'begin',
    sql,
    returnsRows: false,
    expect: () => [done(tag)],
    apply: (model) => model.begin(),
  };
}

export const commit: Maker = (_, random) => committing(random.pick(['COMMIT', 'END', 'commit;']));

export function committing(sql: string): Statement {
  return {
    name: 'commit',
    sql,
    returnsRows: false,
    exits: true,
    expect: (model) => [done(model.status === 'E' ? 'ROLLBACK' : 'COMMIT')],
    apply: (model) => (model.status === 'E' ? model.rollback() : model.commit()),
  };
}

export const rollback: Maker = (_, random) => rollingBack(random.pick(['ROLLBACK', 'ABORT']));

export function rollingBack(sql: string): Statement {
  return {
    name: 'rollback',
    sql,
    returnsRows: false,
    exits: true,
    expect: () => [done('ROLLBACK')],
    apply: (model) => model.rollback(),
  };
}

export const savepoint: Maker = (model) => {
  const name = `sp${model.now()}`;
  return {
    name: 'savepoint',
    sql: `SAVEPOINT ${name}`,
    returnsRows: false,
    expect: (now) => [now.tx.kind === 'open' ? done('SAVEPOINT') : failed('25P01')],
    apply: (now) => now.savepoint(name),
  };
};

export const release: Maker = (model, random) => {
  const { savepoints } = model;
  if (savepoints.length === 0) return undefined;
  const name = random.pick(savepoints);
  return {
    name: 'savepoint',
    sql: `RELEASE SAVEPOINT ${name}`,
    returnsRows: false,
    expect: (now) => savepointNeeded(now, name, 'RELEASE'),
    apply: (now) => now.release(name),
  };
};

export const rollbackTo: Maker = (model, random) => {
  const { savepoints } = model;
  if (savepoints.length === 0) return undefined;
  const name = random.pick(savepoints);
  return {
    name: 'savepoint',
    sql: `ROLLBACK TO SAVEPOINT ${name}`,
    returnsRows: false,
    exits: true,
    expect: (now) => savepointNeeded(now, name, 'ROLLBACK'),
    apply: (now) => now.rollbackTo(name),
  };
};

function savepointNeeded(model: SessionModel, name: string, tag: string): readonly Wanted[] {
  if (model.tx.kind !== 'open') return [failed('25P01')];
  return [model.savepoints.includes(name) ? done(tag) : failed('3B001')];
}
