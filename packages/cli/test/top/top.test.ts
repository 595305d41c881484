import type { ConsoleRow } from '../../src/console-client/console-connection';
import { type Key, readKeys } from '../../src/terminal/keys';
import { textWidth } from '../../src/terminal/text-width';
import { type Effect, press } from '../../src/top/press';
import { render, renderOnce, textOfLine } from '../../src/top/render';
import { readSample, type Sample } from '../../src/top/sample';
import { firstState, type TopState, withLoss, withSample } from '../../src/top/state';

const pool = (
  database: string,
  user: string,
  numbers: Readonly<Record<string, number>>,
): ConsoleRow => ({
  ...{ database, user, pool_mode: 'transaction' },
  ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
});

const totals = (xacts: number, xactUs: number, queryUs: number, waitUs: number): ConsoleRow => ({
  ...{ database: 'shop', xact_count: String(xacts), query_count: String(2 * xacts) },
  ...{ xact_time: String(xactUs), query_time: String(queryUs), wait_time: String(waitUs) },
});

const EVIL = 'x\u001b[2J\u001b]0;pwned\u0007';

const ITEMS: Readonly<Record<string, readonly ConsoleRow[]>> = {
  STATE: [
    { key: 'active', value: 'yes' },
    { key: 'paused', value: 'no' },
  ],
  POOLS: [
    pool('blog', 'web', { cl_active: 500, sv_idle: 9 }),
    pool('shop', 'web', {
      cl_active: 30,
      cl_waiting: 12,
      sv_active: 20,
      maxwait: 1,
      maxwait_us: 500_000,
    }),
    pool('shop', 'batch', { cl_active: 2, cl_waiting: 3, sv_active: 4, maxwait: 9 }),
    pool('pgbouncer', 'pgbouncer', { cl_active: 1 }),
  ],
  DATABASES: [
    { name: 'blog', paused: '1', disabled: '0', force_user: 'web' },
    { name: 'shop', paused: '0', disabled: '0', force_user: null },
  ],
  STATS_TOTALS: [totals(0, 0, 0, 0)],
  WORKERS: [{ uptime: '93784' }],
  WAITS: [{ database: 'shop', user: 'web', p95_us: '42000' }],
  CLIENTS: [
    {
      id: '7',
      ptr: 'c7',
      database: 'shop',
      user: 'web',
      state: 'active',
      addr: '10.0.0.9',
      port: '4711',
      link: 's3',
      application_name: EVIL,
    },
    {
      id: '8',
      ptr: 'c8',
      database: 'shop',
      user: 'web',
      state: 'waiting',
      wait: '1',
      wait_us: '0',
      addr: '10.0.0.9',
      port: '4712',
      link: '',
      application_name: '日本語アプリケーション',
    },
    {
      id: '9',
      ptr: 'c9',
      database: 'blog',
      user: 'web',
      state: 'idle',
      addr: 'unix',
      port: '6432',
      link: '',
      application_name: 'cron',
    },
  ],
  QUEUE: [
    {
      database: 'shop',
      user: 'web',
      client: '8',
      position: '1',
      waited_us: '1000000',
      pool_mode: 'transaction',
    },
  ],
  PINS: [
    {
      database: 'shop',
      user: 'web',
      client: '7',
      reason: 'temporary table',
      statement: 'CREATE TEMP TABLE t',
      seconds: '75',
    },
  ],
  TOPOLOGY: [
    {
      database: 'shop',
      host: 'db1',
      port: '5432',
      role: 'primary',
      health: 'up',
      connections: '22',
      max_connections: '97',
    },
    {
      database: 'shop',
      host: 'db2',
      port: '5432',
      role: 'replica',
      health: 'down',
      lag_ms: '1500',
    },
  ],
  SERVERS: [
    { database: 'shop', addr: 'db1', port: '5432', state: 'active' },
    { database: 'blog', addr: '10.0.0.5', port: '5432', state: 'idle' },
  ],
};

