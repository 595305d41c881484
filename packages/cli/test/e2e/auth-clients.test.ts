import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  BackendError,
  type BackendMessage,
  type Cluster,
  certsDir,
  type Daemon,
  frame,
  noticeFields,
  RawClient,
  startCluster,
  startupPacket,
  waitFor,
} from '@pgweir/testkit';
import postgres from 'postgres';
import { run, testWith } from './support/programs';
import {
  authority,
  CLIENT_TLS,
  codeOf,
  configText,
  pgWay,
  rawTarget,
  startDaemonFor,
  type Way,
  withPg,
} from './support/rig';

const PASSWORD = 'tea & "scones"';
const AUTH_TYPES = ['trust', 'any', 'plain', 'md5', 'scram-sha-256'] as const;
type AuthType = (typeof AUTH_TYPES)[number];

let cluster: Cluster;
let daemon: Daemon;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'verifier', password: PASSWORD }] });
  const [row] = await cluster.primary.query(
    "SELECT rolpassword FROM pg_authid WHERE rolname = 'verifier'",
  );
  const hash = createHash('md5').update(`${PASSWORD}hash`).digest('hex');
  const quoted = PASSWORD.replaceAll('"', '""');
  daemon = await startDaemonFor(cluster.primary, {
    ...parts('trust'),
    userlist: [
      `"plain" "${quoted}"`,
      `"hash" "md5${hash}"`,
      `"verifier" "${String(row?.rolpassword)}"`,
      '"nothing" ""',
      '',
    ].join('\n'),
  });
});

afterAll(async () => {
  await daemon?.stop();
  await cluster?.stop();
});

function parts(authType: AuthType) {
  return {
    settings: { auth_type: authType, pool_mode: 'transaction', ...CLIENT_TLS },
    // Who the client is must not depend on what PostgreSQL knows.
    databases: { shop: '{server} dbname=postgres user=postgres' },
  };
}

async function use(authType: AuthType): Promise<void> {
  await daemon.reload(configText(cluster.primary, parts(authType)), 'configuration reloaded');
}

interface Attempt {
  readonly user: string;
  readonly password?: string;
  readonly way?: Way;
  readonly channelBinding?: boolean;
}

/** One login: all messages, and how it ended. */
async function attempt({ user, password, way = 'tcp', ...more }: Attempt) {
  const tls = way === 'tls' ? { tls: { start: 'request' as const } } : {};
  const client = await RawClient.connect(rawTarget(daemon, way), tls);
  const startedMs = performance.now();
  try {
    const secret = password === undefined ? {} : { password };
    await client.login({ user, database: 'shop', ...secret, ...more });
    const rows = await client.query('SELECT 1');
    return { code: rows.at(-1)?.tag === 'Z' ? 'ok' : 'odd', messages: client.messages, tookMs: 0 };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const tookMs = performance.now() - startedMs;
    await client.closed;
    return { code: error.code, messages: client.messages, tookMs };
  } finally {
    client.destroy();
  }
}

const code = async (options: Attempt): Promise<string> => (await attempt(options)).code;

/** Without what is random: which messages, of which kind and length, and the whole error. */
function shape(messages: readonly BackendMessage[]) {
  return messages.map((message) =>
    message.tag === 'E'
      ? noticeFields(message)
      : [message.tag, message.body.length, message.tag === 'R' && message.body.readInt32BE(0)],
  );
}

test('trust: users of auth_file come in without a password, nobody else', async () => {
  await use('trust');
  expect(await code({ user: 'plain' })).toBe('ok');
  expect(await code({ user: 'nothing' })).toBe('ok');
  const { code: refused, messages } = await attempt({ user: 'stranger' });
  expect(refused).toBe('28000');
  expect(messages.map(({ tag }) => tag)).toEqual(['E']);
});

test('any: every name comes in, as the user of the database', async () => {
  await use('any');
  expect(await code({ user: 'whoever' })).toBe('ok');
  const { rows } = await withPg({ ...pgWay(daemon, 'tcp'), user: 'x', database: 'shop' }, (pg) =>
    pg.query('SELECT current_user AS name'),
  );
  expect(rows).toEqual([{ name: 'postgres' }]);
});

