import { cancelRequestPacket, sslRequestPacket, startupPacket } from '@pgweir/protocol';
import type { AccessRule } from '../../src/access/access-rules';
import type { PoolerSettings } from '../../src/settings/settings';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { poolerSettings } from '../kit/settings';
import { TestClient } from '../kit/test-client';
import { SERVER_TLS } from '../net/tls-options';

const BALANCER = '10.0.0.5';
const CLIENT = '203.0.113.7:50001';
const LINE = Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 50001 6432\r\n');
const SIGNATURE = '0d0a0d0a000d0a515549540a';
const BINARY = Buffer.from(`${SIGNATURE}2111000ccb0071070a000001c3511920`, 'hex');
const LOCAL = Buffer.from(`${SIGNATURE}20000000`, 'hex');
const UNSPECIFIED = Buffer.from(`${SIGNATURE}21000000`, 'hex');
const UNIX = { kind: 'unix', path: '/tmp/.s.PGSQL.6432' } as const;
const START = startupPacket(
  Object.entries({ user: 'alice', database: 'app', application_name: 'shop' }),
  { major: 3, minor: 0 },
);
const ALL = { all: true, sameUser: false, replication: false, names: [] };

/** One network with one address in it, and everybody who comes by a Unix socket. */
const LISTED: Partial<PoolerSettings> = {
  loadBalancers: {
    unixSockets: true,
    networks: [{ address: [10, 0, 0, 5], mask: [255, 255, 255, 255] }],
  },
};

let rig: Rig;

async function open(
  changes: Partial<PoolerSettings> = {},
  outside: Parameters<typeof Rig.open>[1] = {},
): Promise<void> {
  rig = await Rig.open({ ...LISTED, ...changes }, outside);
}

afterEach(() => rig.stop());

/** Connects and sends each piece as a chunk of its own. */
async function arrive(
  pieces: readonly Buffer[],
  from: string | 'unix' = BALANCER,
): Promise<TestClient> {
  const client = from === 'unix' ? new TestClient(rig.server.accept(UNIX)) : rig.stranger(from);
  client.wire.descriptor = 7;
  for (const piece of pieces) client.send(piece);
  await rig.settle();
  return client;
}

async function places(): Promise<readonly string[]> {
  const { clients = [] } = await rig.pooler.snapshot(['clients']);
  return clients.map(({ address, port }) => `${address}:${port}`);
}

function rule(changes: Partial<AccessRule>): AccessRule {
  return {
    ...{ connection: 'host', databases: ALL, users: ALL },
    ...{ network: undefined, method: 'trust', identMap: undefined },
    ...changes,
  };
}

const lines = (text: string) => rig.log.lines.filter(({ message }) => message.includes(text));

test.each([
  ['version 1', LINE],
  ['version 2', BINARY],
])('the client is where the header says: %s', async (_, header) => {
  await open({ applicationNameAddHost: true });
  const client = await arrive([header, START]);
  expect(client.tags).toMatch(/Z$/);
  expect(await places()).toEqual([CLIENT]);
  expect(lines('login attempt')).toMatchObject([
    { fields: { address: CLIENT, via: `${BALANCER}:40000` } },
  ]);
  const { clients } = await rig.pooler.snapshot(['clients']);
  expect(clients).toMatchObject([{ applicationName: `shop - ${CLIENT}` }]);
});

test.each([
  ['version 1', LINE],
  ['version 2', BINARY],
])('the header may come in any pieces, together with what is behind it: %s', async (_, header) => {
  await open();
  const stream = Buffer.concat([header, START, query('SELECT 1')]);
  for (let at = 0; at <= header.length + 9; at++) {
    const client = await arrive([stream.subarray(0, at), stream.subarray(at)]);
    expect(client.tags).toMatch(/^R.*Z.*CZ$/);
  }
  const client = await arrive([...stream].map((byte) => Buffer.of(byte)));
  expect(client.tags).toMatch(/^R.*Z.*CZ$/);
  expect(new Set(await places())).toEqual(new Set([CLIENT]));
});

test.each([
  ['version 1', LINE, '50524f58'],
  ['version 2', BINARY, '0d0a0d0a'],
])('a header from anybody else is a bad packet: %s', async (_, header, shown) => {
  await open();
  const client = await arrive([header, START], '10.0.0.6');
  expect(client.errors).toMatchObject([
    { code: '08P01', message: expect.stringContaining(`bad packet header: '${shown}`) },
  ]);
  expect(client.closed).toBe(true);
  const ordinary = await arrive([START], '10.0.0.6');
  expect(ordinary.tags).toMatch(/Z$/);
  expect(await places()).toEqual([expect.stringMatching(/^10\.0\.0\.6:/)]);
});