/** A console that has these items and no others. */
function console(items: Readonly<Record<string, readonly ConsoleRow[]>> = ITEMS) {
  return {
    lost: undefined,
    show: async (item: string): Promise<readonly ConsoleRow[]> => {
      if (item === 'VERSION') return [{ version: 'pgweir 0.1.0' }];
      const rows = items[item];
      if (rows === undefined) throw new Error('invalid command');
      return rows;
    },
  };
}

async function sampled(tab: TopState['tab'], items = ITEMS, atMs = 1000): Promise<Sample> {
  return await readSample(console(items), tab, undefined, () => atMs);
}

async function stateAt(tab: TopState['tab'] = 'pools'): Promise<TopState> {
  const first = { ...firstState('127.0.0.1:6432 as dba'), tab };
  const before = await sampled(tab);
  const later = { ...ITEMS, STATS_TOTALS: [totals(4000, 6_000_000, 3_000_000, 2_000_000)] };
  return withSample(withSample(first, before), await sampled(tab, later, 3000));
}

const SIZE = { columns: 80, rows: 24 };
const shown = (state: TopState, size = SIZE): readonly string[] =>
  render(state, size).map(textOfLine);

/** What keys lead to, and what they do on the way. */
function typed(state: TopState, keys: string): { state: TopState; effects: readonly Effect[] } {
  const effects: Effect[] = [];
  const end = readKeys(keys).reduce((at: TopState, key: Key) => {
    const pressed = press(at, key, 10);
    if (pressed.effect !== undefined) effects.push(pressed.effect);
    return pressed.state;
  }, state);
  return { state: end, effects };
}

test('the head tells in three lines how it is, and where the time goes', async () => {
  expect(shown(await stateAt()).slice(0, 3)).toEqual([
    'pgweir 0.1.0  127.0.0.1:6432 as dba  active  up 1d 02:03:04',
    'clients 547 (15 waiting, the first for 9.0 s)  links 33 (24 busy)  2000 tx/s  4~',
    'time: application 38 %  our queue 25 %  PostgreSQL 38 %  [aaaaaaaaqqqqqPPPPPPPP]',
  ]);
});

test('pools are sorted by how many wait, and fit a terminal of 80 columns', async () => {
  const lines = shown(await stateAt());
  expect(lines.slice(5, 9)).toEqual([
    'DATABASE     USER        WAITING MAXWAIT P95WAIT CLIENTS LINKS BUSY IDLE MODE',
    'shop         web              12   1.5 s   42 ms      42    20   20    0 trans',
    'shop         batch             3   9.0 s               5     4    4    0 trans',
    'blog         web               0                     500     9    0    9 paused',
  ]);
  expect(lines).toHaveLength(24);
});

test.each([
  ['c', ['blog', 'shop', 'shop']],
  ['t', ['shop         batch', 'shop         web', 'blog']],
  ['l', ['shop         web', 'blog', 'shop         batch']],
])('%s sorts them otherwise', async (key, starts) => {
  const { state } = typed(await stateAt(), key);
  expect(shown(state).slice(6, 9)).toEqual(
    starts.map((start) => expect.stringMatching(`^${start}`)),
  );
});

test.each([
  ['pools', 20, 5],
  ['pools', 80, 24],
  ['clients', 81, 24],
  ['clients', 33, 8],
  ['servers', 200, 50],
  ['queue', 60, 10],
  ['pins', 45, 12],
  ['statements', 80, 24],
] as const)('%s never goes beyond %i columns and %i rows', async (tab, columns, rows) => {
  for (const mode of [
    { kind: 'browse' },
    { kind: 'help' },
    { kind: 'filter', text: '日' },
  ] as const) {
    const lines = render({ ...(await stateAt(tab)), mode }, { columns, rows });
    expect(lines).toHaveLength(rows);
    for (const line of lines)
      expect(textWidth(line.map(({ text }) => text).join(''))).toBeLessThanOrEqual(columns);
  }
});

