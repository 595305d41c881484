import {
  type Cluster,
  type Daemon,
  frame,
  frontend,
  RawClient,
  startCluster,
  startupPacket,
} from '@pgweir/testkit';
import { Bystander } from './support/bystander';
import { ask, enter, errorIn, pooler } from './support/stage';

const PASSWORD = 'secret';
const { int32, text } = frontend;
let cluster: Cluster;
let daemon: Daemon;
let bystander: Bystander;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
  const settings = { auth_type: 'scram-sha-256', max_packet_size: 100_000, log_connections: 0 };
  daemon = await pooler(cluster.primary, { settings: { ...settings, client_login_timeout: 2 } });
  daemon.write('userlist.txt', `"app" "${PASSWORD}"\n`);
  await daemon.reload();
  bystander = await Bystander.enter(daemon, { password: PASSWORD });
});

afterAll(async () => {
  try {
    await bystander.leave();
  } finally {
    await daemon.stop();
    await cluster.stop();
  }
});

interface Outcome {
  /** `FATAL 08P01 text`; empty: closed without a word. */
  readonly error: string;
  /** Lines that pgweir has logged meanwhile, without stamps. */
  readonly log: readonly string[];
}

/** What becomes of a client that does this. The connection must end. */
async function outcome(act: (client: RawClient) => Promise<unknown> | unknown): Promise<Outcome> {
  const from = daemon.log().length;
  const client = await RawClient.connect({ host: daemon.host, port: daemon.port });
  try {
    await act(client);
    await client.closed;
    const { V, C, M } = errorIn(client.messages) ?? {};
    await daemon.logged(/closing because:.*\n/, { from });
    const lines = daemon.log().slice(from).trimEnd().split('\n');
    return {
      error: V === undefined ? '' : `${V} ${C} ${M}`,
      log: lines.map((line) => line.replace(/^.*?\] /, '')),
    };
  } finally {
    client.destroy();
  }
}

/** One line says what was wrong, one that the client is gone, and nothing else is said. */
function expectLogged({ error, log }: Outcome): void {
  const said = error.replace(/^FATAL \w+ /, '');
  expect(log).toHaveLength(2);
  expect(log[0]).toContain(`WARNING pooler error: ${said}`);
  expect(log[1]).toContain('LOG closing because:');
}

function packet(body: Buffer, length = body.length + 4): Buffer {
  return Buffer.concat([int32(length), body]);
}

function startup(parameters: string, version = 0x30000): Buffer {
  return packet(Buffer.concat([int32(version), Buffer.from(parameters)]));
}

const BAD_HEADER = /^FATAL 08P01 bad packet header: '[0-9a-f]*'$/;
const NO_TERMINATOR = 'FATAL 08P01 invalid startup packet layout: expected terminator as last byte';
const SSL_REQUEST = packet(int32(80877103));
const GSS_REQUEST = packet(int32(80877104));

