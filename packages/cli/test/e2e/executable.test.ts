import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Now } from '@pgweir/dashboard';
import {
  buildBinary,
  type Cluster,
  certsDir,
  type Daemon,
  freePort,
  makeScratch,
  type Scratch,
  startCluster,
  startDaemon,
  startLdapServer,
  waitFor,
} from '@pgweir/testkit';
import { httpPort } from './support/http';
import { PageClient } from './support/page-client';
import { run } from './support/programs';
import { CLIENT_TLS, configText, pgWay, WAYS, withPg } from './support/rig';

/** No PATH to a runtime, no NODE_PATH: what it needs is inside. */
const NOTHING = { PATH: '/usr/bin:/bin', NODE_PATH: '' };

let cluster: Cluster;
let scratch: Scratch;
let program = '';
const daemons: Daemon[] = [];

beforeAll(async () => {
  scratch = makeScratch();
  const built = join(scratch.dir, 'built');
  buildBinary(built);
  const alone = join(scratch.dir, 'alone');
  mkdirSync(alone);
  program = join(alone, 'pgweir');
  copyFileSync(built, program);
  chmodSync(program, 0o755);
  cluster = await startCluster({ users: [{ name: 'ann', password: 'one' }] });
});

afterAll(async () => {
  for (const daemon of daemons) await daemon.stop();
  await cluster?.stop();
  scratch?.remove();
});

async function serve(settings: Readonly<Record<string, string>> = {}): Promise<Daemon> {
  const daemon = await startDaemon({
    config: configText(cluster.primary, {
      databases: { shop: '{server} dbname=postgres' },
      settings: { auth_type: 'scram-sha-256', ...CLIENT_TLS, ...settings },
    }),
    userlist: '"ann" "one"\n',
    command: [program],
    env: { ...NOTHING, NODE_EXTRA_CA_CERTS: join(certsDir(), 'ca.crt') },
  });
  daemons.push(daemon);
  return daemon;
}

async function askOver(daemon: Daemon, way: (typeof WAYS)[number]): Promise<unknown> {
  const login = { user: 'ann', password: 'one', database: 'shop' };
  return await withPg({ ...pgWay(daemon, way), ...login }, async (client) => {
    const { rows } = await client.query('SELECT 6 * $1::int AS n', [7]);
    return rows[0]?.n;
  });
}

test('the executable serves from a folder with nothing else in it', async () => {
  const daemon = await serve();
  for (const way of WAYS) expect(await askOver(daemon, way)).toBe(42);
  expect(readdirSync(join(program, '..'))).toEqual(['pgweir']);
  expect(daemon.log()).toMatch(/process up: pgweir \d+\.\d+\.\d+, Bun \d/);
  expect(await daemon.stop('SIGTERM')).toMatchObject({ code: 0 });
});

test('the executable has the web page inside', async () => {
  const daemon = await serve({ metrics_addr: '127.0.0.1:0', dashboard: 'on' });
  const page = new PageClient(httpPort(daemon));
  expect((await page.get('page.js')).body.length).toBeGreaterThan(50_000);
  expect(await page.read<Now>('now')).toMatchObject({ state: 'serving' });
});

test('the executable says its version, help and what is wrong with a file', async () => {
  expect((await run(program, ['--version'])).stdout).toMatch(/^pgweir \d+\.\d+\.\d+$/m);
  expect((await run(program, ['--help'])).stdout).toContain('--check');
  const checked = await run(program, ['--check', '/nowhere/pgweir.ini']);
  expect({ code: checked.code, names: checked.stderr.includes('/nowhere/pgweir.ini') }).toEqual({
    code: 1,
    names: true,
  });
});

test('a choice of TLS 1.3 suites, which Bun does not heed, is warned of', async () => {
  const daemon = await serve({ client_tls13_ciphers: 'TLS_AES_256_GCM_SHA384' });
  expect(daemon.log()).toMatch(/WARNING .*client_tls13_ciphers has no effect on Bun/);
});

test('the executable asks an LDAP directory, and heeds NODE_EXTRA_CA_CERTS', async () => {
  const entries = [{ dn: 'uid=ann,dc=x', password: 'one', attributes: { uid: 'ann' } }];
  const directory = await startLdapServer({ entries, tls: 'direct' });
  try {
    const daemon = await serve({
      auth_type: 'ldap',
      auth_ldap_options:
        `ldapserver=localhost ldapscheme=ldaps ldapport=${directory.port} ldapbasedn="dc=x" ` +
        'ldapsearchfilter="(&(uid=$username)(!(uid=bob)))"',
    });
    for (const way of WAYS) expect(await askOver(daemon, way)).toBe(42);
    expect(directory.binds).toContainEqual({ dn: 'uid=ann,dc=x', password: 'one' });
  } finally {
    await directory.stop();
  }
});

test('the executable starts itself again as a worker', async () => {
  const daemon = await serve({ workers: '2' });
  for (const way of WAYS) expect(await askOver(daemon, way)).toBe(42);
  expect(daemon.log()).toContain('2 workers');
});

test('the executable goes into the background', async () => {
  const dir = join(scratch.dir, 'background');
  mkdirSync(dir);
  const port = await freePort();
  const pidfile = join(dir, 'weir.pid');
  const text = configText(cluster.primary, {
    databases: { shop: '{server} dbname=postgres user=ann password=one' },
    settings: { auth_type: 'any', pidfile, logfile: join(dir, 'weir.log'), unix_socket_dir: '' },
  });
  const config = join(dir, 'pgweir.ini');
  writeFileSync(config, text.replaceAll('{port}', String(port)).replaceAll('{dir}', dir));
  writeFileSync(join(dir, 'userlist.txt'), '');
  try {
    const ran = await run(program, ['-d', config], { env: NOTHING });
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    const login = { host: '127.0.0.1', port, user: 'ann', database: 'shop' };
    const answer = await withPg(login, (client) => client.query('SELECT 1 AS n'));
    expect(answer.rows).toEqual([{ n: 1 }]);
  } finally {
    if (existsSync(pidfile)) process.kill(Number(readFileSync(pidfile, 'utf8')), 'SIGINT');
    await waitFor(() => !existsSync(pidfile), { what: 'the daemon to end' });
  }
});