test('nobody who is listed gets in without a header', async () => {
  await open();
  for (const from of [BALANCER, 'unix']) {
    const client = await arrive([START], from);
    expect(client.errors).toMatchObject([
      {
        code: '08P01',
        message: 'bad PROXY header',
        hint: expect.stringContaining('proxy_protocol'),
      },
    ]);
    expect(client.closed).toBe(true);
  }
  expect(rig.server.dials).toBe(0);
});

test.each([
  ['no header', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'it begins with 474554202f204854'],
  ['a line without an end', Buffer.alloc(200, 'PROXY UNKNOWN '), 'longer than 107 bytes'],
  ['a huge binary one', Buffer.from(`${SIGNATURE}2111ffff`, 'hex'), '65535 bytes of addresses'],
])('%s: the reason is logged once, and the connection closed', async (_, bytes, reason) => {
  await open();
  const client = await arrive([bytes, bytes, START]);
  expect(client.tags).toBe('E');
  expect(client.closed).toBe(true);
  expect(rig.pooler.sessions.size).toBe(0);
  expect(lines('bad PROXY header')).toMatchObject([
    { level: 'warn', fields: { reason: expect.stringContaining(reason) } },
    { level: 'info', message: 'closing because: bad PROXY header', fields: {} },
  ]);
  expect(rig.log.lines).toHaveLength(2);
});

test('a second header is a bad packet', async () => {
  await open();
  const client = await arrive([Buffer.concat([LINE, LINE, START])]);
  expect(client.errors).toMatchObject([{ message: expect.stringContaining('bad packet header') }]);
});

test('a load balancer that never finishes its header is closed in time', async () => {
  await open({ clientLoginTimeoutMs: 5000 });
  const client = await arrive([BINARY.subarray(0, 20)]);
  await rig.pass(4000);
  expect(client.closed).toBe(false);
  await rig.pass(2000);
  expect(client.errors).toMatchObject([{ message: 'client_login_timeout' }]);
  expect(client.closed).toBe(true);
});

test('one that hangs up in its header, or before it, leaves nothing', async () => {
  await open();
  for (const piece of [LINE.subarray(0, 10), LINE, Buffer.concat([LOCAL])]) {
    const client = await arrive([piece]);
    client.hangUp();
    await rig.settle();
  }
  const silent = await arrive([]);
  silent.hangUp();
  await rig.settle();
  expect(rig.pooler.sessions.size).toBe(0);
});

test('a check of its own may log in, from the address of the load balancer', async () => {
  await open();
  const client = await arrive([LOCAL, START]);
  expect(client.tags).toMatch(/Z$/);
  expect(await places()).toEqual([`${BALANCER}:40000`]);
  expect(lines('login attempt')).toMatchObject([{ fields: { via: undefined } }]);
});

test('a client that it cannot name comes from the address of the load balancer', async () => {
  await open();
  await arrive([UNSPECIFIED, START]);
  await arrive([Buffer.from('PROXY UNKNOWN\r\n'), START]);
  expect(await places()).toEqual([`${BALANCER}:40000`, `${BALANCER}:40001`]);
  expect(lines('login attempt')).toMatchObject([
    { fields: { via: `${BALANCER}:40000` } },
    { fields: { via: `${BALANCER}:40001` } },
  ]);
});

test('a cancel request comes behind a header, and its failures count for the true address', async () => {
  await open();
  const client = await arrive([LINE, START]);
  client.send(query('hang'));
  await rig.settle();
  const { processId, key } = client.identity;
  await arrive([LINE, cancelRequestPacket(processId, Buffer.alloc(4))]);
  expect(lines('failed cancel request')).toMatchObject([{ fields: { address: '203.0.113.7' } }]);
  const messenger = await arrive([Buffer.concat([BINARY, cancelRequestPacket(processId, key)])]);
  expect(messenger.closed).toBe(true);
  expect(client.sqlState).toBe('57014');
});

describe('TLS behind the header', () => {
  const TLS = { clientTlsMode: 'allow', clientTls: SERVER_TLS } as const;
  const HANDSHAKE = Buffer.from('16030100050100000100', 'hex');

  /** The bytes with which TLS was begun. */
  async function begun(pieces: readonly Buffer[], from = BALANCER): Promise<readonly unknown[]> {
    const client = await arrive([], from);
    const start = jest.spyOn(client.wire, 'startServerTls').mockImplementation(() => undefined);
    const started: unknown[] = [];
    start.mockImplementation((...args: readonly unknown[]) => {
      // Bytes are borrowed: the wire copies what it is given.
      const unread = args[1];
      started.push(Buffer.isBuffer(unread) ? Buffer.from(unread) : unread);
    });
    for (const piece of pieces) client.send(piece);
    await rig.settle();
    return [...started, client.output.toString()];
  }

  test.each([BALANCER, 'unix'])('on request and at once, from %s', async (from) => {
    await open(TLS);
    expect(await begun([LINE, sslRequestPacket()], from)).toEqual([undefined, 'S']);
    const whole = Buffer.concat([BINARY, sslRequestPacket()]);
    expect(await begun([whole], from)).toEqual([undefined, 'S']);
    expect(await begun([LINE, HANDSHAKE], from)).toEqual([HANDSHAKE, '']);
    expect(await begun([Buffer.concat([BINARY, HANDSHAKE])], from)).toEqual([HANDSHAKE, '']);
  });

  test('what comes in clear behind the request is still refused', async () => {
    await open(TLS);
    const client = await arrive([Buffer.concat([LINE, sslRequestPacket(), START])]);
    expect(client.errors).toMatchObject([
      { message: 'received unencrypted data after SSL request' },
    ]);
  });

  test('TLS that does not begin with a header is refused', async () => {
    await open(TLS);
    const client = await arrive([HANDSHAKE]);
    expect(client.errors).toMatchObject([{ message: 'bad PROXY header' }]);
  });

  test('a client behind a Unix socket must have TLS where clients by TCP must', async () => {
    await open({ ...TLS, clientTlsMode: 'require' });
    const client = await arrive([LINE, START], 'unix');
    expect(client.errors).toMatchObject([{ message: 'SSL required' }]);
  });
});