describe('instead of a startup packet', () => {
  test.each<readonly [string, Buffer, string | RegExp]>([
    ['garbage', Buffer.from('garbage!'), BAD_HEADER],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), BAD_HEADER],
    ['a TLS handshake where TLS is off', Buffer.from('16030100a5010000a1', 'hex'), BAD_HEADER],
    ['a query', frontend.query('SELECT 1'), BAD_HEADER],
    ['a length of 0', packet(int32(0x30000), 0), BAD_HEADER],
    ['a length of 3', packet(int32(0x30000), 3), BAD_HEADER],
    ['a length of 4', packet(int32(0x30000), 4), BAD_HEADER],
    ['a length of 7', packet(int32(0x30000), 7), BAD_HEADER],
    ['a negative length', packet(int32(0x30000), -1), BAD_HEADER],
    ['the most negative length', packet(int32(0x30000), -(2 ** 31)), BAD_HEADER],
    ['the largest length', packet(int32(0x30000), 2 ** 31 - 1), BAD_HEADER],
    ['a length over the limit', packet(int32(0x30000), 10_005), BAD_HEADER],
    ['no user', startup('database\0app\0\0'), 'FATAL 28000 no username supplied'],
    ['no parameters', startup('\0'), 'FATAL 28000 no username supplied'],
    ['an empty user', startup('user\0\0\0'), 'FATAL 28000 no username supplied'],
    ['a long user', startup(`user\0${'u'.repeat(128)}\0\0`), 'FATAL 08P01 username too long'],
    [
      'a long database',
      startup(`user\0app\0database\0${'d'.repeat(64)}\0\0`),
      'FATAL 08P01 database name too long',
    ],
    ['a NUL in a name', startup('user\0a\0pp\0\0'), NO_TERMINATOR],
    ['no terminator', startup('user\0app\0'), NO_TERMINATOR],
    ['a value without its end', startup('user\0app'), NO_TERMINATOR],
    ['bytes behind the terminator', startup('user\0app\0\0more'), NO_TERMINATOR],
    ['no body', packet(int32(0x30000)), NO_TERMINATOR],
    [
      'a name that is no UTF-8',
      packet(Buffer.from('0003000075736572ff00610000', 'hex')),
      /^FATAL 08P01 invalid byte sequence/,
    ],
    [
      'protocol 1.0',
      startup('user\0app\0\0', 0x10000),
      /^FATAL 0A000 unsupported frontend protocol 1\.0/,
    ],
    [
      'protocol 2.0',
      startup('user\0app\0\0', 0x20000),
      'FATAL 08P01 old V2 protocol not supported',
    ],
    [
      'protocol 4.0',
      startup('user\0app\0\0', 0x40000),
      /^FATAL 0A000 unsupported frontend protocol 4\.0/,
    ],
    [
      'an odd replication value',
      startup('user\0app\0replication\0maybe\0\0'),
      /^FATAL 22023 invalid value for parameter "replication"/,
    ],
    ['broken options', startup('user\0app\0options\0-c\0\0'), /^FATAL 08P01 /],
    [
      'data behind an SSLRequest',
      Buffer.concat([SSL_REQUEST, startup('user\0app\0\0')]),
      'FATAL 08P01 received unencrypted data after SSL request',
    ],
    [
      'data behind a GSSENCRequest',
      Buffer.concat([GSS_REQUEST, Buffer.of(0)]),
      'FATAL 08P01 received unencrypted data after GSSAPI encryption request',
    ],
    [
      'a cancel request without a key',
      packet(Buffer.concat([int32(80877102), int32(1)])),
      /^FATAL 08P01 invalid length of query cancel packet/,
    ],
    [
      'an SSLRequest with a body',
      packet(Buffer.concat([int32(80877103), int32(1)])),
      /^FATAL 08P01 invalid length of startup packet/,
    ],
  ])('%s: a clear error, one line in the log', async (_, bytes, expected) => {
    const got = await outcome((client) => client.send(bytes));
    if (typeof expected === 'string') expect(got.error).toBe(expected);
    else expect(got.error).toMatch(expected);
    expectLogged(got);
  });

  test('a second SSLRequest', async () => {
    const got = await outcome(async (client) => {
      expect(await client.exchangeByte(SSL_REQUEST)).toBe('N');
      client.send(SSL_REQUEST);
    });
    expect(got.error).toMatch(/^FATAL 0A000 unsupported frontend protocol 1234\.5679/);
    expectLogged(got);
  });

  test('a setting that PostgreSQL does not know: its own error', async () => {
    const parameters = { no_such_setting: '1' };
    const login = { user: 'app', database: 'app', password: PASSWORD, parameters };
    const got = await outcome((client) => client.login(login).catch((error: unknown) => error));
    expect(got.error).toMatch(/^FATAL 42704 .*no_such_setting/);
  });

  test('nothing at all, or one byte now and then: closed at client_login_timeout', async () => {
    const startedMs = performance.now();
    const [nothing, drops, stalled] = await Promise.all([
      outcome(() => undefined),
      outcome(async (client) => {
        const bytes = startupPacket({ user: 'app', database: 'app' });
        for (const byte of bytes) {
          if (client.isClosed) return;
          client.send(Buffer.of(byte));
          await Promise.race([client.closed, new Promise((next) => setTimeout(next, 250))]);
        }
        throw new Error('it was left alone');
      }),
      outcome((client) => client.send(startupPacket({ user: 'app', database: 'app' }))),
    ]);
    const tookMs = performance.now() - startedMs;
    for (const { error } of [nothing, drops, stalled]) {
      expect(error).toBe('FATAL 08P01 client_login_timeout');
    }
    expect(tookMs).toBeGreaterThan(1900);
    expect(tookMs).toBeLessThan(5000);
  });
});

