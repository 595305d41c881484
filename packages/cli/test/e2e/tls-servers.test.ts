import { chmodSync, chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BackendError,
  cancelPacket,
  certsDir,
  frame,
  RawClient,
  rowValues,
  type Server,
} from '@pgweir/testkit';
import { cancelUntil, type Rig, rawTarget, startRig } from './support/rig';
import { TlsTap } from './support/tls-tap';

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof SSL_MODES)[number];

/** What a CancelRequest has in the place of a version. */
const CANCEL_CODE = Buffer.from('04d2162e', 'hex').toString('latin1');

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: {
      tls: true,
      users: [{ name: 'alice' }, { name: 'tls' }, { name: 'clear' }],
      hba: [
        'hostssl all alice 127.0.0.1/32 cert',
        'hostssl all tls 127.0.0.1/32 trust',
        'hostnossl all clear 127.0.0.1/32 trust',
        'host all postgres 127.0.0.1/32 trust',
      ],
    },
    ...parts({ mode: 'disable' }),
    userlist: ['alice', 'tls', 'clear', 'postgres'].map((name) => `"${name}" ""\n`).join(''),
  });
  for (const name of ['misnamed.crt', 'misnamed.key']) own(rig.cluster.primary, name);
});

afterAll(() => rig?.stop());

/** Copies one of the testkit's certificates to where PostgreSQL reads it. */
function own(server: Server, name: string): void {
  const path = join(server.dataDir, name);
  copyFileSync(join(certsDir(), name), path);
  chmodSync(path, 0o600);
  if (server.user.kind === 'other') chownSync(path, server.user.uid, server.user.gid);
}

interface Wanted {
  readonly mode: Mode;
  readonly authority?: 'ca.crt' | 'other-ca.crt';
  readonly certificate?: 'client' | 'other-client';
  readonly host?: string;
}

function parts({ mode, authority = 'ca.crt', certificate, host }: Wanted) {
  const identity =
    certificate === undefined
      ? {}
      : {
          server_tls_key_file: `{certs}/${certificate}.key`,
          server_tls_cert_file: `{certs}/${certificate}.crt`,
        };
  return {
    settings: {
      auth_type: 'trust',
      pool_mode: 'transaction',
      server_tls_sslmode: mode,
      server_tls_ca_file: `{certs}/${authority}`,
      ...identity,
    },
    databases: {
      shop: host === undefined ? '{server} dbname=postgres' : `host=${host} dbname=postgres`,
    },
  };
}

/** What PostgreSQL says of the link of a client: with TLS or without; or the SQLSTATE of its refusal. */
async function link(
  user: string,
  database = 'shop',
): Promise<{ readonly how: string; readonly why: string }> {
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    await client.login({ user, database });
    const sql = 'SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    client.send(frame('Q', Buffer.from(`${sql}\0`)));
    const messages = await client.until(({ tag }) => tag === 'Z' || tag === 'E');
    const last = messages.at(-1);
    if (last?.tag === 'E') throw new BackendError(last);
    const [row] = messages.filter(({ tag }) => tag === 'D').map(rowValues);
    return { how: row?.[0] === 't' ? 'tls' : 'clear', why: row?.[1] ?? '' };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { how: error.code, why: error.fields.M ?? '' };
  } finally {
    client.destroy();
  }
}

async function how(wanted: Wanted, user = 'postgres'): Promise<string> {
  await use(wanted);
  return (await link(user)).how;
}

/** A change of TLS settings takes the links of before out of use; here none has to change. */
async function use(wanted: Wanted): Promise<void> {
  const { daemon } = rig;
  await daemon.reload(rig.config(parts(wanted)), 'configuration reloaded');
  await rig.cluster.primary.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
}

/** What a link becomes, by mode: TLS, clear text, or no link. */
type Expected = Readonly<Record<Mode, 'tls' | 'clear' | 'none'>>;

async function seen(more: Omit<Wanted, 'mode'> = {}): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const mode of SSL_MODES) {
    const outcome = await how({ mode, ...more });
    result[mode] = outcome === '57P03' ? 'none' : outcome;
  }
  return result;
}

test('a server without TLS: require and more refuse it', async () => {
  await rig.cluster.primary.configure({ ssl: 'off' });
  const expected: Expected = {
    disable: 'clear',
    allow: 'clear',
    prefer: 'clear',
    require: 'none',
    'verify-ca': 'none',
    'verify-full': 'none',
  };
  expect(await seen()).toEqual(expected);
  expect((await link('postgres')).why).toContain('server refused SSL');
  await rig.cluster.primary.configure({ ssl: 'on' });
});

test('a server with a good certificate', async () => {
  const expected: Expected = {
    disable: 'clear',
    allow: 'tls',
    prefer: 'tls',
    require: 'tls',
    'verify-ca': 'tls',
    'verify-full': 'tls',
  };
  expect(await seen()).toEqual(expected);
});

test('a certificate of an authority that is not ours is refused from verify-ca on', async () => {
  const expected: Expected = {
    disable: 'clear',
    allow: 'tls',
    prefer: 'tls',
    require: 'tls',
    'verify-ca': 'none',
    'verify-full': 'none',
  };
  expect(await seen({ authority: 'other-ca.crt' })).toEqual(expected);
  expect((await link('postgres')).why).toMatch(/certificate/);
});

