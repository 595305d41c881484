import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import {
  BackendError,
  cancelPacket,
  certsDir,
  noticeFields,
  RawClient,
  type RawOptions,
  startupPacket,
} from '@pgweir/testkit';
import { run, testWith } from './support/programs';
import {
  authority,
  cancelUntil,
  codeOf,
  pgWay,
  type Rig,
  rawTarget,
  startRig,
  type Way,
  withPg,
} from './support/rig';

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');
const GSS_REQUEST = Buffer.from('0000000804d21630', 'hex');
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const LOGIN = { user: 'postgres', database: 'shop' } as const;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ ...parts('allow'), userlist: '"postgres" ""\n' });
});

afterAll(() => rig?.stop());

type Mode = (typeof SSL_MODES)[number];

function parts(mode: Mode) {
  return {
    settings: {
      auth_type: 'trust',
      pool_mode: 'transaction',
      client_tls_sslmode: mode,
      client_tls_key_file: '{certs}/server.key',
      client_tls_cert_file: '{certs}/server.crt',
      client_tls_ca_file: '{certs}/ca.crt',
    },
    databases: { shop: '{server} dbname=postgres' },
  };
}

async function use(mode: Mode): Promise<void> {
  await rig.daemon.reload(rig.config(parts(mode)), 'configuration reloaded');
}

function certificate(name: string): ConnectionOptions {
  const path = join(certsDir(), name);
  return { key: readFileSync(`${path}.key`), cert: readFileSync(`${path}.crt`) };
}

async function connected<T>(
  options: RawOptions & { way?: Way },
  body: (client: RawClient) => Promise<T>,
): Promise<T> {
  const client = await RawClient.connect(rawTarget(rig.daemon, options.way), options);
  try {
    return await body(client);
  } finally {
    client.destroy();
  }
}

/** `ok`, a SQLSTATE, or `cut off` when the connection ended without a word. */
async function outcome(options: RawOptions & { way?: Way }): Promise<string> {
  try {
    return await connected(options, async (client) => {
      await client.login(LOGIN);
      const rows = (await client.query('SELECT 1')).filter(({ tag }) => tag === 'D');
      return rows.length === 1 ? 'ok' : 'no row';
    });
  } catch (error) {
    return error instanceof BackendError ? error.code : 'cut off';
  }
}

const byRequest = (options: ConnectionOptions = {}): RawOptions => ({
  tls: { start: 'request', options },
});

describe.each(SSL_MODES)('client_tls_sslmode %s', (mode) => {
  const verifies = mode.startsWith('verify');
  const needsTls = verifies || mode === 'require';

  beforeAll(() => use(mode));

  test(`plaintext is ${needsTls ? 'refused with 28000' : 'accepted'}, on Unix sockets always accepted`, async () => {
    expect(await outcome({})).toBe(needsTls ? '28000' : 'ok');
    expect(await outcome({ way: 'unix' })).toBe('ok');
  });

  test(`SSLRequest is answered ${mode === 'disable' ? 'N, and the client may go on' : 'S'}`, async () => {
    await connected({}, async (client) => {
      expect(await client.exchangeByte(SSL_REQUEST)).toBe(mode === 'disable' ? 'N' : 'S');
      if (mode === 'disable') await client.login(LOGIN);
      else await client.startTls(certificate('client'));
    });
    await connected({ way: 'unix' }, async (client) => {
      expect(await client.exchangeByte(SSL_REQUEST)).toBe('N');
      await client.login(LOGIN);
    });
  });

  test('GSSENCRequest is answered N, and anything may follow', async () => {
    await connected({}, async (client) => {
      expect(await client.exchangeByte(GSS_REQUEST)).toBe('N');
      expect(await client.exchangeByte(SSL_REQUEST)).toBe(mode === 'disable' ? 'N' : 'S');
    });
    if (needsTls) return;
    await connected({}, async (client) => {
      expect(await client.exchangeByte(GSS_REQUEST)).toBe('N');
      await client.login(LOGIN);
    });
  });

  if (mode === 'disable') {
    test('direct TLS is no startup packet', async () => {
      expect(await outcome({ tls: { start: 'direct' } })).toBe('cut off');
    });
  } else {
    test(`TLS works with ${verifies ? 'a certificate of our authority only' : 'or without a certificate'}`, async () => {
      const starts = ['request', 'direct'] as const;
      for (const start of starts) {
        expect(await outcome({ tls: { start } })).toBe(verifies ? 'cut off' : 'ok');
        expect(await outcome({ tls: { start, options: certificate('client') } })).toBe('ok');
        expect(await outcome({ tls: { start, options: certificate('other-client') } })).toBe(
          verifies ? 'cut off' : 'ok',
        );
      }
    });

    test('pg connects with TLS and checks our certificate', async () => {
      const way = { ...pgWay(rig.daemon, 'tls'), ...LOGIN };
      const mine = certificate('client');
      const ssl = { ca: authority(), key: String(mine.key), cert: String(mine.cert) };
      const seen = await withPg({ ...way, ssl }, (pg) => pg.query('SELECT 1 AS one'));
      expect(seen.rows).toEqual([{ one: 1 }]);
      const wrong = { ...way, ssl: { ...ssl, ca: authority('other-ca.crt') } };
      expect(await codeOf(withPg(wrong, async () => undefined))).toBe('SELF_SIGNED_CERT_IN_CHAIN');
    });
  }
});

