import { join } from 'node:path';
import {
  BackendError,
  certsDir,
  freePort,
  type LdapServer,
  type LdapServerOptions,
  RawClient,
  startLdapServer,
  waitFor,
} from '@pgweir/testkit';
import { CLIENT_TLS, type Rig, rawTarget, startDaemonFor, startRig, type Way } from './support/rig';

const PEOPLE = 'ou=people,dc=example,dc=org';
const SEARCHER = { dn: 'cn=search,dc=example,dc=org', password: 'looking "glass", #1' };
const ENTRIES: LdapServerOptions['entries'] = [
  SEARCHER,
  { dn: `uid=alice,${PEOPLE}`, password: 'tea', attributes: { uid: 'alice', mail: 'a@b.org' } },
  { dn: `uid=bob\\,x,${PEOPLE}`, password: 'milk', attributes: { uid: 'bob,x' } },
  { dn: `uid=twin,${PEOPLE}`, password: 'one', attributes: { uid: 'twin' } },
  { dn: `uid=twin,ou=more,${PEOPLE}`, password: 'one', attributes: { uid: 'twin' } },
];
const DATABASES = {
  shop: '{server} dbname=postgres user=postgres',
  own: '{server} dbname=postgres',
};
const FAILED = '28P01 LDAP authentication failed';

let rig: Rig;
const servers: LdapServer[] = [];

async function ldap(options: Partial<LdapServerOptions> = {}): Promise<LdapServer> {
  const server = await startLdapServer({ entries: ENTRIES, ...options });
  servers.push(server);
  return server;
}

beforeAll(async () => {
  rig = await startRig({
    cluster: { users: [{ name: 'alice', password: 'tea' }] },
    settings: settings('ldapserver=127.0.0.1 ldapprefix="uid="'),
    databases: DATABASES,
    files: { 'hba.conf': 'host all all all reject\n' },
  });
});

afterAll(() => rig?.stop());

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

function settings(options: string, more: Readonly<Record<string, string>> = {}) {
  return {
    ...{ auth_type: 'ldap', auth_ldap_options: options, pool_mode: 'transaction' },
    ...{ admin_users: 'alice', ...CLIENT_TLS, ...more },
  };
}

async function use(options: string, more: Readonly<Record<string, string>> = {}) {
  const text = rig.config({ settings: settings(options, more), databases: DATABASES });
  await rig.daemon.reload(text, 'configuration reloaded');
}

/** Rules instead of `auth_ldap_options`. */
async function useRules(rules: string) {
  rig.daemon.write('hba.conf', rules);
  const more = { auth_type: 'hba', auth_hba_file: '{dir}/hba.conf' };
  const { auth_ldap_options: _, ...rest } = settings('', more);
  const text = rig.config({ settings: rest, databases: DATABASES });
  await rig.daemon.reload(text, 'configuration reloaded');
}

const made = (server: LdapServer): string =>
  `ldapserver=127.0.0.1 ldapport=${server.port} ldapprefix=uid= ldapsuffix=",${PEOPLE}"`;
const searched = (server: LdapServer, more = ''): string =>
  `ldapserver=127.0.0.1 ldapport=${server.port} ldapbasedn="${PEOPLE}" ` +
  `ldapbinddn="${SEARCHER.dn}" ldapbindpasswd="${SEARCHER.password.replaceAll('"', '""')}"${more}`;

interface Attempt {
  readonly user?: string;
  readonly database?: string;
  readonly password?: string;
  readonly way?: Way;
}

/** `in`, or SQLSTATE and text of the error. */
async function attempt(options: Attempt = {}, daemon = rig.daemon): Promise<string> {
  const { user = 'alice', database = 'shop', password = 'tea', way = 'tcp' } = options;
  const tls = { start: 'request' as const, options: {} };
  const client = await RawClient.connect(rawTarget(daemon, way), way === 'tls' ? { tls } : {});
  try {
    await client.login({ user, database, password });
    const sql = database === 'pgbouncer' ? 'SHOW VERSION' : 'SELECT 1';
    const rows = (await client.query(sql)).filter(({ tag }) => tag === 'D');
    return rows.length === 1 ? 'in' : 'no row';
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return `${error.code} ${error.fields.M}`;
  } finally {
    client.destroy();
  }
}

function closed(server: LdapServer): Promise<unknown> {
  return waitFor(async () => server.open === 0, {
    what: 'the connections to the directory to end',
  });
}

test('a made name lets in who knows the password in the directory, without auth_file', async () => {
  const server = await ldap();
  await use(made(server));
  expect(await attempt()).toBe('in');
  expect(await attempt({ database: 'pgbouncer' })).toBe('in');
  expect(await attempt({ password: 'coffee' })).toBe(FAILED);
  expect(await attempt({ user: 'mallory' })).toBe(FAILED);
  expect(await attempt({ user: 'bob,x', password: 'milk' })).toBe('in');
  await closed(server);
});