describe('instead of a password', () => {
  const HELLO = startupPacket({ user: 'app', database: 'app' });
  const sasl = (mechanism: string, data: string): Buffer =>
    frame('p', Buffer.concat([text(mechanism), int32(data.length), Buffer.from(data)]));

  test.each<readonly [string, Buffer, RegExp]>([
    ['a query', frontend.query('SELECT 1'), /^FATAL 08P01 /],
    ['a goodbye', frontend.terminate(), /^(FATAL 08P01 .*)?$/],
    ['a length of 3', Buffer.from('7000000003', 'hex'), /^FATAL 08P01 /],
    ['a negative length', Buffer.from('70ffffffff', 'hex'), /^FATAL 08P01 /],
    ['a huge length', Buffer.from('707fffffff', 'hex'), /^FATAL 08P01 /],
    ['70 kB', frame('p', Buffer.alloc(70_000, 0x61)), /^FATAL 08P01 /],
    ['an empty message', frame('p', Buffer.alloc(0)), /^FATAL 08P01 /],
    ['an unknown mechanism', sasl('PLAIN', 'n,,'), /^FATAL 08P01 .*invalid SASL/],
    ['no SCRAM', sasl('SCRAM-SHA-256', 'hello'), /^FATAL (28P01|08P01) /],
    ['no UTF-8', sasl('SCRAM-SHA-256', 'n,,n=\xff,r=x'), /^FATAL (28P01|08P01) /],
    [
      'the flag y without TLS and a wrong proof',
      sasl('SCRAM-SHA-256', 'y,,n=,r='),
      /^FATAL (28P01|08P01) /,
    ],
  ])('%s: a clear error', async (_, bytes, expected) => {
    const got = await outcome(async (client) => {
      client.send(HELLO);
      await client.until('R');
      client.send(bytes);
    });
    expect(got.error).toMatch(expected);
    if (got.error !== '') expectLogged(got);
  });

  test.each(['app', 'nobody'])('a wrong password of "%s": 28P01', async (user) => {
    const login = { user, database: 'app', password: 'wrong' };
    const got = await outcome((client) => client.login(login).catch((error: unknown) => error));
    expect(got.error).toBe('FATAL 28P01 SASL authentication failed');
    expectLogged(got);
  });
});

describe('after login', () => {
  const header = (tag: string, length: number): Buffer =>
    Buffer.concat([Buffer.from(tag, 'latin1'), int32(length)]);

  test.each<readonly [string, Buffer, RegExp]>([
    ['a length of 0', header('Q', 0), BAD_HEADER],
    ['a length of 3', header('Q', 3), BAD_HEADER],
    ['a negative length', header('Q', -1), BAD_HEADER],
    ['the largest length', header('Q', 2 ** 31 - 1), BAD_HEADER],
    ['a message over max_packet_size', header('Q', 100_005), BAD_HEADER],
    ['a password', frame('p', text('secret')), /^FATAL 08P01 unknown pkt$/],
    ['a message of the server', frame('R', int32(0)), /^FATAL 08P01 unknown pkt$/],
    ['a type that does not exist', frame('!', Buffer.alloc(0)), /^FATAL 08P01 unknown pkt$/],
    ['a type of 0', header('\0', 4), /^FATAL 08P01 unknown pkt$/],
    ['a startup packet', startupPacket({ user: 'app' }), /^FATAL 08P01 unknown pkt$/],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /^FATAL 08P01 /],
  ])('%s: a clear error, one line in the log', async (_, bytes, expected) => {
    for (const first of ['SELECT 1', 'BEGIN']) {
      const got = await outcome(async (client) => {
        await client.login({ user: 'app', database: 'app', password: PASSWORD });
        await client.query(first);
        client.send(bytes);
      });
      expect(got.error).toMatch(expected);
      expectLogged(got);
    }
  });

  test('behind a good query in the same chunk: that one is not answered twice, nor lost to others', async () => {
    const got = await outcome(async (client) => {
      await client.login({ user: 'app', database: 'app', password: PASSWORD });
      client.send(frontend.query('SELECT 1'), header('Q', 3));
    });
    expect(got.error).toMatch(BAD_HEADER);
  });

  test.each<readonly [string, Buffer]>([
    ['a query without its end', frame('Q', Buffer.from('SELECT 1'))],
    ['a Parse that is cut', Buffer.concat([frame('P', Buffer.from('x')), frontend.sync()])],
    ['a Bind that is cut', Buffer.concat([frame('B', Buffer.of(0)), frontend.sync()])],
    ['an Execute of nothing', Buffer.concat([frontend.execute(0, 'none'), frontend.sync()])],
    ['a Describe of no kind', Buffer.concat([frame('D', text('?')), frontend.sync()])],
    ['a FunctionCall of nothing', frame('F', Buffer.alloc(0))],
  ])('%s: an error, and the link is as good as before', async (_, bytes) => {
    const client = await enter(daemon, { password: PASSWORD });
    try {
      client.send(bytes);
      const [error] = (await client.until('E')).slice(-1);
      expect(error === undefined ? undefined : errorIn([error])?.C).toMatch(
        /^(08P01|34000|42601|26000)$/,
      );
    } finally {
      client.destroy();
    }
    const next = await enter(daemon, { password: PASSWORD });
    expect(await ask(next, 'SELECT 1')).toBe('1');
    next.destroy();
  });
});
