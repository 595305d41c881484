import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { BackendError, certsDir, RawClient } from '@pgweir/testkit';
import { run, testWith } from './support/programs';
import { CLIENT_TLS, type Rig, rawTarget, startRig, type Way } from './support/rig';

const PASSWORD = 'tea & scones';
const ACCOUNT = userInfo().username;
const DATABASES = {
  // Who the client is must not depend on what PostgreSQL knows.
  shop: '{server} dbname=postgres user=postgres',
  store: '{server} dbname=postgres user=postgres',
};

let rig: Rig;

beforeAll(async () => {
  const names = ['alice', 'bob', ...(ACCOUNT === 'alice' || ACCOUNT === 'bob' ? [] : [ACCOUNT])];
  rig = await startRig({
    settings: settings(),
    databases: DATABASES,
    userlist: names.map((name) => `"${name}" "${PASSWORD}"\n`).join(''),
    files: { 'hba.conf': 'host all all all reject\n', 'ident.conf': '' },
  });
});

afterAll(() => rig?.stop());

function settings(more: Readonly<Record<string, string>> = {}) {
  return {
    ...{ auth_type: 'hba', pool_mode: 'transaction', admin_users: 'alice', ...CLIENT_TLS },
    auth_hba_file: '{dir}/hba.conf',
    auth_ident_file: '{dir}/ident.conf',
    client_tls_ca_file: '{certs}/ca.crt',
    ...more,
  };
}

/** Puts rules, and a map of names, in force. */
async function use(hba: string, ident = '', more: Readonly<Record<string, string>> = {}) {
  rig.daemon.write('hba.conf', hba);
  rig.daemon.write('ident.conf', ident);
  const text = rig.config({ settings: settings(more), databases: DATABASES });
  await rig.daemon.reload(text, 'configuration reloaded');
}

interface Attempt {
  readonly user?: string;
  readonly database?: string;
  readonly way?: Way;
  readonly password?: string;
  readonly certificate?: ConnectionOptions;
}

function certificate(name: string, dir = certsDir()): ConnectionOptions {
  const path = join(dir, name);
  return { key: readFileSync(`${path}.key`), cert: readFileSync(`${path}.crt`) };
}

/** `in`, or SQLSTATE and text of the error, or `cut off` when the connection ended without a word. */
async function attempt(options: Attempt = {}): Promise<string> {
  const { user = 'alice', database = 'shop', way = 'tcp', password = PASSWORD } = options;
  const tls = { start: 'request' as const, options: options.certificate ?? {} };
  try {
    const client = await RawClient.connect(
      rawTarget(rig.daemon, way),
      way === 'tls' ? { tls } : {},
    );
    try {
      await client.login({ user, database, password });
      const sql = database === 'pgbouncer' ? 'SHOW VERSION' : 'SELECT 1';
      const rows = (await client.query(sql)).filter(({ tag }) => tag === 'D');
      return rows.length === 1 ? 'in' : 'no row';
    } finally {
      client.destroy();
    }
  } catch (error) {
    if (!(error instanceof BackendError)) return 'cut off';
    return `${error.code} ${error.fields.M}`;
  }
}

const REJECTED = '28000 login rejected';
const NO_METHOD = '28000 no authentication method is found';
const NO_CERTIFICATE = '28000 certificate authentication failed';
const NO_PEER = '28000 unix socket login rejected';
const WRONG = '28P01 password authentication failed';

