import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server as NetServer } from 'node:net';
import path from 'node:path';
import { type Cluster, certsDir, freePort, startCluster } from '@pgweir/testkit';
import { doctor } from '../../src/doctor/doctor';
import type { Diagnosis } from '../../src/doctor/findings';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
let cluster: Cluster;
let other: Cluster;

beforeAll(async () => {
  [cluster, other] = await Promise.all([
    startCluster({
      tls: true,
      replicas: 1,
      settings: { idle_in_transaction_session_timeout: '60s' },
      users: [
        { name: 'app', password: 'app-secret' },
        { name: 'few', password: 'few-secret', connectionLimit: 3 },
        { name: 'asker', password: 'asker-secret' },
      ],
      databases: [{ name: 'shop' }],
      hba: ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256'],
    }),
    // Another major has another system identifier: the testkit copies one template for each.
    startCluster({ major: 17, users: [{ name: 'app', password: 'app-secret' }] }),
  ]);
});

afterAll(async () => {
  await Promise.all([cluster?.stop(), other?.stop()]);
});

interface Written {
  readonly databases?: string;
  readonly settings?: string;
  readonly users?: string;
}

const HEALTHY = 'default_pool_size = 10\nquery_wait_timeout = 10\nadmin_users = dba';
const USERS = '"app" "app-secret"\n"dba" "dba-secret"\n';

/** The report on a configuration that is healthy but for what is given. */
async function report(
  { databases, settings = '', users = USERS }: Written,
  options: {
    readonly instances?: number;
    readonly timeoutMs?: number;
    readonly port?: number;
  } = {},
) {
  writeFileSync(directory.file('users.txt'), users, { mode: 0o600 });
  const app = databases ?? `app = ${at(cluster.primary.port)} dbname=shop`;
  writeFileSync(
    directory.file('pgweir.ini'),
    `[databases]\n${app}\n[pgbouncer]\nauth_type = scram-sha-256\nauth_file = users.txt\n` +
      `unix_socket_dir = ${directory.path}\nlisten_port = ${options.port ?? (await freePort())}\n${HEALTHY}\n${settings}\n`,
  );
  return await run('pgweir.ini', options);
}

async function run(
  configPath: string,
  { instances, timeoutMs = 20_000 }: { readonly instances?: number; readonly timeoutMs?: number },
) {
  let text = '';
  const stdout = {
    write: (part: string) => {
      text += part;
    },
  };
  const code = await doctor(
    { configPath, json: true, instances, timeoutMs },
    directory.path,
    stdout,
  );
  const { diagnoses }: { readonly diagnoses: readonly Diagnosis[] } = JSON.parse(text);
  const bad = diagnoses.filter(({ verdict }) => verdict !== 'ok');
  return { code, text, diagnoses, names: bad.map(({ name }) => name) };
}

const at = (port: number, host = '127.0.0.1'): string => `host=${host} port=${port}`;
const VERIFIED = `server_tls_sslmode = verify-full\nserver_tls_ca_file = ${path.join(certsDir(), 'ca.crt')}`;

test('a healthy configuration has nothing but what is well, and shows no secret', async () => {
  const { code, diagnoses, names, text } = await report({ settings: VERIFIED });
  expect(names).toEqual([]);
  expect(code).toBe(0);
  const said = Object.fromEntries(diagnoses.map(({ name, message }) => [name, message]));
  expect(said).toMatchObject({
    server: expect.stringMatching(/^connected in [\d.]+ ms, TLSv1\.3$/),
    login: expect.stringMatching(/^PostgreSQL 18\.\d+.*, primary$/),
    certificate: expect.stringMatching(/^good for \d+ days$/),
    caps: expect.stringMatching(
      /^10 \(app 10\) of 97 \(max_connections 100, less what is reserved\)/,
    ),
    clock: expect.stringMatching(/^\d+ ms (?:behind|ahead of) ours/),
    'secret-file': 'mode 0600: for its owner alone',
  });
  expect(text).not.toContain('secret"');
  expect(text).not.toContain('-secret');
});

test('what cannot be loaded is all there is to say', async () => {
  const { code, names } = await report({
    settings: 'pool_mode = transactional\nmax_client_con = 1',
  });
  expect(names).toEqual(['config-problem', 'config-problem']);
  expect(code).toBe(1);
});

const PRIMARY = (): string => `host=127.0.0.1 port=${cluster.primary.port} dbname=shop`;
const REPLICA_PORT = (): number => cluster.replicas[0]?.port ?? 0;