describe.each(['plain', 'md5', 'scram-sha-256'] as const)('auth_type %s', (authType) => {
  beforeAll(() => use(authType));

  const good = ['plain', 'verifier', ...(authType === 'scram-sha-256' ? [] : ['hash'])];

  test.each(good)('the right password of user "%s" is accepted', async (user) => {
    for (const way of ['tcp', 'tls', 'unix'] as const) {
      expect(await code({ user, password: PASSWORD, way })).toBe('ok');
      const client = { ...pgWay(daemon, way), user, password: PASSWORD, database: 'shop' };
      expect((await withPg(client, (pg) => pg.query('SELECT 1 AS one'))).rows).toEqual([
        { one: 1 },
      ]);
    }
    const { host, port } = daemon;
    const sql = postgres({ host, port, user, password: PASSWORD, database: 'shop', max: 1 });
    expect([...(await sql.unsafe('SELECT 1 AS one').simple())]).toEqual([{ one: 1 }]);
    await sql.end({ timeout: 5 });
  });

  testWith('psql')('psql logs in with the right password and is told of a wrong one', async () => {
    const where = ['-h', daemon.host, '-p', String(daemon.port), '-d', 'shop', '-XAtc', 'SELECT 1'];
    for (const user of good) {
      const ran = await run('psql', [...where, '-U', user], { env: { PGPASSWORD: PASSWORD } });
      expect(ran).toEqual({ code: 0, stdout: '1\n', stderr: '' });
    }
    const wrong = await run('psql', [...where, '-U', 'plain'], { env: { PGPASSWORD: 'coffee' } });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/FATAL: {2}(password|SASL) authentication failed/);
  });

  const wrongs: readonly Attempt[] = [
    ...['plain', 'hash', 'verifier', 'nothing', 'stranger'].map((user) => ({
      user,
      password: 'coffee',
    })),
    ...['plain', 'hash', 'verifier', 'nothing', 'stranger'].map((user) => ({
      user,
      password: '',
    })),
    { user: 'plain', password: PASSWORD.toUpperCase() },
    // Hash and verifier are no passwords.
    { user: 'nothing', password: PASSWORD },
    { user: 'stranger', password: PASSWORD },
  ];

  test.each(wrongs)(
    'user "$user" with password "$password" is refused with 28P01',
    async (wrong) => {
      expect(await code(wrong)).toBe('28P01');
      expect(
        await codeOf(
          withPg({ ...pgWay(daemon, 'tcp'), database: 'shop', ...wrong }, async () => 1),
        ),
      ).toMatch(
        // pg itself refuses to answer SCRAM with an empty password.
        wrong.password === '' ? /28P01|no code/ : /28P01/,
      );
    },
  );

  test('a stored hash or verifier is no password', async () => {
    const hash = createHash('md5').update(`${PASSWORD}hash`).digest('hex');
    expect(await code({ user: 'hash', password: `md5${hash}` })).toBe('28P01');
  });

  test('an unknown user and a wrong password can’t be told apart', async () => {
    const known = authType === 'md5' ? 'hash' : 'plain';
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let round = 0; round < 15; round++) {
      const wrong = await attempt({ user: known, password: 'coffee' });
      const stranger = await attempt({ user: `stranger${round}`, password: 'coffee' });
      expect(shape(stranger.messages)).toEqual(shape(wrong.messages));
      times.known.push(wrong.tookMs);
      times.unknown.push(stranger.tookMs);
    }
    // The fastest of each: whatever else runs on the machine only adds to the others.
    const [a, b] = [Math.min(...times.known), Math.min(...times.unknown)];
    // Deriving a key takes several milliseconds: whoever does so for one of them only stands out.
    expect(Math.abs(a - b)).toBeLessThan(Math.max(2.5, 0.5 * Math.min(a, b)));
  });

  test('the challenge for an unknown user is the same at each login, as for a known one', async () => {
    if (authType !== 'scram-sha-256') return;
    const salts = new Set<string>();
    for (const user of ['stranger', 'stranger', 'plain', 'plain']) {
      const { messages } = await attempt({ user, password: 'coffee' });
      const first = messages.find(({ body }) => body.readInt32BE(0) === 11);
      salts.add(`${user} ${/s=([^,]+),i=\d+/.exec(first?.body.toString() ?? '')?.[0]}`);
    }
    expect(salts.size).toBe(2);
  });
});

