import type { Random } from '../../random';
import { dateOrder, type Template } from '../model/prepared';
import type { SessionModel } from '../model/session-model';
import { done, failed, selected, type Wanted } from '../outcome';
import type { Statement } from '../statement';
import { committing, rollingBack } from './transactions';

/*
 * Texts that mean another thing in each session: through search_path, TimeZone, DateStyle, role and
 * settings of the application's own.
 */

const NOON = '2024-06-01 12:00';
const AMBIGUOUS = '3/2/2024';
const DAY_SECONDS = 86_400;
const none = (): readonly string[] => [];

/** Since 2000. */
function daysUntil(ms: number): string {
  return String(Math.floor((ms - Date.UTC(2000, 0, 1)) / (DAY_SECONDS * 1000)));
}

/** The other templates' values are no times. */
const NO_TIME = ['22007', '22008', '22009'].map(failed);

function timed(value: string, order: string, then: (ms: number) => string): readonly Wanted[] {
  const ms = msOf(value, order);
  return ms === undefined ? NO_TIME : [selected(then(ms))];
}

/** As if it were in UTC. */
function msOf(value: string, order: string): number | undefined {
  if (value === NOON) return Date.UTC(2024, 5, 1, 12);
  if (value !== AMBIGUOUS) return undefined;
  return order === 'DMY' ? Date.UTC(2024, 1, 3) : Date.UTC(2024, 2, 2);
}