test('an empty password is refused before anybody is asked', async () => {
  const server = await ldap();
  await use(made(server));
  expect(await attempt({ password: '' })).toBe('28P01 empty password returned by client');
  await use(searched(server));
  expect(await attempt({ password: '' })).toBe('28P01 empty password returned by client');
  expect(server.connections).toBe(0);
});

test('a search finds the user, and one only', async () => {
  const server = await ldap();
  await use(searched(server));
  expect(await attempt()).toBe('in');
  expect(await attempt({ password: 'coffee' })).toBe(FAILED);
  expect(await attempt({ user: 'bob,x', password: 'milk' })).toBe('in');
  expect(await attempt({ user: 'nobody' })).toBe(FAILED);
  expect(await attempt({ user: 'twin', password: 'one' })).toBe(FAILED);
  const log = rig.daemon.log();
  expect(log).toContain('the directory has nobody of that name');
  expect(log).toContain('the directory has more than one entry of that name');
  // Whoever is not there costs a bind like others.
  expect(server.binds.filter(({ dn }) => dn.startsWith('cn=nobody'))).toHaveLength(2);
  await closed(server);
});

test('a filter may look at several attributes, and a URL may say it all', async () => {
  const server = await ldap();
  await use(searched(server, ' ldapsearchfilter="(|(uid=$username)(mail=$username))"'));
  expect(await attempt({ user: 'a@b.org' })).toBe('in');
  await use(`ldapurl="ldap://127.0.0.1:${server.port}/${PEOPLE}?mail?sub"`);
  expect(await attempt({ user: 'a@b.org' })).toBe('in');
  expect(await attempt()).toBe(FAILED);
});

test.each([
  ['*'],
  ['al*'],
  ['alice)(uid=*'],
  ['alice)(|(uid=*'],
  ['\\61lice'],
  ['alice/x'],
  ['alice '],
  ['al\u00adice'],
])('a search for %j asks nobody', async (user) => {
  const server = await ldap();
  await use(searched(server));
  expect(await attempt({ user })).toBe(FAILED);
  expect(server.connections).toBe(0);
  expect(rig.daemon.log()).toContain('invalid character in the user name');
});

test.each([
  [`alice,${PEOPLE}`],
  ['x+uid=alice'],
  ['alice,ou=people'],
  ['#616c696365'],
  ['"alice"'],
])('%j is a value of the name and nothing more', async (user) => {
  const server = await ldap();
  await use(made(server));
  expect(await attempt({ user })).toBe(FAILED);
  expect(server.binds).toHaveLength(1);
});

test('where nothing can be escaped, names with a meaning for the directory are refused', async () => {
  const server = await ldap({ entries: [{ dn: 'alice@example.org', password: 'tea' }] });
  await use(`ldapserver=127.0.0.1 ldapport=${server.port} ldapsuffix=@example.org`);
  expect(await attempt()).toBe('in');
  expect(await attempt({ user: `uid=alice,${PEOPLE}` })).toBe(FAILED);
  expect(server.binds).toHaveLength(1);
});

test('the next server is asked when one cannot be reached, and the log says why', async () => {
  const second = await ldap();
  const dead = await freePort();
  await useRules(
    `host all alice all ldap ldapserver=127.0.0.1 ldapport=${dead} ldapprefix="uid=" ldapsuffix=x\n` +
      `host all all all ldap ldapserver="127.0.0.2 127.0.0.1" ldapport=${second.port} ` +
      `ldapprefix="uid=" ldapsuffix=",${PEOPLE}"\n`,
  );
  expect(await attempt()).toBe(FAILED);
  expect(rig.daemon.log()).toMatch(`ldap://127.0.0.1:${dead}: ECONNREFUSED`);
  expect(await attempt({ user: 'bob,x', password: 'milk' })).toBe('in');
  expect(await attempt({ user: 'bob,x', password: 'tea' })).toBe(FAILED);
});

test('a directory that is silent holds up its own logins only, until client_login_timeout', async () => {
  const [silent, lively] = [await ldap({ silent: true }), await ldap()];
  await useRules(
    `host all bob all ldap ${made(silent)}\nhost all alice all ldap ${made(lively)}\n`,
  );
  const waiting = await Promise.all(
    Array.from({ length: 40 }, () => RawClient.connect(rawTarget(rig.daemon))),
  );
  try {
    const logins = waiting.map((client) =>
      client.login({ user: 'bob', database: 'shop', password: 'x' }).then(
        () => 'in',
        () => 'out',
      ),
    );
    await waitFor(async () => silent.open > 0, { what: 'a login to be asked about' });
    expect(await attempt()).toBe('in');
    // Some of them only: the others wait in here.
    expect(silent.connections).toBeLessThanOrEqual(16);
    for (const client of waiting) client.destroy();
    expect(new Set(await Promise.all(logins))).toEqual(new Set(['out']));
    await closed(silent);
  } finally {
    for (const client of waiting) client.destroy();
  }
});

