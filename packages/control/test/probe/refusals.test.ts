import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import {
  type Cluster,
  type ClusterOptions,
  certsDir,
  freePort,
  type Server,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import type { ProbeLogin } from '../../src/probe/probe-connection';
import type { ServerProber, ServerProberNeeds } from '../../src/probe/server-prober';
import { CountingPermits } from './kit/counting-permits';
import { ask, observe, proberAt } from './kit/probing';

let cluster: Cluster | undefined;
const probers: ServerProber[] = [];

afterEach(async () => {
  for (const prober of probers.splice(0)) prober.close();
  await cluster?.stop();
  cluster = undefined;
});

async function start(options: ClusterOptions = {}): Promise<Server> {
  cluster = await startCluster(options);
  return cluster.primary;
}

const LOGIN: ProbeLogin = {
  ...{ database: 'postgres', user: 'postgres', password: undefined, tls: undefined },
};

function prober(
  port: number,
  login: Partial<ProbeLogin> = {},
  needs: Partial<ServerProberNeeds> = {},
): ServerProber {
  const made = proberAt(port, { login: { ...LOGIN, ...login }, ...needs });
  probers.push(made);
  return made;
}

const SECRET = 'not-for-any-log';

test('a wrong password is rejected, the right one lets in, and neither is in the reason', async () => {
  const server = await start({
    users: [{ name: 'ann', password: SECRET }],
    hba: ['host all all 127.0.0.1/32 scram-sha-256'],
  });
  expect(await observe(prober(server.port, { user: 'ann', password: SECRET }))).toBeDefined();
  const wrong = await ask(prober(server.port, { user: 'ann', password: `${SECRET}!` }));
  expect(wrong).toMatchObject({ why: 'rejected', reason: expect.stringContaining('(28P01)') });
  expect(JSON.stringify(wrong)).not.toContain(SECRET);
});

test('a password is not looked for where the configuration does not name it', async () => {
  const server = await start({
    users: [{ name: 'ann', password: SECRET }],
    hba: ['host all all 127.0.0.1/32 scram-sha-256'],
  });
  const before = process.env.PGPASSWORD;
  process.env.PGPASSWORD = SECRET;
  try {
    expect(await ask(prober(server.port, { user: 'ann' }))).toMatchObject({ why: 'rejected' });
  } finally {
    if (before === undefined) delete process.env.PGPASSWORD;
    else process.env.PGPASSWORD = before;
  }
});

test('md5 and clear-text passwords work too', async () => {
  const server = await start({
    users: [{ name: 'ann', password: SECRET, encryption: 'md5' }],
    hba: ['host all ann 127.0.0.1/32 md5'],
  });
  expect(await observe(prober(server.port, { user: 'ann', password: SECRET }))).toBeDefined();
  await server.setHba(['host all ann 127.0.0.1/32 password']);
  expect(await observe(prober(server.port, { user: 'ann', password: SECRET }))).toBeDefined();
});

test.each([
  ['a database that is not there', { database: 'nowhere' }, '3D000'],
  ['a role that is not there', { user: 'nobody-here' }, '28000'],
])('%s is rejected', async (_what, login, code) => {
  const server = await start();
  expect(await ask(prober(server.port, login))).toMatchObject({
    ...{ kind: 'failed', why: 'rejected', reason: expect.stringContaining(`(${code})`) },
  });
});

test('a role that has all its connections is told that the server is busy', async () => {
  const server = await start({ users: [{ name: 'ann', connectionLimit: 1 }] });
  const first = prober(server.port, { user: 'ann' });
  await observe(first);
  const second = prober(server.port, { user: 'ann' });
  expect(await ask(second)).toMatchObject({
    why: 'busy',
    reason: 'too many connections for role "ann" (53300)',
  });
  first.close();
  await waitFor(async () => (await ask(second)).kind === 'seen', { what: 'the place' });
});

test('a server that starts up is busy', async () => {
  const server = await start({ replicas: 1, durable: true });
  const [replica] = cluster?.replicas ?? [];
  if (replica === undefined) throw new Error('no replica');
  // Nobody may look at a replica whose hot standby is off: it stays in "starting up".
  await replica.configure({ hot_standby: 'off' });
  await replica.stop();
  const started = replica.start();
  const asked = prober(replica.port);
  const seen = await waitFor(
    async () => {
      const result = await ask(asked);
      return result.kind === 'failed' && result.why === 'busy' && result;
    },
    { what: '57P03' },
  );
  expect(seen.reason).toContain('(57P03)');
  expect(seen.isStarting).toBe(true);
  await started;
  expect((await observe(prober(server.port))).inRecovery).toBe(false);
});

test('a port without anybody, a name without address, and no port at all are refusals', async () => {
  const permits = new CountingPermits();
  const port = await freePort();
  expect(await ask(prober(port, {}, { permits }))).toMatchObject({ why: 'refused' });
  const address = { host: 'db.invalid', port };
  const resolver: ServerProberNeeds['resolver'] = {
    resolve: (host, done) => done({ error: new Error(`no address for ${host}`) }),
  };
  expect(await ask(prober(port, {}, { address, resolver, permits }))).toMatchObject({
    ...{ why: 'refused', reason: 'no address for db.invalid' },
  });
  const odd = { host: '127.0.0.1', port: 70_000 };
  expect(await ask(prober(port, {}, { address: odd, permits }))).toMatchObject({ why: 'refused' });
  await waitFor(() => permits.held === 0, { what: 'the permits' });
});

test('a name leads to the address that the given resolver says, the second when the first is dead', async () => {
  const server = await start();
  const address = { host: 'db.invalid', port: server.port };
  const asked: string[] = [];
  const resolver: ServerProberNeeds['resolver'] = {
    resolve: (host, done) => {
      asked.push(host);
      setImmediate(done, { addresses: ['127.0.0.2', '127.0.0.1'] });
    },
  };
  expect(await observe(prober(0, {}, { address, resolver }))).toBeDefined();
  expect(asked).toEqual(['db.invalid']);
});

test('a Unix socket is asked as well', async () => {
  const server = await start();
  const address = { host: server.socketDir, port: server.port };
  expect(await observe(prober(0, {}, { address }))).toBeDefined();
  await server.stop();
  expect(await ask(prober(0, {}, { address }))).toMatchObject({ why: 'refused' });
});

describe('TLS', () => {
  const file = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');

  test('is spoken, and its certificate has to be right', async () => {
    const server = await start({
      tls: true,
      hba: ['hostssl all all 127.0.0.1/32 trust'],
    });
    const permits = new CountingPermits();
    const right = prober(server.port, { tls: { ca: file('ca.crt') } }, { permits });
    expect(await observe(right)).toBeDefined();
    expect(await ask(prober(server.port))).toMatchObject({ why: 'rejected' });
    const wrong = prober(server.port, { tls: { ca: file('other-ca.crt') } }, { permits });
    expect(await ask(wrong)).toMatchObject({ why: 'rejected' });
    right.close();
    await waitFor(() => permits.held === 0, { what: 'the permits' });
  });

  test('that is compared with the name that was asked for, not with its address', async () => {
    const server = await start({ tls: true });
    const resolver: ServerProberNeeds['resolver'] = {
      resolve: (_host, done) => done({ addresses: ['127.0.0.1'] }),
    };
    const tls = { ca: file('ca.crt') };
    const at = (host: string): ServerProber =>
      prober(0, { tls }, { address: { host, port: server.port }, resolver });
    expect(await observe(at('localhost'))).toBeDefined();
    expect(await ask(at('elsewhere.invalid'))).toMatchObject({ why: 'rejected' });
  });

  test('that the server does not have is a rejection, and its death a loss', async () => {
    const server = await start();
    expect(await ask(prober(server.port, { tls: {} }))).toMatchObject({
      ...{ why: 'rejected', reason: 'The server does not support SSL connections' },
    });
  });
});

test('a name that comes to lead to another machine is asked there, and says so', async () => {
  const server = await start();
  const other = createServer((socket) => {
    const upstream = connect(server.port, '127.0.0.1');
    for (const each of [socket, upstream]) each.on('error', () => undefined);
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => other.listen(server.port, '127.0.0.2', resolve));
  let addresses = ['127.0.0.1'];
  const resolver: ServerProberNeeds['resolver'] = {
    resolve: (_host, done) => void setImmediate(() => done({ addresses })),
  };
  const address = { host: 'db.invalid', port: server.port };
  const asking = prober(0, {}, { address, resolver });
  expect((await observe(asking)).moves).toBe(0);
  addresses = ['127.0.0.2'];
  await waitFor(async () => (await observe(asking)).moves === 1, { what: 'the move' });
  asking.close();
  other.close();
});
