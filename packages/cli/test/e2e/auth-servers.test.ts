import { BackendError, frame, type LoginOptions, RawClient, rowValues } from '@pgweir/testkit';
import { type Rig, rawTarget, startRig } from './support/rig';
import { TlsTap } from './support/tls-tap';

const METHODS = ['trust', 'password', 'md5', 'scram'] as const;
const HBA_WORD = { trust: 'trust', password: 'password', md5: 'md5', scram: 'scram-sha-256' };
const HBA = METHODS.map((name) => `host all ${name} 127.0.0.1/32 ${HBA_WORD[name]}`);
const PASSWORD = 'tea';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: {
      tls: true,
      users: METHODS.map((name) => ({
        name,
        password: PASSWORD,
        encryption: name === 'md5' ? ('md5' as const) : ('scram-sha-256' as const),
      })),
      hba: HBA,
    },
    settings: { auth_type: 'md5' },
    databases: { shop: '{server} dbname=postgres' },
    userlist: userlist({}),
  });
});

afterAll(() => rig?.stop());

/** All users with the right password, but for those that are given. */
function userlist(secrets: Readonly<Record<string, string>>): string {
  const all = { ...Object.fromEntries(METHODS.map((name) => [name, PASSWORD])), ...secrets };
  return Object.entries(all)
    .map(([name, secret]) => `"${name}" "${secret}"\n`)
    .join('');
}

interface Files {
  readonly settings?: Readonly<Record<string, string>>;
  readonly databases?: Readonly<Record<string, string>>;
  readonly users?: Readonly<Record<string, string>>;
}

/** New files, and no link of before them. */
async function use({ settings, databases, users = {} }: Files): Promise<void> {
  const { daemon } = rig;
  daemon.write('userlist.txt', userlist(users));
  const config = rig.config({
    settings: { auth_type: 'md5', ...settings },
    databases: databases ?? { shop: '{server} dbname=postgres pool_mode=transaction' },
  });
  await daemon.reload(config, 'configuration reloaded');
  await idleLinksGone();
}

/** RECONNECT by hand: whoever logs in next needs a fresh login on the server's side. */
async function idleLinksGone(): Promise<void> {
  await rig.cluster.primary.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
}

/** Logs in and asks who it is on the server. A pool that is known to work is asked at the query. */
async function whoAmI(user: string, more: Partial<LoginOptions> = {}): Promise<string | null> {
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    await client.login({ user, password: PASSWORD, database: 'shop', ...more });
    client.send(frame('Q', Buffer.from('SELECT current_user\0')));
    const messages = await client.until(({ tag }) => tag === 'Z' || tag === 'E');
    const last = messages.at(-1);
    if (last?.tag === 'E') throw new BackendError(last);
    return messages.filter(({ tag }) => tag === 'D').flatMap(rowValues)[0] ?? null;
  } finally {
    client.destroy();
  }
}

async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BackendError)) throw new Error(`no error of the server: ${error}`);
  return { code: error.code, message: error.fields.M ?? '' };
}

async function storedSecret(user: string): Promise<string> {
  const [row] = await rig.cluster.primary.query(
    'SELECT rolpassword FROM pg_authid WHERE rolname = $1',
    [user],
  );
  return String(row?.rolpassword);
}

test.each(METHODS)('a plain password opens links to a server that asks for %s', async (user) => {
  await use({});
  expect(await whoAmI(user)).toBe(user);
});

test('an md5 hash opens links to a server that asks for md5', async () => {
  await use({ users: { md5: await storedSecret('md5') } });
  expect(await whoAmI('md5')).toBe('md5');
});

test('an md5 hash is no use where the server wants more: a clear error', async () => {
  const hash = await storedSecret('md5');
  // The hash belongs to the user md5, so it is as that user that the server is asked.
  for (const method of ['password', 'scram-sha-256']) {
    await use({ users: { md5: hash } });
    await rig.cluster.primary.setHba([`host all md5 127.0.0.1/32 ${method}`]);
    try {
      expect(await failure(whoAmI('md5'))).toEqual({
        code: '28000',
        message: 'server login failed: wrong password type',
      });
    } finally {
      await rig.cluster.primary.setHba(HBA);
    }
  }
});

test('SCRAM passes through: with the verifier of pg_authid no password is needed', async () => {
  const verifier = await storedSecret('scram');
  for (const authType of ['scram-sha-256', 'md5']) {
    await use({ settings: { auth_type: authType }, users: { scram: verifier } });
    expect(await whoAmI('scram')).toBe('scram');
    expect(await failure(whoAmI('scram', { password: 'coffee' }))).toMatchObject({ code: '28P01' });
    // Over more links than the one of the first login.
    const all = Array.from({ length: 6 }, () => whoAmI('scram'));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['scram']));
  }
});

test('a verifier that is not the server’s ends in the server’s own refusal', async () => {
  const other = await storedSecret('trust');
  expect(other).not.toBe(await storedSecret('scram'));
  await use({ users: { scram: other } });
  expect(await failure(whoAmI('scram'))).toEqual({
    code: '28P01',
    message: 'password authentication failed for user "scram"',
  });
});