test('client_login_timeout ends a login that the directory does not answer', async () => {
  const silent = await ldap({ silent: true });
  await use(made(silent), { client_login_timeout: '1' });
  expect(await attempt()).toBe('08P01 client_login_timeout');
  await closed(silent);
});

test('the password opens connections of the user itself, also after a reload', async () => {
  const server = await ldap();
  await use(made(server));
  expect(await attempt({ database: 'own' })).toBe('in');
  await use(made(server), { server_lifetime: '1000' });
  const admin = await RawClient.connect(rawTarget(rig.daemon));
  await admin.login({ user: 'alice', database: 'pgbouncer', password: 'tea' });
  await admin.query('RECONNECT own');
  admin.destroy();
  expect(await attempt({ database: 'own' })).toBe('in');
});

test('rules say who is asked which directory, by which way they come', async () => {
  const server = await ldap();
  await useRules(
    `hostssl all all all ldap ${searched(server)}\nlocal all all trust\nhost all all all reject\n`,
  );
  expect(await attempt({ way: 'tls' })).toBe('in');
  expect(await attempt({ way: 'tls', password: 'coffee' })).toBe(FAILED);
  expect(await attempt({ way: 'tcp' })).toBe('28000 login rejected');
});

test('no password ever stands in the log, nor on the console', async () => {
  const server = await ldap();
  await use(searched(server).replace('looking', 'blind'));
  expect(await attempt({ password: 'secret-of-mine' })).toBe(FAILED);
  expect(rig.daemon.log()).toContain('ldapbinddn: InvalidCredentials (49)');
  const admin = await RawClient.connect(rawTarget(rig.daemon, 'unix'));
  await use(searched(server));
  await admin.login({ user: 'alice', database: 'pgbouncer', password: 'tea' });
  const shown = (await admin.query('SHOW CONFIG')).map(({ body }) => body.toString()).join();
  admin.destroy();
  for (const text of [shown, rig.daemon.log()]) {
    expect(text).not.toMatch(/glass|secret-of-mine/);
  }
});

test.each([
  ['start', 'ldapserver=127.0.0.1 ldaptls=1'],
  ['direct', 'ldapserver=localhost ldapscheme=ldaps'],
  ['start', 'ldapserver=localhost ldaptls=1'],
] as const)('TLS (%s, %s) needs a certificate that is trusted', async (tls, where) => {
  const server = await ldap({ tls });
  const options = `${where} ldapport=${server.port} ldapprefix=uid= ldapsuffix=",${PEOPLE}"`;
  await use(options);
  expect(await attempt()).toBe(FAILED);
  expect(server.binds).toEqual([]);
  const daemon = await startDaemonForTrusting(options);
  try {
    expect(await attempt({}, daemon)).toBe('in');
    expect(await attempt({ password: 'coffee' }, daemon)).toBe(FAILED);
  } finally {
    await daemon.stop();
  }
});

test.each([
  ['a whole answer', '300c02010361070a010004000400'],
  ['an answer that what comes in TLS would complete', '304002010361070a01000400044b'],
])('%s in clear text behind StartTLS is nobody’s word', async (_, forged) => {
  const server = await ldap({ tls: 'start', behindStartTls: Buffer.from(forged, 'hex') });
  await use(`${made(server)} ldaptls=1`);
  expect(await attempt({ password: 'coffee' })).toBe(FAILED);
  expect(rig.daemon.log()).toContain('clear text behind StartTLS');
  await closed(server);
  expect(server.binds).toEqual([]);
});

test('a server without StartTLS is told no password', async () => {
  const server = await ldap();
  await use(`${made(server)} ldaptls=1`);
  expect(await attempt()).toBe(FAILED);
  expect(rig.daemon.log()).toContain('StartTLS is refused (2)');
  expect(server.binds).toEqual([]);
  await closed(server);
});

test('workers ask by themselves', async () => {
  const server = await ldap();
  const daemon = await startDaemonFor(rig.cluster.primary, {
    ...{ settings: settings(searched(server), { workers: '2' }), databases: DATABASES },
  });
  try {
    const logins = Array.from({ length: 8 }, () => attempt({}, daemon));
    expect(new Set(await Promise.all(logins))).toEqual(new Set(['in']));
    expect(await attempt({ password: 'coffee' }, daemon)).toBe(FAILED);
    await closed(server);
  } finally {
    await daemon.stop();
  }
});

function startDaemonForTrusting(options: string) {
  return startDaemonFor(rig.cluster.primary, {
    ...{ settings: settings(options), databases: DATABASES },
    env: { NODE_EXTRA_CA_CERTS: join(certsDir(), 'ca.crt') },
  });
}