test('a client cannot reach the terminal by its name', async () => {
  const { state } = typed(await stateAt('clients'), '/pwned\rk');
  const all = render(state, { columns: 120, rows: 24 })
    .flat()
    .map(({ text }) => text)
    .join('');
  expect(all).toContain('x?[2J?]0;pwned?');
  expect(all).not.toMatch(/\p{C}/u);
});

test('what waits longest stands first in the list of clients', async () => {
  const lines = shown(await stateAt('clients'), { columns: 100, rows: 24 });
  expect(lines.slice(6, 9).map((line) => line.trim().split(/\s+/).slice(0, 4))).toEqual([
    ['8', 'shop', 'web', 'waiting'],
    ['7', 'shop', 'web', 'active'],
    ['9', 'blog', 'web', 'idle'],
  ]);
});

test('servers have roles, health, lag and links', async () => {
  const lines = shown(await stateAt('servers'))
    .slice(6, 9)
    .map((line) => line.split(/\s+/));
  expect(lines).toEqual([
    ['db1:5432', 'shop', 'primary', 'up', '22/97', '1', '1'],
    ['db2:5432', 'shop', 'replica', 'down', '1.5', 's'],
    ['10.0.0.5:5432', 'blog', '1', '0'],
  ]);
});

test('what a console does not have is said, and not asked for again', async () => {
  const state = await stateAt('statements');
  expect(shown(state)).toContain('this console has no SHOW STATEMENTS');
  const asked: string[] = [];
  const noting = {
    ...console(),
    show: async (item: string) => {
      asked.push(item);
      return [];
    },
  };
  await readSample(noting, 'statements', state.now, () => 0);
  expect(asked).not.toContain('STATEMENTS');
  expect(asked).not.toContain('VERSION');
});

test('of PgBouncer it shows what there is', async () => {
  const { POOLS = [], STATE = [], STATS_TOTALS = [], DATABASES = [] } = ITEMS;
  const sample = await sampled('pools', { POOLS, STATE, STATS_TOTALS, DATABASES });
  const lines = shown(withSample(firstState('here'), sample));
  expect(lines[0]).toBe('pgweir 0.1.0  here  active');
  expect(lines[6]).toMatch(/^shop {9}web {14}12 {3}1\.5 s {14}42/);
});

test('a lost connection is an error of the sample, a refused question is not', async () => {
  const lost = new Error('gone');
  const broken = { lost, show: async () => Promise.reject(lost) };
  await expect(readSample(broken, 'pools', await sampled('pools'), () => 0)).rejects.toBe(lost);
});

test('after a loss the last page stays, with the reason, and rates begin anew', async () => {
  const lost = withLoss(await stateAt(), 'gone');
  expect(shown(lost)[0]).toContain('connection lost, trying again (gone)');
  expect(shown(lost)[6]).toContain('shop');
  const back = withSample(lost, await sampled('pools'));
  expect(back).toMatchObject({ before: undefined, message: 'connected again' });
  expect(shown(back)[2]).toBe('time: nothing has happened since the last look');
});

test('nothing is changed before somebody has said y', async () => {
  const state = await stateAt();
  const asked = typed(state, 'p');
  expect(asked.effects).toEqual([]);
  expect(shown(asked.state).at(-1)).toBe('PAUSE shop? y/N');
  expect(typed(asked.state, 'n').effects).toEqual([]);
  expect(typed(asked.state, '\r').effects).toEqual([]);
  expect(typed(asked.state, '\u001b').state.message).toBe('not done: PAUSE shop');
  expect(typed(asked.state, 'y').effects).toEqual([
    { kind: 'run', order: { command: 'PAUSE "shop"', says: 'PAUSE shop' } },
  ]);
  expect(typed(state, '\u001b[F' + 'ry').effects).toEqual([
    { kind: 'run', order: { command: 'RESUME "blog"', says: 'RESUME blog' } },
  ]);
});

test('a name with quotes in it is one name to the console', async () => {
  const sample = await sampled('pools', { ...ITEMS, POOLS: [pool('a"; KILL "b', 'u', {})] });
  const { effects } = typed(withSample(firstState('here'), sample), 'py');
  expect(effects).toMatchObject([{ order: { command: 'PAUSE "a""; KILL ""b"' } }]);
});

