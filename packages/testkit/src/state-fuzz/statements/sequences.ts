import type { SessionModel } from '../model/session-model';
import { done, failed, selected, type Wanted } from '../outcome';
import type { Maker } from '../statement';

/*
 * Sequences that all sessions share.
 *
 * Known difference: a pooler forgets what a session drew when others have waited for its link long
 * enough (`sequence_pin_timeout`): then `currval` is an error. It is never another session's value.
 * Avoided: `nextval` by a column's default, which cannot be seen from outside.
 */

const NAMES = ['public.seq_a', 'public.seq_b'] as const;
const NUMBER = /^\d+$/;
const NOTHING_DRAWN = '55000';

export const nextval: Maker = (_, random) => {
  const name = random.pick(NAMES);
  return {
    name: 'nextval',
    sql: `SELECT nextval('${name}')`,
    returnsRows: true,
    pins: true,
    expect: () => [selected(NUMBER)],
    apply: (model, [row]) => model.sequences.drawn(name, row ?? ''),
  };
};

export const currval: Maker = (_, random) => {
  const name = random.pick(NAMES);
  return {
    name: 'currval',
    sql: `SELECT currval('${name}')`,
    returnsRows: true,
    expect: (model) => drawn(model, model.sequences.current(name)),
    failed: (model, code) => {
      const isKnown = model.sequences.current(name) !== undefined;
      if (code === NOTHING_DRAWN && isKnown) model.sequences.forget();
    },
  };
};

export const lastval: Maker = () => ({
  name: 'currval',
  sql: 'SELECT lastval()',
  returnsRows: true,
  expect: (model) => drawn(model, model.sequences.last()),
  failed: (model, code) => {
    if (code === NOTHING_DRAWN) model.sequences.forget();
  },
});

export const discardSequences: Maker = () => ({
  name: 'discard-sequences',
  sql: 'DISCARD SEQUENCES',
  returnsRows: false,
  expect: () => [done('DISCARD SEQUENCES')],
  apply: (model) => model.sequences.forget(),
});

function drawn(model: SessionModel, value: string | undefined): readonly Wanted[] {
  if (value === undefined) return [failed(NOTHING_DRAWN)];
  if (model.world.options.isDirect) return [selected(value)];
  return [selected(value), failed(NOTHING_DRAWN)];
}
