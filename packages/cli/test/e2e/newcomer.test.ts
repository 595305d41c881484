import { writeFileSync } from 'node:fs';
import {
  buildPage,
  type Cluster,
  type Daemon,
  freePort,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';
import { parse } from 'yaml';
import { seriesIn } from '../metrics/prometheus/stage';
import {
  APPLICATION,
  NPX_PGWEIR,
  placedIni,
  README_HTTP,
  readmeBlock,
  readmeFiles,
  readmePasswords,
  startReadersServer,
} from '../support/docs/readme-stage';
import { commandsOf } from '../support/docs/shell';
import { tempDir } from '../support/temp-dir';
import { chromiumForTests, openPage, testWithChromium } from './support/chromium';
import { fetchFrom } from './support/http';
import { onPath, run, testWith } from './support/programs';
import { startPrometheus } from './support/prometheus';

// What somebody does who has nothing but the README: its own blocks, in their order. Only the addresses
// are those of this machine. The demo is tried in packages/demo, the container in executable-container.

const browser = chromiumForTests();
const folder = tempDir();
const password = readmePasswords().get(APPLICATION) ?? '';
let cluster: Cluster;
let daemon: Daemon | undefined;
let port: number;
let httpPort: number;

beforeAll(async () => {
  buildPage();
  cluster = await startReadersServer();
});

beforeEach(async () => {
  port = await freePort();
  httpPort = await freePort();
});

afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

afterAll(() => cluster.stop());

const ini = (): string =>
  placedIni({ server: cluster.primary, port, httpPort, socketDir: folder.path });

async function start(userlist = readmeFiles().userlist): Promise<void> {
  daemon = await startDaemon({ config: ini(), userlist, port });
}

async function me(): Promise<unknown> {
  const where = { host: '127.0.0.1', port, database: 'app', user: APPLICATION };
  const client = new Client({ ...where, password });
  await client.connect();
  const { rows } = await client.query('SELECT current_user AS me, current_database() AS here');
  await client.end();
  return rows[0];
}

const HERE = { me: APPLICATION, here: 'app' };

/** In the folder of the reader, as the reader's shell does. */
async function shell(command: string): Promise<string> {
  const here = command.replace('npx pgweir', `'${NPX_PGWEIR}'`).replace('6432', String(port));
  const ran = await run('sh', ['-c', here], {
    cwd: folder.path,
    input: `${password}\n`,
    env: { PGPASSWORD: password },
  });
  // `--check` has notes on what differs from PgBouncer.
  const wrong = ran.stderr.split('\n').filter((line) => line !== '' && !/:\d+: note: /.test(line));
  expect([command, ran.code, wrong]).toEqual([command, 0, []]);
  return ran.stdout;
}

test('the two files and the commands behind them put pgweir before a database', async () => {
  writeFileSync(folder.file('pgweir.ini'), ini());
  writeFileSync(folder.file('userlist.txt'), readmeFiles().userlist);
  const text = readmeBlock('sh', 'npx pgweir --check');
  const commands = commandsOf({ page: 'README.md', line: 1, text }).map((each) => each.text);
  const said: string[] = [];
  for (const command of commands) {
    if (command === 'npm run build') continue;
    if (command === 'npx pgweir pgweir.ini') await start();
    else if (command.startsWith('psql ') && !onPath('psql')) said.push('');
    else said.push(await shell(command.replace(/^psql .*/, '$& -Atc "SELECT current_user"')));
  }
  const [quiet, verifier, checked, examined, asked] = said;
  expect(quiet).toBe('');
  expect(verifier).toMatch(/^"app_user" "SCRAM-SHA-256\$4096:[^"]+"\n$/);
  expect(checked).toContain('can be used: 0 problems, 0 warnings');
  expect(examined).toMatch(/^0 problems, 0 warnings, /m);
  expect(asked).toBe(onPath('psql') ? `${APPLICATION}\n` : '');
  expect(said).toHaveLength(5);
  expect(await me()).toEqual(HERE);
});

test('with the verifier in place of the password nobody can read it in a file', async () => {
  const line = await shell(`npx pgweir hash-password --user ${APPLICATION}`);
  const verifier = /"(SCRAM[^"]+)"/.exec(line)?.[1] ?? '';
  await cluster.primary.query(`ALTER ROLE ${APPLICATION} PASSWORD '${verifier}'`);
  const userlist = readmeFiles().userlist.replace(`"${APPLICATION}" "${password}"\n`, line);
  expect(userlist).not.toContain(password);
  await start(userlist);
  expect(await me()).toEqual(HERE);
});

test('the page and the metrics are where the README has them', async () => {
  expect(readmeFiles().ini).toContain(`metrics_addr = ${README_HTTP}\n`);
  await start();
  await me();
  const root = await fetchFrom(httpPort, '/');
  expect([root.status, root.headers.location]).toEqual([302, 'dashboard/']);
  const page = await fetchFrom(httpPort, '/dashboard/');
  expect([page.status, page.body]).toEqual([200, expect.stringContaining('<title>pgweir')]);
  const [scrape] = parse(readmeBlock('yaml', 'scrape_configs')).scrape_configs;
  expect(scrape.static_configs).toEqual([{ targets: [README_HTTP] }]);
  const { status, body } = await fetchFrom(httpPort, scrape.metrics_path ?? '/metrics');
  expect(status).toBe(200);
  expect(seriesIn(body).get('pgweir_queries_total{database="app"}')).toBeGreaterThan(0);
});

testWithChromium('the page opens in a browser and shows the pool', async () => {
  await start();
  await me();
  const url = `http://127.0.0.1:${httpPort}/`;
  const { page, context, wrong } = await openPage(await browser(), url);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Where the time goes' }).waitFor();
  await page.getByRole('link', { name: 'Pools', exact: true }).click();
  await page.getByRole('row', { name: `app / ${APPLICATION}` }).waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

testWith('prometheus')("a Prometheus with the README's lines has the metrics", async () => {
  await start();
  await me();
  const lines = readmeBlock('yaml', 'scrape_configs');
  const prometheus = await startPrometheus(lines.replace(README_HTTP, `127.0.0.1:${httpPort}`));
  try {
    await waitFor(async () => (await prometheus.ask('pgweir_queries_total')) >= 1, {
      what: 'Prometheus to have seen the query',
      deadlineMs: 20_000,
    });
    expect(await prometheus.ask('up{job="pgweir"}')).toBe(1);
  } finally {
    await prometheus.stop();
  }
});
