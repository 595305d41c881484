import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage, freePort, isAlive, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { chromium } from 'playwright-core';

const ROOT = join(__dirname, '..', '..', '..');
const MAIN = join(__dirname, '..', 'dist', 'main.js');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

interface Demo {
  readonly child: ChildProcess;
  readonly port: number;
  readonly ended: Promise<number | null>;
  output(): string;
}

let demo: Demo | undefined;

beforeAll(() => buildPage());

afterEach(async () => {
  if (demo === undefined) return;
  demo.child.kill('SIGTERM');
  await demo.ended;
  demo = undefined;
});

/** Started, and showing its first figures. */
async function startDemo(): Promise<Demo> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, '--port', String(port)], { stdio: 'pipe' });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  demo = { child, port, ended, output: () => text };
  await waitFor(() => /^clients 0 .* transactions\/s$/m.test(text), {
    what: 'the status line',
    deadlineMs: 25_000,
  });
  return demo;
}

/** Folders that a process with this id made. */
function foldersOf(pid: number | undefined): string[] {
  return ['/dev/shm', tmpdir()]
    .filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
    .filter((path) => path.includes(`pgweir-run-${pid}-`));
}

test('the demo serves primary and replica, and leaves nothing at Ctrl-C', async () => {
  const { child, ended, output } = await startDemo();
  const urls = [...output().matchAll(/postgres:\/\/demo\S+/g)].map(([url]) => url);
  const inRecovery: unknown[] = [];
  for (const connectionString of urls.slice(0, 2)) {
    const client = new Client({ connectionString });
    await client.connect();
    const { rows } = await client.query('SELECT pg_is_in_recovery() AS yes, count(*) FROM items');
    inRecovery.push(rows);
    await client.end();
  }
  expect(inRecovery).toEqual([[{ yes: false, count: '1000' }], [{ yes: true, count: '1000' }]]);
  expect(foldersOf(child.pid)).toHaveLength(2);
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(foldersOf(child.pid)).toEqual([]);
});

/** Where the demo says that its page is. */
function pageOf({ output }: Demo): string {
  const url = /^ {2}page +(http:\S+)/m.exec(output())?.[1];
  if (url === undefined) throw new Error(`no page in:\n${output()}`);
  return url;
}

test('what the README has first is this: the page opens, the metrics are there', async () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toMatch(/^npm ci && npm start /m);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts.start).toMatch(/&& exec node packages\/demo\/dist\/main\.js$/);
  const url = pageOf(await startDemo());
  const page = await fetch(url);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<title>pgweir')]);
  const metrics = await fetch(new URL('metrics', url));
  expect([metrics.status, await metrics.text()]).toEqual([
    200,
    expect.stringContaining('pgweir_ready 1\n'),
  ]);
});

const hasChromium = existsSync(CHROMIUM);
const without = hasChromium ? '' : ` (skipped: no ${CHROMIUM}: set CHROMIUM, or install chromium)`;
(hasChromium ? test : test.skip)(
  `the page shows both databases in a browser${without}`,
  async () => {
    const running = await startDemo();
    const urls = [...running.output().matchAll(/postgres:\/\/demo\S+/g)].map(([url]) => url);
    for (const connectionString of urls.slice(0, 2)) {
      const client = new Client({ connectionString });
      await client.connect();
      await client.query('SELECT count(*) FROM items');
      await client.end();
    }
    // As root, as in containers, its sandbox does not work. It only sees this page.
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      await page.goto(pageOf(running));
      await page.getByRole('heading', { name: 'Where the time goes' }).waitFor();
      await page.getByRole('link', { name: 'Pools', exact: true }).click();
      await page.getByRole('row', { name: 'demo / demo' }).waitFor();
      await page.getByRole('row', { name: 'demo_replica / demo' }).waitFor();
      await page.getByRole('link', { name: 'Statements', exact: true }).click();
      await page.getByText('SELECT count(*) FROM items').first().waitFor();
    } finally {
      await browser.close();
    }
  },
);

test('at the key f the primary is killed, its replica promoted, and clients stay connected', async () => {
  const { child, output } = await startDemo();
  const [url] = [...output().matchAll(/postgres:\/\/demo\S+/g)].map(([found]) => found);
  const client = new Client({ connectionString: url ?? '' });
  client.on('error', () => undefined);
  await client.connect();
  const where = 'SELECT inet_server_port() AS port';
  const before = (await client.query<{ port: number }>(where)).rows[0]?.port;
  child.stdin?.write('f');
  await waitFor(() => /is the primary now$/m.test(output()), { what: 'the promotion' });
  const after = (await client.query<{ port: number }>(where)).rows[0]?.port;
  expect(after).not.toBe(before);
  await waitFor(() => /is back, as a replica$/m.test(output()), { what: 'the old primary' });
  await client.end();
});

test('the demo stops with an error, and the last words, when pgweir dies', async () => {
  const { child, ended, output } = await startDemo();
  const dir = /host=(\S+)/.exec(output())?.[1] ?? '';
  const pid = Number(readFileSync(join(dir, 'guarded.pid'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  expect(await ended).toBe(1);
  expect(output()).toMatch(/pgweir ended \(SIGKILL\)\. Its last words:\n.*process up/s);
  expect([isAlive(pid), foldersOf(child.pid)]).toEqual([false, []]);
});
