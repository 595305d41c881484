import type { History, Now, SessionState, SettingRow, Sparks } from '@pgweir/dashboard';
import {
  buildPage,
  type Cluster,
  type Daemon,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { commandOn, consoleRows, type Runtime } from './support/crew';
import { fetchFrom, httpPort } from './support/http';
import { PageClient } from './support/page-client';
import { ask, enter, ini, type Settings, userlist } from './support/stage';

let cluster: Cluster;
let daemons: Daemon[] = [];

beforeAll(async () => {
  buildPage();
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const daemon of daemons) await daemon.stop();
  daemons = [];
});

interface Kind {
  readonly runtime: Runtime;
  readonly workers: number;
}

const PASSWORD = 'open sesame';
const ON = { metrics_addr: '127.0.0.1:0', dashboard: 'on' };
const ON_WITH_ORDERS = { ...ON, dashboard_password: PASSWORD };

function config({ workers }: Kind, settings: Settings): string {
  return ini(cluster.primary, { settings: { workers, admin_users: 'app', ...settings } });
}

async function start(kind: Kind, settings: Settings): Promise<Daemon> {
  const daemon = await startDaemon({
    config: config(kind, settings),
    userlist: userlist(['app']),
    command: commandOn(kind.runtime),
  });
  daemons.push(daemon);
  return daemon;
}