test.each(['password', 'md5', 'scram'])(
  'auth_type plain: what the client sent opens links to a server that asks for %s',
  async (user) => {
    const verifier = await storedSecret(user);
    await use({ settings: { auth_type: 'plain' }, users: { [user]: verifier } });
    expect(await whoAmI(user)).toBe(user);
  },
);

test('auth_type trust and only a verifier: nothing to show the server, a clear error', async () => {
  await use({ settings: { auth_type: 'trust' }, users: { scram: await storedSecret('scram') } });
  expect(await failure(whoAmI('scram'))).toEqual({
    code: '28000',
    message: 'server login failed: wrong password type',
  });
});

test.each(['password', 'md5', 'scram'])(
  'a wrong password for a server that asks for %s: the server’s words at once, and a fix by SIGHUP',
  async (user) => {
    await use({ settings: { auth_type: 'trust' }, users: { [user]: 'stale' } });
    for (let round = 0; round < 3; round++) {
      const startedMs = performance.now();
      expect(await failure(whoAmI(user))).toEqual({
        code: '28P01',
        message: `password authentication failed for user "${user}"`,
      });
      expect(performance.now() - startedMs).toBeLessThan(2000);
    }
    await use({ settings: { auth_type: 'trust' } });
    expect(await whoAmI(user)).toBe(user);
  },
);

test('clients of a pool with a wrong password do not wait for each other', async () => {
  await use({ settings: { auth_type: 'trust' }, users: { scram: 'stale' } });
  const startedMs = performance.now();
  const all = await Promise.all(Array.from({ length: 20 }, () => failure(whoAmI('scram'))));
  expect(new Set(all.map(({ code }) => code))).toEqual(new Set(['28P01']));
  expect(performance.now() - startedMs).toBeLessThan(3000);
});

describe('a database with a user of its own', () => {
  const forced = (more: string) => ({ shop: `{server} dbname=postgres user=scram ${more}` });

  test('logs in with the password of its line, whatever auth_file says', async () => {
    await use({ databases: forced(`password=${PASSWORD}`), users: { scram: 'stale' } });
    expect(await whoAmI('md5')).toBe('scram');
    await use({ databases: forced("password='it''s wrong'") });
    expect(await failure(whoAmI('md5'))).toMatchObject({ code: '28P01' });
  });

  test('logs in with the password of auth_file where its line has none', async () => {
    await use({ databases: forced('') });
    expect(await whoAmI('md5')).toBe('scram');
  });

  test('does not take the key of a client of another name', async () => {
    await use({ databases: forced(''), users: { scram: await storedSecret('scram') } });
    expect(await failure(whoAmI('md5'))).toEqual({
      code: '28000',
      message: 'server login failed: wrong password type',
    });
  });
});

test('what the server says to a role that it does not let in reaches the client', async () => {
  await use({
    settings: { auth_type: 'trust' },
    users: { nobody: 'x' },
    databases: {
      shop: '{server} dbname=postgres',
      gone: '{server} dbname=no_such_database',
    },
  });
  expect(await failure(whoAmI('nobody'))).toMatchObject({
    code: '28000',
    message: expect.stringMatching(/no pg_hba.conf entry/),
  });
  expect(await failure(whoAmI('trust', { database: 'gone' }))).toEqual({
    code: '3D000',
    message: 'database "no_such_database" does not exist',
  });
});

describe('SCRAM to a server with TLS', () => {
  const through = (tap: TlsTap): Files => ({
    settings: { server_tls_sslmode: 'require' },
    databases: { shop: `host=127.0.0.1 port=${tap.port} dbname=postgres` },
  });

  async function withTap(certificate: string, body: (tap: TlsTap) => Promise<void>): Promise<void> {
    const { host, port } = rig.cluster.primary;
    const tap = await TlsTap.start({ server: { host, port }, certificate });
    try {
      await body(tap);
    } finally {
      await tap.stop();
    }
  }

  test('is bound to the channel', async () => {
    await withTap('server', async (tap) => {
      await use(through(tap));
      expect(await whoAmI('scram')).toBe('scram');
      expect(tap.said).toContain('SCRAM-SHA-256-PLUS');
      expect(tap.said).toContain('p=tls-server-end-point');
    });
  });

  test('is bound to the channel with a key that was passed through, too', async () => {
    const verifier = await storedSecret('scram');
    await withTap('server', async (tap) => {
      await use({ ...through(tap), users: { scram: verifier } });
      expect(await whoAmI('scram')).toBe('scram');
      expect(tap.said).toContain('SCRAM-SHA-256-PLUS');
    });
  });

  test('fails when somebody in between shows another certificate', async () => {
    await withTap('misnamed', async (tap) => {
      await use(through(tap));
      const { code } = await failure(whoAmI('scram'));
      expect(code).toMatch(/^28/);
      expect(tap.said).toContain('SCRAM-SHA-256-PLUS');
    });
  });
});
