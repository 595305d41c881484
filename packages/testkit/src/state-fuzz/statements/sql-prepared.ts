import type { Random } from '../../random';
import { Prepared, type Template } from '../model/prepared';
import type { SessionModel } from '../model/session-model';
import { done, failed, selected, type Wanted } from '../outcome';
import type { Maker, Statement } from '../statement';
import { PLAIN_TEMPLATES, VALUE_TEMPLATES } from './templates';

/*
 * PREPARE, EXECUTE and DEALLOCATE. Their names are also used for prepared statements of the protocol,
 * as PostgreSQL keeps both in one place.
 */

/** The first letter says how many parameters it has: none, or one value. */
const PLAIN_NAMES = ['n0', 'n1', 'n2'] as const;
const VALUE_NAMES = ['v0', 'v1'] as const;

export interface Choice {
  readonly name: string;
  readonly template: Template;
}

export function chooseTemplate(random: Random): Choice {
  return random.chance(0.6)
    ? { name: random.pick(PLAIN_NAMES), template: random.pick(PLAIN_TEMPLATES) }
    : { name: random.pick(VALUE_NAMES), template: random.pick(VALUE_TEMPLATES) };
}

/** Mostly one that is there. */
export function chooseName(model: SessionModel, random: Random): string {
  const there = model.prepared.names.filter((name) => /^[nv]/.test(name));
  if (there.length > 0 && random.chance(0.9)) return random.pick(there);
  return random.pick([...PLAIN_NAMES, ...VALUE_NAMES]);
}

export const prepare: Maker = (_, random) => {
  const { name, template } = chooseTemplate(random);
  return {
    name: 'sql-prepare',
    sql: `PREPARE ${name} AS ${template.sql}`,
    returnsRows: false,
    pins: true,
    expect: (model) => {
      const failure = failureOf(model, name, template);
      if (failure === undefined) return [done('PREPARE')];
      // On another link one that can't be prepared now is not there.
      return isElsewhere(model, name) ? [failure, done('PREPARE')] : [failure];
    },
    apply: (model) => model.prepared.put(name, new Prepared(template, model, { viaSql: true })),
  };
};

function failureOf(model: SessionModel, name: string, template: Template): Wanted | undefined {
  const code = template.parseError?.(model);
  if (code !== undefined) return failed(code);
  return model.prepared.get(name) === undefined ? undefined : failed('42P05');
}

const PATH = 'search_path';

/** It is a statement of the protocol that can't be prepared once more, as things are. */
function isElsewhere(model: SessionModel, name: string): boolean {
  const there = model.prepared.get(name);
  if (model.world.options.isDirect || there === undefined || there.viaSql) return false;
  const { parseError } = there.template;
  // What the open transaction has made of the search path nobody knows from outside.
  if (parseError === undefined) return false;
  return parseError(model) !== undefined || model.hasChangedInTransaction(PATH);
}

export const executePrepared: Maker = (model, random) => {
  const name = chooseName(model, random);
  const isValued = name.startsWith('v');
  const template = model.prepared.get(name)?.template ?? random.pick(VALUE_TEMPLATES);
  const values = isValued ? template.values(random, model) : [];
  const running = (now: SessionModel): Statement | undefined => {
    const prepared = now.prepared.get(name);
    return prepared?.template.run(values, prepared.read);
  };
  return {
    name: 'sql-execute',
    sql: `EXECUTE ${name}${isValued ? `('${values.join("', '")}')` : ''}`,
    returnsRows: true,
    expect: (now) => {
      const wanted = running(now)?.expect(now) ?? [failed('26000')];
      return isElsewhere(now, name) ? [...wanted, failed('26000')] : wanted;
    },
    apply: (now, rows) => running(now)?.apply?.(now, rows),
  };
};

export const deallocate: Maker = (model, random) => {
  const name = chooseName(model, random);
  return {
    name: 'deallocate',
    sql: `DEALLOCATE ${random.chance(0.3) ? 'PREPARE ' : ''}${name}`,
    returnsRows: false,
    expect: (now) => {
      if (now.prepared.get(name) === undefined) return [failed('26000')];
      // In a text or a group with others.
      return isElsewhere(now, name) ? [done('DEALLOCATE'), failed('26000')] : [done('DEALLOCATE')];
    },
    apply: (now) => now.prepared.remove(name),
  };
};

export const deallocateAll: Maker = () => ({
  name: 'deallocate',
  sql: 'DEALLOCATE ALL',
  returnsRows: false,
  expect: () => [done('DEALLOCATE ALL')],
  apply: (model) => model.prepared.removeAll(),
});

/** Those of the protocol are there too. */
export const listPrepared: Maker = () => ({
  name: 'prepared-list',
  sql:
    "SELECT coalesce(string_agg(name || ':' || from_sql, ',' ORDER BY name), '') " +
    'FROM pg_prepared_statements',
  returnsRows: true,
  isQuiet: true,
  expect: (model) => {
    const { prepared, world } = model;
    const describe = (name: string): string => `${name}:${prepared.get(name)?.viaSql}`;
    const all = selected(prepared.names.map(describe).join(','));
    const isThere = (name: string): boolean => !isElsewhere(model, name);
    const some = selected(prepared.names.filter(isThere).map(describe).join(','));
    return world.options.isDirect ? [all] : [all, some];
  },
});