describe('SCRAM over TLS', () => {
  beforeAll(() => use('scram-sha-256'));

  test.each(['plain', 'verifier'])('user "%s" logs in with channel binding', async (user) => {
    expect(await code({ user, password: PASSWORD, way: 'tls', channelBinding: true })).toBe('ok');
    expect(await code({ user, password: 'coffee', way: 'tls', channelBinding: true })).toBe(
      '28P01',
    );
    const config = {
      ...pgWay(daemon, 'tls'),
      user,
      password: PASSWORD,
      database: 'shop',
      enableChannelBinding: true,
    };
    expect((await withPg(config, (pg) => pg.query('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }]);
  });

  testWith('psql')('libpq with channel_binding=require logs in, and only with TLS', async () => {
    const env = { PGPASSWORD: PASSWORD, PGSSLROOTCERT: join(certsDir(), 'ca.crt') };
    const where = `host=localhost hostaddr=${daemon.host} port=${daemon.port} dbname=shop user=verifier`;
    const psql = (tls: string) =>
      run('psql', [`${where} channel_binding=require sslmode=${tls}`, '-XAtc', 'SELECT 1'], {
        env,
      });
    expect(await psql('verify-full')).toEqual({ code: 0, stdout: '1\n', stderr: '' });
    expect((await psql('disable')).stderr).toMatch(/channel binding/i);
  });

  /** Sends the client's first SCRAM message and gives what comes back. */
  async function begin(
    way: Way,
    { mechanism, text }: { mechanism: string; text: string },
  ): Promise<readonly BackendMessage[]> {
    const tls = way === 'tls' ? { tls: { start: 'request' as const } } : {};
    const client = await RawClient.connect(rawTarget(daemon, way), tls);
    try {
      client.send(startupPacket({ user: 'plain', database: 'shop' }));
      await client.until('R');
      const length = Buffer.alloc(4);
      length.writeInt32BE(text.length);
      client.send(
        frame('p', Buffer.concat([Buffer.from(`${mechanism}\0`), length, Buffer.from(text)])),
      );
      return await client.until(({ tag }) => tag === 'R' || tag === 'E');
    } finally {
      client.destroy();
    }
  }

  test('the flag y is refused where PLUS was offered, and fine where it was not', async () => {
    const first = { mechanism: 'SCRAM-SHA-256', text: 'y,,n=,r=abcdefgh' };
    const [refused] = await begin('tls', first);
    expect(refused && noticeFields(refused).C).toBe('28P01');
    const [going] = await begin('tcp', first);
    expect([going?.tag, going?.body.readInt32BE(0)]).toEqual(['R', 11]);
    const [without] = await begin('tls', { ...first, text: 'n,,n=,r=abcdefgh' });
    expect([without?.tag, without?.body.readInt32BE(0)]).toEqual(['R', 11]);
  });

  test('PLUS is not offered without TLS, and choosing it then is an error', async () => {
    const first = {
      mechanism: 'SCRAM-SHA-256-PLUS',
      text: 'p=tls-server-end-point,,n=,r=abcdefgh',
    };
    const [refused] = await begin('tcp', first);
    expect(refused?.tag).toBe('E');
    const [odd] = await begin('tcp', { mechanism: 'SCRAM-SHA-1', text: 'n,,n=,r=abcdefgh' });
    expect(odd && noticeFields(odd).C).toBe('08P01');
    const offered = async (way: Way): Promise<string | undefined> => {
      const { messages } = await attempt({ user: 'plain', password: PASSWORD, way });
      return messages[0]?.body.toString('latin1', 4);
    };
    expect(await offered('tcp')).toBe('SCRAM-SHA-256\0\0');
    expect(await offered('tls')).toBe('SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0');
  });

  test('a client that binds to another certificate (someone in between) is refused', async () => {
    const binding = createHash('sha256').update(authority()).digest();
    const client = await RawClient.connect(rawTarget(daemon), { tls: { start: 'request' } });
    try {
      // The exchange is the right one but for the certificate that the client says it saw.
      Object.assign(client.socket, { getPeerCertificate: () => ({ raw: binding }) });
      const login = client.login({
        user: 'plain',
        password: PASSWORD,
        database: 'shop',
        channelBinding: true,
      });
      await expect(login).rejects.toMatchObject({ code: '28P01' });
    } finally {
      client.destroy();
    }
  });
});

test('a failed login is logged with its reason, without passwords', async () => {
  await use('plain');
  const from = daemon.log().length;
  const logged = () => daemon.log().slice(from);
  // So many were refused before that some have no line of their own for ten seconds.
  await waitFor(
    async () => {
      await code({ user: 'plain', password: 'my typo' });
      await code({ user: 'stranger', password: 'my typo' });
      return ['plain', 'stranger'].every((user) => logged().includes(`user=${user} `));
    },
    { what: 'lines on both', everyMs: 500 },
  );
  const log = logged();
  expect(log).toMatch(/password authentication failed client=\d+ database=shop user=plain /);
  expect(log).not.toContain('my typo');
  expect(daemon.log()).not.toContain(PASSWORD);
});