describe('rules of access', () => {
  const network = { address: [203, 0, 113, 7], mask: [255, 255, 255, 255] };
  const balancers = { address: [10, 0, 0, 5], mask: [255, 255, 255, 255] };
  const PEER = { peerOf: () => ({ userName: 'alice', isOwnUser: true }) };
  const BY_PEER = [rule({ connection: 'local', method: 'peer' })];

  async function outcome(header: Buffer, from = BALANCER): Promise<string> {
    const client = await arrive([header, START], from);
    return client.errors[0]?.message ?? (client.tags.endsWith('Z') ? 'in' : client.tags);
  }

  test('the true address counts, not that of the load balancer', async () => {
    const rules = [rule({ network: balancers, method: 'reject' }), rule({ network })];
    await open({ authType: 'hba', accessRules: rules });
    expect(await outcome(LINE)).toBe('in');
    expect(await outcome(BINARY)).toBe('in');
    expect(await outcome(LOCAL)).toBe('login rejected');
    expect(await outcome(UNSPECIFIED)).toBe('login rejected');
  });

  test('a client that comes by TCP and a Unix socket is not local', async () => {
    const rules = [rule({ connection: 'local', method: 'reject' }), rule({ network })];
    await open({ authType: 'hba', accessRules: rules });
    expect(await outcome(LINE, 'unix')).toBe('in');
    expect(await places()).toEqual([CLIENT]);
    expect(await outcome(UNSPECIFIED, 'unix')).toBe('login rejected');
  });

  test('the account of the load balancer does not stand for its clients', async () => {
    await open({ authType: 'hba', accessRules: BY_PEER }, { socketPeers: PEER });
    expect(await outcome(LINE, 'unix')).toBe('no authentication method is found');
    expect(await outcome(UNSPECIFIED, 'unix')).toBe('unix socket login rejected');
    expect(lines('unix socket login rejected')).toMatchObject([
      { fields: { reason: 'the peer is a load balancer' } },
      {},
    ]);
    expect(await outcome(LOCAL, 'unix')).toBe('in');
  });

  test('no client is the owner because the load balancer runs as that', async () => {
    const opened: string[] = [];
    const virtual = {
      names: ['pgbouncer'],
      admits: () => false,
      parameters: () => new Map<string, string>(),
      open: () => {
        opened.push('console');
        return { message: () => undefined, canceled: () => undefined, closed: () => undefined };
      },
    };
    await open({}, { socketPeers: PEER, virtualDatabases: [virtual] });
    const owner = startupPacket(Object.entries({ user: 'pgbouncer', database: 'pgbouncer' }), {
      major: 3,
      minor: 0,
    });
    for (const header of [LINE, UNSPECIFIED]) {
      const client = await arrive([header, owner], 'unix');
      expect(client.errors).toMatchObject([{ message: 'not allowed' }]);
    }
    expect(opened).toEqual([]);
    await arrive([LOCAL, owner], 'unix');
    expect(opened).toEqual(['console']);
  });
});

test('a password is checked for the true address', async () => {
  const claims: string[] = [];
  await open({ authType: 'plain' });
  jest.spyOn(rig.pooler.verifier, 'verify').mockImplementation(({ address }, decided) => {
    claims.push(address);
    decided({ kind: 'accepted' });
    return () => undefined;
  });
  const client = await arrive([LINE, START]);
  client.send(Buffer.from('p\0\0\0\x06x\0'));
  await rig.settle();
  expect(claims).toEqual(['203.0.113.7']);
});

test('a reload decides for connections that come after it', async () => {
  await open();
  const early = await arrive([]);
  rig.pooler.reload(poolerSettings({}), rig.pooler.credentials);
  const late = await arrive([START]);
  expect(late.tags).toMatch(/Z$/);
  early.send(LINE, START);
  await rig.settle();
  expect(early.tags).toMatch(/Z$/);
});