describe('TLS of clients', () => {
  beforeAll(() => use('allow'));

  test('a client that has begun with TLS sees the certificate that is configured', async () => {
    await connected(
      byRequest({ ca: authority(), rejectUnauthorized: true, host: 'localhost' }),
      async (client) => {
        const { fingerprint256 } = (client.socket as TLSSocket).getPeerX509Certificate() ?? {};
        expect(fingerprint256).toBeDefined();
        await client.login(LOGIN);
      },
    );
  });

  test('plaintext behind an SSLRequest is refused: who put it there is unknown', async () => {
    await connected({}, async (client) => {
      client.send(SSL_REQUEST, startupPacket(LOGIN));
      const [error] = await client.until('E');
      expect(error && noticeFields(error)).toMatchObject({
        C: '08P01',
        M: 'received unencrypted data after SSL request',
      });
      await client.closed;
    });
    await connected({}, async (client) => {
      client.send(GSS_REQUEST, startupPacket(LOGIN));
      const [error] = await client.until('E');
      expect(error && noticeFields(error).C).toBe('08P01');
    });
  });

  test('a second SSLRequest, in TLS or after N, is refused', async () => {
    await connected(byRequest(), async (client) => {
      client.send(SSL_REQUEST);
      const [error] = await client.until('E');
      expect(error && noticeFields(error).S).toBe('FATAL');
      await client.closed;
    });
    await connected({ way: 'unix' }, async (client) => {
      expect(await client.exchangeByte(SSL_REQUEST)).toBe('N');
      client.send(SSL_REQUEST);
      await client.until('E');
    });
  });

  test('after S nothing but TLS is understood', async () => {
    await connected({}, async (client) => {
      expect(await client.exchangeByte(SSL_REQUEST)).toBe('S');
      client.send(startupPacket(LOGIN));
      await client.closed;
      expect(client.messages.filter(({ tag }) => tag === 'R')).toEqual([]);
    });
  });

  /** Direct TLS by a plain `node:tls` client. */
  function direct(protocols: readonly string[] | undefined): Promise<TLSSocket> {
    const { host, port } = rig.daemon;
    return new Promise((resolve, reject) => {
      const alpn = protocols === undefined ? {} : { ALPNProtocols: [...protocols] };
      const socket = connectTls({ host, port, ca: authority(), servername: 'localhost', ...alpn });
      socket.once('error', reject);
      socket.once('secureConnect', () => resolve(socket));
    });
  }

  test.each([[['postgresql']], [['h2', 'postgresql']]])(
    'direct TLS with ALPN %j is accepted',
    async (protocols) => {
      const socket = await direct(protocols);
      expect(socket.alpnProtocol).toBe('postgresql');
      socket.destroy();
      expect(
        await outcome({ tls: { start: 'direct', options: { ALPNProtocols: protocols } } }),
      ).toBe('ok');
    },
  );

  test('direct TLS without ALPN is refused with an error, with another protocol by an alert', async () => {
    await connected(
      { tls: { start: 'direct', options: { ALPNProtocols: [] } } },
      async (client) => {
        client.send(startupPacket(LOGIN));
        const [error] = await client.until('E');
        expect(error && noticeFields(error)).toMatchObject({
          C: '08P01',
          M: expect.stringContaining('without ALPN'),
        });
        await client.closed;
      },
    );
    expect(await codeOf(direct(['h2', 'http/1.1']))).toMatch(/NO_APPLICATION_PROTOCOL/);
  });

  test('TLS after an SSLRequest does not ask for ALPN', async () => {
    expect(await outcome(byRequest({ ALPNProtocols: [] }))).toBe('ok');
  });

  test.each(['request', 'direct'] as const)(
    'a CancelRequest arrives over TLS (%s)',
    async (start) => {
      await connected(byRequest(), async (client) => {
        const { processId, cancelKey } = await client.login(LOGIN);
        const answer = client.query(`SELECT pg_sleep(20) -- ${start}`);
        await cancelUntil(answer, () =>
          connected({ tls: { start } }, async (other) => {
            other.send(cancelPacket(processId, cancelKey));
            await other.closed;
          }),
        );
        const [error] = (await answer).filter(({ tag }) => tag === 'E');
        expect(error && noticeFields(error).C).toBe('57014');
      });
    },
  );

  test('a large result and a large parameter pass through TLS whole', async () => {
    await withPg({ ...pgWay(rig.daemon, 'tls'), ...LOGIN }, async (pg) => {
      const text = 'äbc'.repeat(1_000_000);
      const { rows } = await pg.query('SELECT $1::text || $1::text AS twice', [text]);
      expect(rows[0]?.twice === text + text).toBe(true);
    });
  });

  test('a client that vanishes during the handshake is forgotten', async () => {
    const { host, port } = rig.daemon;
    for (const bytes of [
      SSL_REQUEST,
      Buffer.concat([SSL_REQUEST.subarray(0, 3)]),
      Buffer.from([0x16, 3, 1]),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp({ host, port }, () => {
          socket.write(bytes, () => {
            socket.resetAndDestroy();
            resolve();
          });
        });
      });
    }
    expect(await outcome(byRequest())).toBe('ok');
  });

  testWith('psql')('psql checks the name in our certificate', async () => {
    const env = { PGSSLROOTCERT: join(certsDir(), 'ca.crt') };
    const psql = (host: string) =>
      run(
        'psql',
        [
          `host=${host} hostaddr=${rig.daemon.host} port=${rig.daemon.port} dbname=shop user=postgres sslmode=verify-full`,
          '-XAtc',
          'SELECT 1',
        ],
        { env },
      );
    expect(await psql('localhost')).toEqual({ code: 0, stdout: '1\n', stderr: '' });
    expect((await psql('elsewhere.example')).stderr).toMatch(/does not match host name/);
  });
});