test('a certificate with another name is refused by verify-full alone', async () => {
  const certificate = { ssl_cert_file: 'misnamed.crt', ssl_key_file: 'misnamed.key' };
  await rig.cluster.primary.configure(certificate);
  try {
    const expected: Expected = {
      disable: 'clear',
      allow: 'tls',
      prefer: 'tls',
      require: 'tls',
      'verify-ca': 'tls',
      'verify-full': 'none',
    };
    expect(await seen()).toEqual(expected);
    expect((await link('postgres')).why).toMatch(/altnames|does not match/);
  } finally {
    await rig.cluster.primary.configure({
      ssl_cert_file: 'server.crt',
      ssl_key_file: 'server.key',
    });
  }
});

test('a host by name is checked by that name', async () => {
  const { port } = rig.cluster.primary;
  expect(await how({ mode: 'verify-full', host: `localhost port=${port}` })).toBe('tls');
});

test('a Unix socket of the server has no TLS, and needs none', async () => {
  const { port, socketDir } = rig.cluster.primary;
  await use({ mode: 'verify-full', host: `${socketDir} port=${port}` });
  expect(await link('postgres')).toEqual({ how: 'clear', why: '' });
});

test('rules of pg_hba.conf for TLS and for clear text see the links as what they are', async () => {
  expect(await how({ mode: 'disable' }, 'clear')).toBe('clear');
  expect(await how({ mode: 'disable' }, 'tls')).toBe('28000');
  expect(await how({ mode: 'require' }, 'tls')).toBe('tls');
  expect(await how({ mode: 'require' }, 'clear')).toBe('28000');
});

test('a server that asks for a certificate gets ours', async () => {
  await use({ mode: 'verify-full', certificate: 'client' });
  expect(await link('alice')).toEqual({ how: 'tls', why: '/CN=alice' });
  expect(await how({ mode: 'verify-full' }, 'alice')).toBe('28000');
  await use({ mode: 'verify-full', certificate: 'other-client' });
  expect((await link('alice')).how).not.toBe('tls');
});

test('a statement on a TLS link is cancelled, over TLS', async () => {
  const { host, port } = rig.cluster.primary;
  // It takes nothing but TLS.
  const tap = await TlsTap.start({ server: { host, port }, certificate: 'server' });
  await use({ mode: 'verify-full', host: `${host} port=${tap.port}` });
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    const { processId, cancelKey } = await client.login({ user: 'tls', database: 'shop' });
    const answer = client.query('SELECT pg_sleep(20)');
    await cancelUntil(answer, async () => {
      const other = await RawClient.connect(rawTarget(rig.daemon));
      other.send(cancelPacket(processId, cancelKey));
      await other.closed;
    });
    const [error] = (await answer).filter(({ tag }) => tag === 'E');
    expect(error && new BackendError(error).code).toBe('57014');
    expect(tap.said).toContain(CANCEL_CODE);
  } finally {
    client.destroy();
    await tap.stop();
  }
});

test('a client on a link with TLS gets large results whole', async () => {
  await use({ mode: 'require' });
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    await client.login({ user: 'tls', database: 'shop' });
    const messages = await client.query("SELECT repeat('ab', 4000000)");
    expect(messages.find(({ tag }) => tag === 'D')?.body.length).toBe(8_000_006);
  } finally {
    client.destroy();
  }
});

test('SIGHUP with another mode moves all links, and clients notice nothing', async () => {
  await use({ mode: 'disable' });
  const client = await RawClient.connect(rawTarget(rig.daemon));
  const isTls = async (): Promise<string | null | undefined> => {
    const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    return (await client.query(sql)).filter(({ tag }) => tag === 'D').flatMap(rowValues)[0];
  };
  try {
    await client.login({ user: 'postgres', database: 'shop' });
    expect(await isTls()).toBe('f');
    await rig.daemon.reload(rig.config(parts({ mode: 'require' })), 'configuration reloaded');
    expect(await isTls()).toBe('t');
    await rig.daemon.reload(rig.config(parts({ mode: 'disable' })), 'configuration reloaded');
    expect(await isTls()).toBe('f');
  } finally {
    client.destroy();
  }
});

test('one database has TLS of its own, another one what holds for all', async () => {
  const { daemon } = rig;
  const { settings, databases } = parts({ mode: 'disable' });
  const ca = 'server_tls_ca_file={certs}/ca.crt';
  const all = {
    settings,
    databases: {
      ...databases,
      secure: `{server} dbname=postgres server_tls_sslmode=verify-full ${ca}`,
      doubtful:
        '{server} dbname=postgres server_tls_sslmode=verify-ca server_tls_ca_file={certs}/other-ca.crt',
      certified:
        '{server} dbname=postgres server_tls_sslmode=require ' +
        'server_tls_key_file={certs}/client.key server_tls_cert_file={certs}/client.crt',
    },
  };
  await daemon.reload(rig.config(all), 'configuration reloaded');
  expect((await link('postgres')).how).toBe('clear');
  expect((await link('postgres', 'secure')).how).toBe('tls');
  expect((await link('postgres', 'doubtful')).how).toBe('57P03');
  expect(await link('alice', 'certified')).toEqual({ how: 'tls', why: '/CN=alice' });
  expect((await link('alice', 'secure')).how).toBe('28000');
  // A cancel request goes the same way as the link.
  const client = await RawClient.connect(rawTarget(daemon));
  const { processId, cancelKey } = await client.login({ user: 'postgres', database: 'secure' });
  client.send(frame('Q', Buffer.from('SELECT pg_sleep(60)\0')));
  const answer = client.until(({ tag }) => tag === 'E');
  await cancelUntil(answer, async () => {
    const other = await RawClient.connect(rawTarget(daemon));
    other.send(cancelPacket(processId, cancelKey));
    await other.closed;
  });
  expect((await answer).at(-1)?.tag).toBe('E');
  client.destroy();
});