test('k on a pool leads to its clients, and there it kills the one that is selected', async () => {
  const listed = typed(await stateAt(), 'k');
  expect(listed.state).toMatchObject({ tab: 'clients', pool: { database: 'shop', user: 'web' } });
  expect(listed.effects).toEqual([{ kind: 'refresh' }]);
  const withClients = withSample(listed.state, await sampled('clients'));
  expect(shown(withClients).join('\n')).not.toContain('blog');
  expect(typed(withClients, '\u001b[Bky').effects).toMatchObject([
    { kind: 'run', order: { command: 'KILL_CLIENT 7' } },
  ]);
  expect(typed(withClients, '\u001b').state.pool).toBeUndefined();
});

test('clients of a database with a user of its own belong to the pool of that user', async () => {
  const CLIENTS = [{ id: '9', ptr: 'c9', database: 'blog', user: 'somebody', state: 'idle' }];
  const { state } = typed(await stateAt(), '\u001b[Fk');
  const lines = shown(withSample(state, await sampled('clients', { ...ITEMS, CLIENTS })));
  expect(lines[6]).toMatch(/^ +9 blog +somebody/);
});

test.each([
  ['pins', 'PINS', { seconds: '1', reason: 'LISTEN' }],
  ['queue', 'QUEUE', { waited_us: '1', position: '1' }],
] as const)('enter leads to the clients of such a pool from %s as well', async (tab, item, row) => {
  const who = { database: 'blog', user: 'somebody', client: '9' };
  const CLIENTS = [{ id: '9', ptr: 'c9', ...who, state: 'idle' }];
  const items = { ...ITEMS, CLIENTS, [item]: [{ ...who, ...row }] };
  const at = withSample({ ...firstState('here'), tab }, await sampled(tab, items));
  const { state } = typed(at, '\r');
  const lines = shown(withSample(state, await sampled('clients', items)));
  expect(lines[6]).toMatch(/^ +9 blog +somebody/);
});

test('the selection stays on what it is on when the order changes', async () => {
  const { state } = typed(await stateAt(), '\u001b[B');
  const at = (of: TopState) =>
    render(of, SIZE).findIndex((line) => line.length === 1 && line[0]?.look === 'reverse');
  expect(at(state)).toBe(7);
  expect(at(typed(state, 't').state)).toBe(6);
});

test('a filter is seen while it is typed, kept by enter and left by escape', async () => {
  const typing = typed(await stateAt(), '/BLX\u007f').state;
  expect(shown(typing).at(-1)).toBe('/BL_   enter: keep  escape: as before');
  expect(shown(typing).slice(6, 8)).toEqual([expect.stringMatching(/^blog/), '']);
  expect(typed(typing, '\r').state.filter).toBe('BL');
  expect(typed(typing, '\u001b').state.filter).toBe('');
  expect(shown(typed(typing, '\r').state)[4]).toContain('/BL');
  expect(shown(typed(typing, 'zzz').state)[6]).toBe('nothing has that in it');
});

test.each([
  ['q', 'quit'],
  ['\u0003', 'quit'],
  ['/\u0003', 'quit'],
  ['p\u0003', 'quit'],
  ['\u001a', 'suspend'],
  ['\f', 'redraw'],
  ['2', 'refresh'],
  ['\t', 'refresh'],
])('%j is %s', async (keys, kind) => {
  expect(typed(await stateAt(), keys).effects).toEqual([{ kind }]);
});

test('? tells the keys, and any key leads back', async () => {
  const help = typed(await stateAt(), '?').state;
  expect(shown(help).join('\n')).toContain('PAUSE and RESUME of the database');
  expect(typed(help, 'p')).toMatchObject({ state: { mode: { kind: 'browse' } }, effects: [] });
});

test('as text it is the head and every row', async () => {
  const lines = renderOnce(await stateAt(), 100);
  expect(lines).toHaveLength(9);
  expect(lines.at(-1)).toMatch(/^blog/);
});
