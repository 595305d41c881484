import {
  type Cluster,
  cancelPacket,
  type Daemon,
  frontend,
  startCluster,
  startupPacket,
} from '@pgweir/testkit';
import {
  Balancer,
  binary,
  config,
  FRIEND,
  FRIEND_WITH_TLS,
  LOCAL,
  line,
  STRANGER,
  startBehind,
} from './support/balancer';
import { ask, untilError, untilRuns, value } from './support/stage';

const REJECTED = '28000 login rejected';
const NO_HEADER = '08P01 bad PROXY header';

let cluster: Cluster;
let daemon: Daemon;
let balancer: Balancer;

beforeAll(async () => {
  cluster = await startCluster();
  daemon = await startBehind(cluster, { listed: '127.0.0.1, unix' });
  balancer = new Balancer(daemon);
});

afterAll(async () => {
  await daemon?.stop();
  await cluster?.stop();
});

beforeEach(() => daemon.reload(config(cluster, { listed: '127.0.0.1, unix' })));

afterEach(() => balancer.end());

test('rules, the console and the log have the true address', async () => {
  const from = daemon.log().length;
  expect(await balancer.outcome({ header: line(FRIEND, 50_001) })).toBe('in');
  expect(await balancer.outcome({ header: binary(FRIEND, 50_002) })).toBe('in');
  expect(await balancer.outcome({ header: line(STRANGER, 50_003) })).toBe(REJECTED);
  expect(await balancer.outcome({ header: binary(STRANGER, 50_004) })).toBe(REJECTED);
  const asked = { header: line(FRIEND, 50_005) };
  expect(await balancer.shown(asked)).toEqual([`${FRIEND} 50001`, `${FRIEND} 50002`]);
  const log = daemon.log().slice(from);
  expect(log).toMatch(/login attempt.*address=203\.0\.113\.7:50001 via=127\.0\.0\.1:\d+/);
  expect(log).toMatch(/login rejected.*address=198\.51\.100\.9:50004/);
});

test.each(['request', 'direct'] as const)('TLS comes behind the header: %s', async (tls) => {
  const header = line(FRIEND_WITH_TLS, 50_001);
  expect(await balancer.outcome({ header, tls })).toBe('in');
  expect(await balancer.outcome({ header: binary(FRIEND, 50_002), tls })).toBe('in');
  expect(await balancer.outcome({ header: line(FRIEND_WITH_TLS, 50_003) })).toBe(REJECTED);
  const asked = { header: line(FRIEND, 50_004) };
  expect(await balancer.shown(asked)).toContain(`${FRIEND_WITH_TLS} 50001`);
});

test('a client whose load balancer comes by a Unix socket is one by TCP, with TLS if it likes', async () => {
  expect(await balancer.outcome({ by: 'unix', header: line(FRIEND, 50_001) })).toBe('in');
  expect(await balancer.outcome({ by: 'unix', header: line(STRANGER, 50_002) })).toBe(REJECTED);
  const header = binary(FRIEND, 50_003);
  for (const tls of ['request', 'direct'] as const) {
    expect(await balancer.outcome({ by: 'unix', header, tls })).toBe('in');
  }
  expect(await balancer.outcome({ by: 'unix' })).toBe(NO_HEADER);
  // It speaks for itself: that is local.
  expect(await balancer.shown({ by: 'unix', header: LOCAL })).toContain(`${FRIEND} 50001`);
});

test('a check of its own comes from the load balancer', async () => {
  expect(await balancer.outcome({ header: LOCAL, user: 'checker' })).toBe('in');
  expect(await balancer.outcome({ header: LOCAL })).toBe(REJECTED);
});

test('a header and all that is behind it may come in one piece, or byte by byte', async () => {
  const stream = Buffer.concat([
    binary(FRIEND, 50_001),
    startupPacket({ user: 'app', database: 'app' }),
    frontend.query("SELECT 'served'"),
  ]);
  const whole = await balancer.dial({ header: stream });
  expect(value(await whole.until('C'))).toBe('served');
  const slow = await balancer.dial();
  for (const byte of stream) await slow.flushed(Buffer.of(byte));
  expect(value(await slow.until('C'))).toBe('served');
});

test('a cancel request comes through the load balancer, too', async () => {
  const { client, login } = await balancer.arrive({ header: line(FRIEND, 50_001) });
  client.send(frontend.query('SELECT pg_sleep(60) /* balanced */'));
  await untilRuns(cluster.primary, 'balanced');
  const messenger = await balancer.dial({ header: binary(FRIEND, 50_002) });
  messenger.send(cancelPacket(login.processId, login.cancelKey));
  expect(await untilError(client)).toContain('57014');
  await messenger.closed;
});

test('without a header, or with a bad one, nobody gets in, and others notice nothing', async () => {
  const { client } = await balancer.arrive({ header: line(FRIEND, 50_001) });
  const from = daemon.log().length;
  expect(await balancer.outcome({})).toBe(NO_HEADER);
  const bad = Buffer.from('PROXY TCP4 203.0.113.7 127.0.0.1 50001 99999\r\n');
  const refused = await balancer.dial({ header: bad });
  expect(await untilError(refused)).toContain(NO_HEADER);
  await refused.closed;
  const cut = await balancer.dial({ header: bad.subarray(0, 20) });
  cut.destroy('reset');
  expect(await ask(client, "SELECT 'served'")).toBe('served');
  const log = daemon.log().slice(from);
  expect(log).toContain('a port in the line is none');
  expect(log).not.toMatch(/unhandled|uncaught|internal error/i);
});

test('a header that never ends is waited for no longer than client_login_timeout', async () => {
  const settings = { client_login_timeout: '0.2' };
  await daemon.reload(config(cluster, { listed: '127.0.0.1', settings }));
  const client = await balancer.dial({ header: binary(FRIEND, 1).subarray(0, 20) });
  expect(await untilError(client)).toContain('client_login_timeout');
  await client.closed;
});

test('a reload changes who must send a header', async () => {
  await daemon.reload(config(cluster, { listed: '10.9.9.9' }));
  expect(await balancer.outcome({ header: line(FRIEND, 1) })).toMatch(/^08P01 bad packet header/);
  expect(await balancer.outcome({ header: binary(FRIEND, 1) })).toMatch(/^08P01 bad packet header/);
  expect(await balancer.outcome({ user: 'checker' })).toBe('in');
  const before = daemon.log().length;
  await daemon.reload(config(cluster, { listed: '127.0.0.1, lb.test' }), 'RELOAD failed');
  expect(daemon.log().slice(before)).toMatch(/problem: proxy_protocol = .* is refused: "lb.test"/);
  expect(await balancer.outcome({ user: 'checker' })).toBe('in');
  await daemon.reload(config(cluster, { listed: '127.0.0.0/8' }));
  expect(await balancer.outcome({ user: 'checker' })).toBe(NO_HEADER);
  expect(await balancer.outcome({ header: line(FRIEND, 1) })).toBe('in');
});
