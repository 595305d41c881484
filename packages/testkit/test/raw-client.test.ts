import { join } from 'node:path';
import {
  BackendError,
  type Cluster,
  frame,
  RawClient,
  rowValues,
  startCluster,
} from '@pgweir/testkit';

let cluster: Cluster;
let client: RawClient | undefined;

beforeAll(async () => {
  cluster = await startCluster({
    tls: true,
    users: [
      { name: 'ann', password: 'one' },
      { name: 'bob', password: 'two', encryption: 'md5' },
    ],
    hba: [
      'local all all trust',
      'host all ann 127.0.0.1/32 scram-sha-256',
      'host all bob 127.0.0.1/32 md5',
      'host all postgres 127.0.0.1/32 trust',
    ],
  });
});

afterEach(() => client?.destroy());
afterAll(() => cluster.stop());

async function loggedIn(user: string, password: string): Promise<RawClient> {
  client = await RawClient.connect(cluster.primary);
  await client.login({ user, password, database: 'postgres' });
  return client;
}

test.each([
  ['ann', 'one'],
  ['bob', 'two'],
])('%s logs in with the method that pg_hba.conf asks for', async (user, password) => {
  const messages = await (await loggedIn(user, password)).query('SELECT current_user');
  expect(messages.map(({ tag }) => tag).join('')).toBe('TDCZ');
  expect(messages.filter(({ tag }) => tag === 'D').map(rowValues)).toEqual([[user]]);
});

test('a wrong password is an error with its SQLSTATE', async () => {
  await expect(loggedIn('ann', 'two')).rejects.toBeInstanceOf(BackendError);
  await expect(loggedIn('bob', 'one')).rejects.toMatchObject({ code: '28P01' });
});

test('a Unix socket works, protocol 3.2 brings a longer key', async () => {
  const { socketDir, port } = cluster.primary;
  client = await RawClient.connect({ path: join(socketDir, `.s.PGSQL.${port}`) });
  const result = await client.login({ user: 'ann', database: 'postgres', protocol: '3.2' });
  expect(result.cancelKey).toHaveLength(32);
  expect(result.parameters.get('server_version')).toMatch(/^18/);
});

test('until says what came instead when the server closes', async () => {
  const raw = await loggedIn('ann', 'one');
  raw.send(frame('?', Buffer.alloc(0)));
  await expect(raw.until('Z')).rejects.toThrow(/the connection ended .* 08P01/);
});

test('a message of many chunks arrives whole', async () => {
  const raw = await loggedIn('ann', 'one');
  const messages = await raw.query("SELECT repeat('ab', 2000000)");
  expect(messages.find(({ tag }) => tag === 'D')?.body.length).toBe(4_000_006);
});

test.each(['request', 'direct'] as const)('TLS by %s, with channel binding', async (start) => {
  client = await RawClient.connect(cluster.primary, { tls: { start } });
  await client.login({
    user: 'ann',
    password: 'one',
    database: 'postgres',
    channelBinding: true,
  });
  const messages = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  expect(messages.filter(({ tag }) => tag === 'D').map(rowValues)).toEqual([['t']]);
});
