import { nowOf } from '../../src/dashboard/now';
import { settingsShown } from '../../src/dashboard/settings-shown';
import { load, loaded, problems } from '../support/config-files';
import { FULL } from '../support/console-client';

const CONFIG = `[databases]
app = host=db pool_size=7
[users]
bob = pool_size=3
[pgbouncer]
listen_addr = 127.0.0.1
metrics_addr = 127.0.0.1:9930
`;

function now(picture: Partial<typeof FULL>, parts: readonly string[] = []) {
  const scene = { picture: { ...FULL, ...picture }, config: loaded(CONFIG) };
  return nowOf({ scene, parts, atMs: 5, startedAtMs: 1, orders: [] });
}

test('pools are told with the most links that they may have', () => {
  const [pool] = FULL.pools;
  if (pool === undefined) throw new Error('no pool');
  const { pools } = now({ pools: [pool, { ...pool, user: 'bob', clientsWaiting: 4 }] });
  expect(pools).toMatchObject([
    { database: 'app', user: 'ann', size: 7, clients: 1, waiting: 0 },
    { database: 'app', user: 'bob', size: 3, clients: 5, waiting: 4 },
  ]);
});

test('of very many pools those come where something happens', () => {
  const [pool] = FULL.pools;
  if (pool === undefined) throw new Error('no pool');
  const many = Array.from({ length: 600 }, (_, at) => ({
    ...{ ...pool, user: `u${at}`, linksActive: 0, clientsWaiting: at === 599 ? 1 : 0 },
  }));
  const { pools, poolsLeftOut } = now({ pools: many });
  expect([pools.length, poolsLeftOut, pools[0]?.user]).toEqual([500, 100, 'u599']);
});

test('waiters and pins come when they are asked for, and not without end', () => {
  expect(now({})).not.toHaveProperty('pins');
  const [waiter] = FULL.waiters;
  if (waiter === undefined) throw new Error('no waiter');
  const { waiters, pins } = now({ waiters: Array(700).fill(waiter) }, ['waiters', 'pins']);
  expect([waiters?.total, waiters?.rows.length]).toEqual([700, 500]);
  expect(pins?.rows).toEqual([
    {
      ...{ client: 7, database: 'app', user: 'ann', address: '10.0.0.9' },
      ...{ reasons: ['cursor'], statement: 'DECLARE c', sinceMs: 0 },
    },
  ]);
});

test('settings tell what differs from the default, and no secret', () => {
  const config = loaded(`${CONFIG}dashboard = private\ndashboard_password = hunter2\n`);
  const rows = settingsShown(config.values);
  const named = (name: string) => rows.find((row) => row.name === name);
  expect(named('dashboard')).toMatchObject({ value: 'private', default: 'off', differs: true });
  expect(named('dashboard_password')).toMatchObject({ value: '***', differs: true });
  expect(named('default_pool_size')).toMatchObject({ differs: false, reloadable: true });
  expect(JSON.stringify(rows)).not.toContain('hunter2');
});

test('dashboard = private needs a password, a password is no MD5 hash, and a page needs a place', () => {
  expect(problems(`${CONFIG}dashboard = private\n`)).toEqual([
    '8: dashboard = private needs a dashboard_password',
  ]);
  expect(problems(`${CONFIG}dashboard_password = md5${'0'.repeat(32)}\n`)).toEqual([
    expect.stringContaining('dashboard_password is an MD5 hash'),
  ]);
  const { warnings } = load(CONFIG.replace(/metrics_addr.*/, 'dashboard = on'));
  expect(warnings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('dashboard = on has no effect'),
  );
});