const BROKEN: readonly (readonly [string, () => Written, Readonly<Record<string, unknown>>])[] = [
  ['nobody listens', () => ({ databases: `app = ${at(1)}` }), { name: 'unreachable' }],
  [
    'a name that leads nowhere',
    () => ({ databases: `app = ${at(5432, 'nowhere.invalid')}` }),
    { name: 'name-unknown', subject: 'host nowhere.invalid' },
  ],
  [
    'a wrong password of the user of an entry',
    () => ({ databases: `app = ${PRIMARY()} user=app password=wrong` }),
    { name: 'login-refused', message: expect.stringContaining('28P01') },
  ],
  [
    'a database that is not there',
    () => ({ databases: `app = ${at(cluster.primary.port)} dbname=gone` }),
    { name: 'login-refused', message: expect.stringContaining('3D000') },
  ],
  [
    'a user of auth_file whom the server does not know, beside one whom it does',
    () => ({ users: `${USERS}"ghost" "x"\n` }),
    { name: 'user-refused', subject: expect.stringContaining('user ghost') },
  ],
  [
    'an authority that has not signed the certificate',
    () => ({
      settings: `server_tls_sslmode = verify-ca\nserver_tls_ca_file = ${certsDir()}/other-ca.crt`,
    }),
    { name: 'certificate-untrusted' },
  ],
  [
    'a server without TLS where it is asked for',
    () => ({
      databases: `app = ${at(other.primary.port)} dbname=postgres`,
      settings: 'server_tls_sslmode = require',
    }),
    { name: 'tls-missing' },
  ],
  [
    'auth_query without the right to read passwords',
    () => ({
      settings: 'auth_user = asker',
      users: `${USERS}"asker" "asker-secret"\n`,
    }),
    { name: 'auth-query-fails', message: expect.stringContaining('permission denied') },
  ],
  [
    'users without number and no cap for all of them',
    () => ({ settings: 'auth_user = asker', users: `${USERS}"asker" "asker-secret"\n` }),
    { name: 'caps-unbounded' },
  ],
  [
    'more links than the server has connections, over all entries',
    () => ({
      databases: `a = ${PRIMARY()} pool_size=60\nb = ${PRIMARY()} pool_size=60`,
    }),
    { name: 'caps-above-server', message: expect.stringMatching(/^120 \(a 60, b 60\) of 97/) },
  ],
  [
    'a role with a limit below its pool',
    () => ({ databases: `app = ${PRIMARY()} user=few password=few-secret` }),
    { name: 'role-limit', subject: 'role few' },
  ],
  [
    'an entry for a primary of which only a standby is listed',
    () => ({
      databases: `app = ${at(REPLICA_PORT())} dbname=shop user=app password=app-secret target_session_attrs=primary`,
    }),
    { name: 'no-primary' },
  ],
  [
    'hosts of two clusters',
    () => ({
      databases: `app = host=127.0.0.1,127.0.0.1 port=${cluster.primary.port},${other.primary.port} dbname=postgres user=app password=app-secret target_session_attrs=primary`,
    }),
    { name: 'not-one-cluster' },
  ],
  [
    'reads for replicas that are not there',
    () => ({ databases: `app = ${PRIMARY()} user=app password=app-secret read_write_split=on` }),
    { name: 'no-replica' },
  ],
  [
    'a primary and a standby, whose roles nobody follows',
    () => ({
      databases: `app = host=127.0.0.1,127.0.0.1 port=${cluster.primary.port},${REPLICA_PORT()} dbname=shop`,
    }),
    { name: 'mixed-roles' },
  ],
  [
    'everybody is let in from a network',
    () => ({ settings: 'auth_type = trust\nlisten_addr = *' }),
    { name: 'open-to-everybody' },
  ],
  [
    'waiting without end',
    () => ({ settings: 'query_wait_timeout = 0' }),
    { name: 'waits-for-ever' },
  ],
  [
    'ignored parameters that matter',
    () => ({ settings: 'ignore_startup_parameters = extra_float_digits, search_path' }),
    { name: 'ignored-parameters', message: 'has search_path' },
  ],
  [
    'more clients than descriptors',
    () => ({ settings: 'max_client_conn = 100000000' }),
    { name: 'too-few-descriptors' },
  ],
  [
    'more workers than cores',
    () => ({ settings: 'workers = 64' }),
    { name: 'more-workers-than-cores' },
  ],
  [
    'a folder that is not there',
    () => ({ settings: 'pidfile = gone/pgweir.pid' }),
    { name: 'not-writable' },
  ],
  [
    'an address of another machine',
    () => ({ settings: 'listen_addr = 192.0.2.1' }),
    { name: 'address-not-here' },
  ],
  [
    'a Patroni that is not there',
    () => ({
      databases: `app = ${PRIMARY()} user=app password=app-secret target_session_attrs=primary patroni=http://doctor:hidden@127.0.0.1:1`,
    }),
    { name: 'patroni-unreachable', subject: 'Patroni http://127.0.0.1:1' },
  ],
  [
    'an etcd that is not there',
    () => ({
      databases: `app = host=127.0.0.1,127.0.0.1 port=${cluster.primary.port},${REPLICA_PORT()} dbname=shop user=app password=app-secret target_session_attrs=primary`,
      settings:
        'failover_mode = promote\nfence_command = true\npromoter_lease = etcd://127.0.0.1:1/key',
    }),
    { name: 'etcd-unreachable' },
  ],
  [
    'a directory that is not there',
    () => ({
      settings:
        'auth_type = ldap\nauth_ldap_options = ldapserver=127.0.0.1 ldapport=1 ldapprefix="u="',
    }),
    { name: 'directory-unreachable' },
  ],
  [
    'a secret that cannot be read',
    () => ({ databases: `app = ${PRIMARY()} user=app secret=file:/nowhere/secret.json` }),
    { name: 'secret-unreadable' },
  ],
];