function clockOf(offset: number): string {
  const seconds = (((offset % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS) * 1000;
  return new Date(seconds).toISOString().slice(11, 19);
}

/** What unqualified `items` holds. */
function itemsOf(model: SessionModel): string | undefined {
  const [schema] = model.schemas;
  return schema === undefined ? undefined : `${schema}.items`;
}

const missingItems = (model: SessionModel): string | undefined =>
  itemsOf(model) === undefined ? '42P01' : undefined;

function items(suffix: string): (model: SessionModel) => readonly Wanted[] {
  return (model) => {
    const found = itemsOf(model);
    return [found === undefined ? failed('42P01') : selected(found + suffix)];
  };
}

function plain(
  id: string,
  sql: string,
  expect: (model: SessionModel) => readonly Wanted[],
): Template {
  const returnsRows = true;
  const isQuiet = true;
  const run = () => ({ name: id, sql, returnsRows, isQuiet, expect });
  return { id, sql, returnsRows, values: none, run };
}

const ZONE_SQL = "SELECT extract(epoch from '2024-06-01 12:00'::timestamptz)::bigint::text";
const DATE_SQL = "SELECT ('3/2/2024'::date - '2000-01-01'::date)::text";
const STRING_SQL = "SELECT length('a\\\\b')::text";

/** Without parameters. */
export const PLAIN_TEMPLATES: readonly Template[] = [
  {
    id: 'items',
    sql: 'SELECT v FROM items',
    returnsRows: true,
    values: none,
    parseError: missingItems,
    run: (_, read) => ({
      name: 'items',
      sql: 'SELECT v FROM items',
      returnsRows: true,
      expect: (model) => {
        read(model);
        return items('')(model);
      },
    }),
  },
  {
    id: 'zone-read',
    sql: ZONE_SQL,
    returnsRows: true,
    values: none,
    run: (_, read) => ({
      name: 'zone-read',
      sql: ZONE_SQL,
      returnsRows: true,
      isQuiet: true,
      expect: (model) =>
        [...read(model).zones].map((zone) =>
          selected(String(Date.UTC(2024, 5, 1, 12) / 1000 - zone)),
        ),
    }),
  },
  {
    id: 'date-read',
    sql: DATE_SQL,
    returnsRows: true,
    values: none,
    run: (_, read) => ({
      name: 'date-read',
      sql: DATE_SQL,
      returnsRows: true,
      isQuiet: true,
      expect: (model) =>
        [...read(model).orders].flatMap((order) => timed(AMBIGUOUS, order, daysUntil)),
    }),
  },
  {
    id: 'string-read',
    sql: STRING_SQL,
    returnsRows: true,
    values: none,
    run: (_, read) => ({
      name: 'string-read',
      sql: STRING_SQL,
      returnsRows: true,
      isQuiet: true,
      expect: (model) =>
        [...read(model).standardStrings].map((isStandard) => selected(isStandard ? '4' : '3')),
    }),
  },
  plain(
    'zone-shown',
    "SELECT to_char(timestamptz '2024-06-01 00:00+00', 'HH24:MI:SS')",
    (model) => [selected(clockOf(model.zoneOffset))],
  ),
  plain('user', 'SELECT current_user::text', (model) => [selected(model.currentUser)]),
  plain('setting', "SELECT coalesce(current_setting('my.a', true), '')", (model) => [
    selected(model.shown('my.a')),
  ]),
  plain('secure', 'SELECT v FROM public.secure', (model) => {
    const tenant = model.shown('my.tenant');
    return [tenant === '' ? selected() : selected(`secure ${tenant}`)];
  }),
];

/** With one parameter. */
export const VALUE_TEMPLATES: readonly Template[] = [
  valued(
    'echo',
    "SELECT $1::text || ' ' || current_setting('application_name')",
    (random, model) => `${model.label}/${random.hex()}`,
    (model, value) => [selected(`${value} ${model.shown('application_name')}`)],
  ),
  valued(
    'zone-value',
    'SELECT extract(epoch from $1::text::timestamptz)::bigint::text',
    () => NOON,
    (model, value) => timed(value, dateOrder(model), (ms) => String(ms / 1000 - model.zoneOffset)),
  ),
  valued(
    'date-value',
    "SELECT ($1::text::date - '2000-01-01'::date)::text",
    () => AMBIGUOUS,
    (model, value) => timed(value, dateOrder(model), daysUntil),
  ),
  {
    ...valued(
      'items-value',
      'SELECT v || $1::text FROM items',
      (_, model) => ` ${model.label}`,
      (model, value) => items(value)(model),
    ),
    parseError: missingItems,
  },
  valued(
    'config-value',
    "SELECT set_config('my.b', $1::text, false)",
    (random, model) => `s${model.who}:${random.hex()}`,
    (_, value) => [selected(value)],
    (model, value) => model.set('my.b', value),
  ),
];

function valued(
  id: string,
  sql: string,
  draw: (random: Random, model: SessionModel) => string,
  expect: (model: SessionModel, value: string) => readonly Wanted[],
  apply?: (model: SessionModel, value: string) => void,
): Template {
  return {
    id,
    sql,
    returnsRows: true,
    values: (random, model) => [draw(random, model)],
    run: ([value = ''], read) => ({
      name: id,
      sql,
      values: [value],
      returnsRows: true,
      expect: (model) => {
        read(model);
        return expect(model, value);
      },
      apply: (model) => apply?.(model, value),
    }),
  };
}

/** For the protocol's Parse only; each made for its session. */
export const UTILITIES: readonly ((model: SessionModel, random: Random) => Template)[] = [
  (model, random) => {
    const value = `s${model.who}:${random.hex()}`;
    return utility('set', `SET my.b = '${value}'`, 'SET', (now) => now.set('my.b', value));
  },
  () => utility('reset', 'RESET my.b', 'RESET', (model) => model.reset('my.b')),
  () => utility('begin', 'BEGIN', 'BEGIN', (model) => model.begin()),
  () => ({
    ...utility('commit', 'COMMIT', 'COMMIT', () => undefined),
    ...ending(committing('COMMIT')),
  }),
  () => ({
    ...utility('rollback', 'ROLLBACK', 'ROLLBACK', () => undefined),
    ...ending(rollingBack('ROLLBACK')),
  }),
  () => ({
    ...utility('show', 'SHOW work_mem', 'SHOW', () => undefined),
    sql: 'SHOW work_mem',
    returnsRows: true,
    run: () => ({
      name: 'show',
      sql: 'SHOW work_mem',
      returnsRows: true,
      expect: (model) => [done('SHOW', model.shown('work_mem'))],
    }),
  }),
];

function ending(statement: Statement): Pick<Template, 'exits' | 'run'> {
  return { exits: true, run: () => statement };
}

function utility(
  id: string,
  sql: string,
  tag: string,
  apply: (model: SessionModel) => void,
): Template {
  const expect = (): readonly Wanted[] => [done(tag)];
  const run = (): Statement => ({ name: id, sql, returnsRows: false, expect, apply });
  return { id, sql, returnsRows: false, values: none, run };
}