test('the way, the address, the database and the user decide, in the order of the file', async () => {
  rig.daemon.write('lists/stores', 'store, "other store"\n');
  await use(
    [
      'local all alice trust',
      'hostssl shop bob 127.0.0.0/8 trust',
      'hostnossl shop bob 127.0.0.1 255.255.255.255 reject',
      'host @lists/stores bob 10.0.0.0/8 trust',
      'host @lists/stores all ::/0 trust',
      'host pgbouncer alice 127.0.0.1/32 md5',
    ].join('\n'),
  );
  expect(await attempt({ way: 'unix', password: 'wrong' })).toBe('in');
  expect(await attempt({ way: 'unix', user: 'bob' })).toBe(NO_METHOD);
  expect(await attempt({ way: 'tls', user: 'bob', password: 'wrong' })).toBe('in');
  expect(await attempt({ way: 'tcp', user: 'bob' })).toBe(REJECTED);
  expect(await attempt({ way: 'tcp', user: 'bob', database: 'store' })).toBe(NO_METHOD);
  expect(await attempt({ way: 'tcp' })).toBe(NO_METHOD);
  expect(await attempt({ database: 'pgbouncer' })).toBe('in');
  expect(await attempt({ database: 'pgbouncer', way: 'tls', password: 'wrong' })).toBe(WRONG);
});

test.each([
  ['md5', WRONG],
  ['password', WRONG],
  ['scram-sha-256', '28P01 SASL authentication failed'],
])('%s asks for a password, also those who do not exist', async (method, refusal) => {
  await use(`host all all 127.0.0.1/32 ${method}`);
  expect(await attempt()).toBe('in');
  expect(await attempt({ password: 'wrong' })).toBe(refusal);
  expect(await attempt({ user: 'mallory' })).toBe(refusal);
});

test('a bad line leaves the old rules in force, and the log names it', async () => {
  await use('host all bob all reject\nhost all all all trust\n');
  const old = 'RELOAD failed: the old configuration stays in force';
  rig.daemon.write('hba.conf', 'host all bob 127.0.0.1/33 reject\nhost all all all trust\n');
  await rig.daemon.reload(undefined, old);
  expect(rig.daemon.log()).toMatch(/hba\.conf:1: problem: \/33 is no mask/);
  expect(await attempt({ user: 'bob' })).toBe(REJECTED);
  expect(await attempt()).toBe('in');
});

test('a reload on the console reads the rules anew, and disturbs nobody who is in', async () => {
  await use('host all all all trust\n');
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    await client.login({ user: 'alice', database: 'shop' });
    rig.daemon.write('hba.conf', 'host pgbouncer alice all trust\nhost all all all reject\n');
    const admin = await RawClient.connect(rawTarget(rig.daemon));
    await admin.login({ user: 'alice', database: 'pgbouncer' });
    expect((await admin.query('RELOAD')).at(-1)?.tag).toBe('Z');
    admin.destroy();
    expect(await attempt()).toBe(REJECTED);
    expect((await client.query('SELECT 1')).at(-1)?.tag).toBe('Z');
  } finally {
    client.destroy();
  }
});

