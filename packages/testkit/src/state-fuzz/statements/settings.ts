import type { Random } from '../../random';
import type { SessionModel } from '../model/session-model';
import { literalOf, SETTING_KINDS, type SettingKind, tenantOf } from '../model/setting-kinds';
import { done, selected, type Wanted } from '../outcome';
import type { Maker, Statement } from '../statement';

/*
 * SET in all its forms, and what asks for a setting.
 *
 * Avoided: a setting that has a dot in its name and no value is NULL, an error or '', depending on
 * whether this connection ever had one; statements here ask so that all are ''.
 */

const always = (wanted: Wanted) => (): readonly Wanted[] => [wanted];

interface Drawn {
  readonly kind: SettingKind;
  readonly value: string;
}

function draw(model: SessionModel, random: Random): Drawn {
  const kind = random.pick(SETTING_KINDS);
  return { kind, value: kind.value(random, model.who) };
}

function setting(name: string, sql: string, apply: (model: SessionModel) => void): Statement {
  return { name, sql, returnsRows: false, expect: always(done('SET')), apply };
}

export const set: Maker = (model, random) => {
  const { kind, value } = draw(model, random);
  const literal = literalOf(kind, value);
  const forms = [
    `SET ${kind.name} = ${literal}`,
    `SET ${kind.name} TO ${literal}`,
    `set session ${kind.name.toUpperCase()} to ${literal} ;`,
    ...(kind.forms ?? []).map((form) => form(value)).filter((sql) => !sql.includes('LOCAL')),
  ];
  return setting('set', random.pick(forms), (now) => now.set(kind.name, value));
};

export const setLocal: Maker = (model, random) => {
  const { kind, value } = draw(model, random);
  const literal = literalOf(kind, value);
  const forms = [
    `SET LOCAL ${kind.name} = ${literal}`,
    ...(kind.forms ?? []).map((form) => form(value)).filter((sql) => sql.includes('LOCAL')),
  ];
  return setting('set-local', random.pick(forms), (now) => now.setLocal(kind.name, value));
};

export const setConfig: Maker = (model, random) => {
  const { kind, value } = draw(model, random);
  const isLocal = random.chance(0.3);
  const isBound = random.chance(0.5);
  const quoted = `'${value}'`;
  return {
    name: 'set-config',
    sql: isBound
      ? `SELECT set_config($1, $2, ${isLocal})`
      : `SELECT set_config('${kind.name}', ${quoted}, ${isLocal})`,
    ...(isBound ? { values: [kind.name, value] } : {}),
    returnsRows: true,
    expect: always(selected(value)),
    apply: (now) => (isLocal ? now.setLocal(kind.name, value) : now.set(kind.name, value)),
  };
};

/** The name is an expression. */
export const setHidden: Maker = (model, random) => {
  const value = `s${model.who}:${random.hex()}`;
  return {
    name: 'set-hidden',
    sql: `SELECT set_config('my.' || chr(97), '${value}', false)`,
    returnsRows: true,
    pins: true,
    expect: always(selected(value)),
    apply: (now) => {
      now.set('my.a', value);
      now.hasHiddenSetting = true;
    },
  };
};

export const setInDo: Maker = (model, random) => {
  const value = `s${model.who}:${random.hex()}`;
  const bodies = [
    `BEGIN SET my.b = '${value}'; END`,
    `BEGIN PERFORM set_config('my.b', '${value}', false); END`,
  ];
  return {
    name: 'set-in-do',
    sql: `DO $$${random.pick(bodies)}$$`,
    returnsRows: false,
    expect: always(done('DO')),
    apply: (now) => now.set('my.b', value),
  };
};

/*
 * What the startup packet has given, a pooler gives again when the text or group is over in which it was
 * reset: what stands behind the RESET there sees the server's own default.
 */

export const reset: Maker = (model, random) => {
  const { name } = random.pick(SETTING_KINDS);
  const isReset = random.chance(0.5);
  return {
    name: 'reset',
    sql: isReset ? `RESET ${name}` : `SET ${name} TO DEFAULT`,
    returnsRows: false,
    isAlone: model.isGivenAtStart(name),
    expect: always(done(isReset ? 'RESET' : 'SET')),
    apply: (now) => now.reset(name),
  };
};

export const resetAll: Maker = (model) => ({
  name: 'reset-all',
  sql: 'RESET ALL',
  returnsRows: false,
  isAlone: SETTING_KINDS.some(({ name }) => model.isGivenAtStart(name)),
  expect: always(done('RESET')),
  apply: (now) => now.resetAll(),
});

export const setRole: Maker = (model, random) => {
  const role = tenantOf(model.who);
  const isLocal = random.chance(0.3);
  return setting('role', `SET ${isLocal ? 'LOCAL ' : ''}ROLE ${role}`, (now) =>
    isLocal ? now.setLocal('role', role) : now.set('role', role),
  );
};

export const resetRole: Maker = (_, random) =>
  random.chance(0.5)
    ? setting('role', 'SET ROLE NONE', (now) => now.set('role', 'none'))
    : {
        name: 'role',
        sql: 'RESET ROLE',
        returnsRows: false,
        expect: always(done('RESET')),
        apply: (now) => now.reset('role'),
      };

export const show: Maker = (_, random) => {
  const names = ['role', ...SETTING_KINDS.map(({ name }) => name)];
  const name = random.pick(names.filter((each) => !each.includes('.')));
  const expect = (now: SessionModel): readonly Wanted[] => [done('SHOW', now.shown(name))];
  return { name: 'show', sql: `SHOW ${name}`, returnsRows: true, isQuiet: true, expect };
};

/** Every setting at once: whatever leaks is seen. */
export const showMany: Maker = () => {
  const names = ['role', ...SETTING_KINDS.map(({ name }) => name)];
  const parts = names.map((name) => `coalesce(current_setting('${name}', true), '')`);
  return {
    name: 'show-many',
    label: 'SHOW many',
    sql: `SELECT ${parts.join(" || '~' || ")}`,
    returnsRows: true,
    isQuiet: true,
    expect: (now) => [selected(names.map((name) => now.shown(name)).join('~'))],
  };
};