test.each(BROKEN)('%s', async (_what, written, finding) => {
  const { diagnoses, text } = await report(written());
  expect(diagnoses.filter(({ verdict }) => verdict !== 'ok')).toContainEqual(
    expect.objectContaining(finding),
  );
  expect(text).not.toMatch(/app-secret|few-secret|asker-secret|hidden/);
});

test('instances multiply the caps, and others have a share', async () => {
  const { names } = await report({ settings: 'default_pool_size = 48' }, { instances: 2 });
  expect(names).not.toContain('caps-above-server');
  const three = await report({ settings: 'default_pool_size = 33' }, { instances: 3 });
  expect(three.names).toContain('caps-above-server');
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => cluster.primary.connect({ database: 'shop' })),
  );
  try {
    const near = await report({ settings: 'default_pool_size = 95' });
    expect(near.names).toContain('caps-near');
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
});

describe('whoever listens on the port', () => {
  const listening = `listen_addr = 127.0.0.1\n${VERIFIED}`;

  test('a PostgreSQL is no pooler', async () => {
    const users = `${USERS}"postgres" "any"\n`;
    for (const admin of ['dba', 'postgres']) {
      const { names, code } = await report(
        { settings: `${listening}\nadmin_users = ${admin}`, users },
        { port: cluster.primary.port },
      );
      expect({ admin, code, is: names.includes('port-taken') }).toEqual({
        admin,
        code: 1,
        is: true,
      });
    }
  });

  test('who asks for the password as it is does not get it, and is no pgweir of ours', async () => {
    let heard = '';
    const rogue = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
        socket.write(Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1'));
      });
    });
    await new Promise<void>((resolve) => rogue.listen(0, '127.0.0.1', resolve));
    try {
      const address = rogue.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const scram = await report({ settings: listening }, { port });
      expect(scram.names).toEqual(['port-taken']);
      // It may be ours, which would ask so: nobody can tell without showing the password.
      const plain = await report({ settings: `${listening}\nauth_type = plain` }, { port });
      expect(plain.names).toEqual(['port-unclear']);
      expect(heard).toContain('pgweir doctor');
      expect(heard).not.toContain('dba-secret');
    } finally {
      rogue.close();
    }
  });
});

test('a configuration in variables is examined as one in a file', async () => {
  const url = `postgres://app:app-secret@127.0.0.1:${cluster.primary.port}/shop`;
  const web = createHttpServer((_request, response) => response.writeHead(503).end('draining'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address = web.address();
  const metrics = typeof address === 'object' ? address?.port : 0;
  const environment = jest.replaceProperty(process, 'env', {
    ...process.env,
    PGWEIR_DATABASE_URL: url,
    PGWEIR_LISTEN_ADDR: '127.0.0.1',
    PGWEIR_LISTEN_PORT: String(await freePort()),
    PGWEIR_METRICS_ADDR: `127.0.0.1:${metrics}`,
  });
  try {
    const { diagnoses, text } = await run('env:', {});
    expect(diagnoses).toContainEqual(
      expect.objectContaining({ name: 'login', message: expect.stringContaining('primary') }),
    );
    expect(diagnoses).toContainEqual(
      expect.objectContaining({ name: 'metrics', message: 'answers 503 draining' }),
    );
    expect(text).not.toContain('app-secret');
  } finally {
    environment.restore();
    web.close();
  }
});

test('who accepts and never answers costs no more than the time that there is', async () => {
  const silent: NetServer = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  try {
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const databases = `a = ${at(port ?? 0)}\nb = ${at(port ?? 0)} dbname=b\nc = ${PRIMARY()}`;
    const begunMs = performance.now();
    const { names, diagnoses } = await report(
      { databases, settings: 'server_tls_sslmode = prefer' },
      { timeoutMs: 1500 },
    );
    expect(performance.now() - begunMs).toBeLessThan(4000);
    expect(names).toContain('unreachable');
    expect(diagnoses).toContainEqual(
      expect.objectContaining({ name: 'login', subject: expect.stringContaining('database c') }),
    );
  } finally {
    silent.close();
  }
});

test('two primaries of one cluster, which is the last thing that this cluster sees', async () => {
  await cluster.replicas[0]?.promote();
  const { diagnoses, code } = await report({
    databases: `app = host=127.0.0.1,127.0.0.1 port=${cluster.primary.port},${REPLICA_PORT()} dbname=shop user=app password=app-secret target_session_attrs=primary`,
  });
  expect(diagnoses).toContainEqual(expect.objectContaining({ name: 'several-primaries' }));
  expect(code).toBe(1);
});