describe('certificates', () => {
  const own = () => ({ way: 'tls', certificate: certificate('client') }) as const;

  test('cert in a rule: the name in a certificate of our authority counts', async () => {
    await use('hostssl all alice all cert\nhostssl all bob all cert\nhost all all all reject\n');
    expect(await attempt({ ...own(), password: 'wrong' })).toBe('in');
    expect(await attempt({ ...own(), user: 'bob' })).toBe(NO_CERTIFICATE);
    expect(await attempt({ way: 'tls' })).toBe(NO_CERTIFICATE);
    expect(await attempt({ way: 'tcp' })).toBe(REJECTED);
    expect(await attempt({ way: 'tls', certificate: certificate('other-client') })).toBe('cut off');
  });

  test('cert in a rule does not keep out those whom another rule asks for a password', async () => {
    await use('hostssl store all all cert\nhost all all all md5\n');
    expect(await attempt({ way: 'tls' })).toBe('in');
    expect(await attempt({ way: 'tcp' })).toBe('in');
    expect(await attempt({ way: 'tls', database: 'store' })).toBe(NO_CERTIFICATE);
  });

  test('map= says as whom the owner of a certificate may log in', async () => {
    const ident = 'certs alice bob\nother alice alice\n';
    await use('hostssl all all all cert map=certs\n', ident);
    expect(await attempt({ ...own(), user: 'bob' })).toBe('in');
    expect(await attempt(own())).toBe(NO_CERTIFICATE);
    await use('hostssl all all all cert map=certs\n', 'certs alice all\n');
    expect(await attempt(own())).toBe('in');
    expect(await attempt({ ...own(), user: 'mallory' })).toBe(NO_CERTIFICATE);
  });

  test('without an authority nobody has a certificate that counts', async () => {
    await use('hostssl all all all cert\n', '', { client_tls_ca_file: '' });
    expect(await attempt(own())).toBe(NO_CERTIFICATE);
  });

  test('auth_type = cert', async () => {
    await use('', '', { auth_type: 'cert', client_tls_sslmode: 'verify-full' });
    expect(await attempt({ ...own(), password: 'wrong' })).toBe('in');
    expect(await attempt({ ...own(), user: 'bob' })).toBe(NO_CERTIFICATE);
    expect(await attempt({ ...own(), database: 'pgbouncer' })).toBe('in');
    expect(await attempt({ way: 'unix' })).toBe(NO_CERTIFICATE);
    expect(await attempt({ way: 'tcp' })).toBe('28000 SSL required');
    expect(await attempt({ way: 'tls' })).toBe('cut off');
    expect(await attempt({ way: 'tls', certificate: certificate('other-client') })).toBe('cut off');
  });

  testWith('openssl')('a valid certificate with two names is nobody', async () => {
    const { dir } = rig.daemon;
    const [key, request, signed] = ['two.key', 'two.csr', 'two.crt'].map((name) => join(dir, name));
    const subject = ['-subj', '/CN=bob/CN=alice'];
    const fresh = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const authority = ['-CA', join(certsDir(), 'ca.crt'), '-CAkey', join(certsDir(), 'ca.key')];
    for (const args of [
      [...fresh, ...subject, '-keyout', `${key}`, '-out', `${request}`],
      ['x509', '-req', '-in', `${request}`, ...authority, '-set_serial', '77', '-out', `${signed}`],
    ]) {
      expect(await run('openssl', args)).toMatchObject({ code: 0 });
    }
    await use('hostssl all all all cert\n');
    const two = { way: 'tls', certificate: certificate('two', dir) } as const;
    expect(await attempt(two)).toBe(NO_CERTIFICATE);
    expect(await attempt({ ...two, user: 'bob' })).toBe(NO_CERTIFICATE);
    await rig.daemon.logged('the certificate has several common names');
  });
});

describe('Unix accounts', () => {
  test('peer: whoever has the account of that name comes in without a password', async () => {
    await use('local all all peer\n');
    const wrong = { way: 'unix', password: 'wrong' } as const;
    expect(await attempt({ ...wrong, user: ACCOUNT })).toBe('in');
    expect(await attempt({ ...wrong, user: ACCOUNT === 'bob' ? 'alice' : 'bob' })).toBe(NO_PEER);
    expect(await attempt({ user: ACCOUNT })).toBe(NO_METHOD);
  });

  test('peer with map=: as the users that the map has', async () => {
    await use('local all all peer map=ops\n', `ops "${ACCOUNT}" bob\n`);
    expect(await attempt({ way: 'unix', user: 'bob', password: 'wrong' })).toBe('in');
    expect(await attempt({ way: 'unix' })).toBe(NO_PEER);
  });

  test('pgbouncer comes into the console by Unix socket, and may do there what admins may', async () => {
    await use('local all all reject\nhost all all all trust\n');
    const owner = { user: 'pgbouncer', database: 'pgbouncer' } as const;
    expect(await attempt({ ...owner, way: 'unix', password: 'wrong' })).toBe('in');
    // There it is a user like others, and none that is known.
    expect(await attempt({ ...owner, way: 'tcp' })).toBe('28000 "trust" authentication failed');
    const client = await RawClient.connect(rawTarget(rig.daemon, 'unix'));
    try {
      await client.login(owner);
      const tags = (await client.query('RELOAD')).map(({ tag }) => tag);
      expect(tags).toEqual(['C', 'Z']);
    } finally {
      client.destroy();
    }
  });
});