describe.each<Kind>([
  { runtime: 'node', workers: 2 },
  { runtime: 'bun', workers: 1 },
])('on $runtime with workers = $workers', (kind) => {
  test('dashboard says whether there is a page, and who may look; a reload changes that', async () => {
    const daemon = await start(kind, { metrics_addr: '127.0.0.1:0' });
    const port = httpPort(daemon);
    const page = new PageClient(port);
    for (const path of ['', 'page.js', 'api/now', 'api/session']) {
      expect((await page.get(path)).status).toBe(404);
    }
    expect((await page.post('orders', { kind: 'pause' })).status).toBe(404);

    await daemon.reload(config(kind, ON));
    const html = await page.get('');
    expect(html).toMatchObject({ status: 200, body: expect.stringContaining('<div id="page">') });
    expect(html.headers['content-security-policy']).toContain("default-src 'self'");
    expect(html.body).not.toMatch(/https?:|<script>|<style|style="/);
    expect((await page.get('page.js')).body.length).toBeGreaterThan(50_000);
    expect(await fetchFrom(port, '/')).toMatchObject({
      ...{ status: 302, headers: { location: 'dashboard/' } },
    });
    expect(await page.read<Now>('now')).toMatchObject({ state: 'serving', poolsLeftOut: 0 });
    expect(await page.read<SessionState>('session')).toEqual({
      ...{ orders: 'off', isPrivate: false, token: '' },
    });

    const hidden = { ...ON_WITH_ORDERS, dashboard: 'private' };
    await daemon.reload(config(kind, hidden));
    for (const path of ['now', 'history', 'sparks', 'settings']) {
      expect((await page.get(`api/${path}`)).status).toBe(401);
    }
    expect((await page.get('')).status).toBe(200);
    expect((await page.signIn(PASSWORD)).status).toBe(200);
    expect(await page.read<Now>('now')).toMatchObject({ state: 'serving' });

    await daemon.reload(config(kind, { metrics_addr: '127.0.0.1:0' }));
    expect((await page.get('')).status).toBe(404);
  });

  test('dashboard_hosts says by which names the page may be asked for', async () => {
    const daemon = await start(kind, ON);
    const port = httpPort(daemon);
    const statusAt = async (path: string, host: string) =>
      (await fetchFrom(port, path, { headers: { host } })).status;
    for (const path of ['/', '/dashboard/', '/dashboard/page.js', '/dashboard/api/now']) {
      expect(await statusAt(path, `evil.example:${port}`)).toBe(421);
    }
    expect(await statusAt('/dashboard/api/now', `localhost:${port}`)).toBe(200);
    // Programs that scrape have no browser that could be led here.
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      expect(await statusAt(path, 'pooler.monitoring.svc:9930')).toBe(200);
    }
    await daemon.reload(config(kind, { ...ON, dashboard_hosts: 'pooler.example.org' }));
    expect(await statusAt('/dashboard/api/now', 'pooler.example.org')).toBe(200);
    expect(await statusAt('/dashboard/api/now', `evil.example:${port}`)).toBe(421);
  });

  test('it shows pools, waiters and pins, and what the last samples were', async () => {
    const daemon = await start(kind, { ...ON, default_pool_size: 1 });
    const page = new PageClient(httpPort(daemon));
    const holder = await enter(daemon);
    await holder.query('BEGIN');
    const waiter = await enter(daemon);
    const waits = ask(waiter, 'SELECT 1');
    const now = await waitFor(
      async () => {
        const seen = await page.read<Now>('now?with=waiters,pins,statements');
        return seen.pools.some(({ waiting }) => waiting > 0) ? seen : undefined;
      },
      { what: 'the waiter to be seen' },
    );
    expect(now.pools).toEqual([
      expect.objectContaining({
        ...{ database: 'app', user: 'app', size: 1, clients: 2, linksActive: 1 },
      }),
    ]);
    expect(now.waiters).toMatchObject({ total: 1, rows: [{ database: 'app', position: 1 }] });
    expect(now.pins).toEqual({ total: 0, rows: [] });
    expect(now.workers).toHaveLength(kind.workers);
    // Samples are taken every five seconds.
    const history = await waitFor(
      async () => {
        const seen = await page.read<History>('history');
        return (seen.time.queue.at(-1) ?? 0) > 0.9 ? seen : undefined;
      },
      { what: 'samples', deadlineMs: 20_000, everyMs: 200 },
    );
    // Nothing has ended yet: one waits, one is in a transaction and asks nothing.
    expect(history.time.application.at(-1)).toBeGreaterThan(0.9);
    expect(history.pools.waiting.at(-1)).toBe(1);
    const { last, epoch } = history;
    const ofPool = await page.read<History>(`history?since=${last - 1}&database=app&user=app`);
    expect(ofPool).toMatchObject({ epoch, pools: { linksActive: [1] } });
    const sparks = await page.read<Sparks>('sparks');
    expect(sparks.pools).toMatchObject([{ database: 'app', user: 'app' }]);
    await holder.query('COMMIT');
    await waits;
    for (const client of [holder, waiter]) client.destroy();
  });

  test('dashboard_password lets those who know it give orders, and nobody else', async () => {
    const daemon = await start(kind, ON_WITH_ORDERS);
    const page = new PageClient(httpPort(daemon));
    expect((await page.order({ kind: 'pause' })).status).toBe(401);
    expect((await page.signIn('guess')).status).toBe(401);
    const signedIn = await page.signIn(PASSWORD);
    expect(signedIn.status).toBe(200);
    expect(String(signedIn.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=/);
    const paused = async () => (await page.read<Now>('now')).holds.pausedDatabases;

    expect(await page.order({ kind: 'pause', database: 'app' })).toMatchObject({
      ...{ status: 200, state: 'done', text: 'PAUSE app' },
    });
    expect(await paused()).toEqual(['app']);
    expect(await consoleRows(daemon, 'SHOW DATABASES')).toContainEqual(
      expect.objectContaining({ name: 'app', paused: '1' }),
    );
    expect(await page.order({ kind: 'pause', database: 'nowhere' })).toMatchObject({
      ...{ status: 409, error: 'no such database: nowhere' },
    });
    expect((await page.order({ kind: 'resume', database: 'app' })).status).toBe(200);
    for (const kind of ['disable', 'enable'] as const) {
      expect((await page.order({ kind, database: 'app' })).status).toBe(200);
    }
    expect((await page.order({ kind: 'reconnect' })).status).toBe(200);
    expect((await page.order({ kind: 'ban', host: 'unheard.of' })).status).toBe(409);
    daemon.write('pgweir.ini', config(kind, { ...ON_WITH_ORDERS, query_timeout: 77 }));
    expect((await page.order({ kind: 'reload' })).status).toBe(200);
    const settings = await page.read<readonly SettingRow[]>('settings');
    expect(settings).toContainEqual(
      expect.objectContaining({ name: 'query_timeout', value: '77', differs: true }),
    );
    expect(JSON.stringify(settings)).not.toContain(PASSWORD);
    expect(daemon.log()).toMatch(/order from the web page.*PAUSE app.*127\.0\.0\.1/);
    expect(daemon.log()).not.toContain(PASSWORD);

    expect((await page.post('sign-out', {})).status).toBe(200);
    expect((await page.order({ kind: 'pause' })).status).toBe(401);
  });
});

const NODE: Kind = { runtime: 'node', workers: 1 };

test('a PAUSE that has to wait is answered at once, and is told until it has ended', async () => {
  const daemon = await start(NODE, ON_WITH_ORDERS);
  const page = new PageClient(httpPort(daemon));
  await page.signIn(PASSWORD);
  const client = await enter(daemon);
  await client.query('BEGIN');
  const order = await page.order({ kind: 'pause', database: 'app' });
  expect(order).toMatchObject({ status: 202, state: 'under way' });
  const state = async () => (await page.read<Now>('now')).orders[0]?.state;
  expect(await state()).toBe('under way');
  await client.query('COMMIT');
  await waitFor(async () => (await state()) === 'done', { what: 'the order to end' });
  client.destroy();
});

test('orders of other sites, without a token, of another form or of no sense do nothing', async () => {
  const daemon = await start(NODE, ON_WITH_ORDERS);
  const port = httpPort(daemon);
  const page = new PageClient(port);
  const pause = { kind: 'pause' } as const;
  const origin = { origin: 'http://evil.example' };
  expect((await page.post('session', { password: PASSWORD }, origin)).status).toBe(403);
  await page.signIn(PASSWORD);
  const statusOf = async (value: unknown, headers = {}) =>
    (await page.post('orders', value, headers)).status;
  expect(await statusOf(pause, origin)).toBe(403);
  expect(await statusOf(pause, { 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await statusOf(pause, { 'x-pgweir-token': 'guess' })).toBe(403);
  expect(await statusOf(pause, { 'content-type': 'text/plain' })).toBe(415);
  expect(await statusOf('{')).toBe(400);
  expect(await statusOf({ kind: 'shutdown' })).toBe(400);
  expect(await statusOf('x'.repeat(100_000))).toBe(413);
  expect((await page.get('api/orders')).status).toBe(405);
  expect((await page.get('api/nothing')).status).toBe(404);
  expect((await page.get('api/now?with=everything')).status).toBe(400);
  expect((await page.read<Now>('now')).holds.paused).toBe(false);
  // The same, from the page itself.
  expect(await statusOf(pause, { origin: `http://127.0.0.1:${port}` })).toBe(200);
});

test('statements that cost something have rows, and no value of theirs is to be seen', async () => {
  const daemon = await start({ ...NODE, workers: 2 }, { ...ON, statement_stats: 1 });
  const page = new PageClient(httpPort(daemon));
  const client = await enter(daemon);
  for (const value of [4711, 4712]) await ask(client, `SELECT ${value} AS "number"`);
  const statements = await waitFor(
    async () => {
      const seen = await page.read<Now>('now?with=statements');
      return seen.statements?.kind === 'on' && seen.statements.rows.length > 0
        ? seen.statements
        : undefined;
    },
    { what: 'the statement to be seen' },
  );
  expect(statements).toMatchObject({
    total: 1,
    rows: [
      {
        ...{ database: 'app', user: 'app', calls: 2, rows: 2, errors: 0 },
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        statement: expect.stringMatching(/^SELECT .* AS "?number"?$/),
      },
    ],
  });
  expect(JSON.stringify(statements)).not.toContain('471');
  client.destroy();
});

test('who tries passwords has to wait, also with the right one', async () => {
  const daemon = await start(NODE, ON_WITH_ORDERS);
  const page = new PageClient(httpPort(daemon));
  for (let n = 0; n < 5; n++) expect((await page.signIn(`guess ${n}`)).status).toBe(401);
  const blocked = await page.signIn(PASSWORD);
  expect(blocked.status).toBe(429);
  expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(50);
  expect(daemon.log()).not.toContain('guess');
});
