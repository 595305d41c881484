import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { Signer } from '@aws-sdk/rds-signer';
import {
  type AwsKey,
  AwsKeys,
  type Cluster,
  cancelPacket,
  certsDir,
  describeMessage,
  frontend,
  RawClient,
  type RdsServer,
  type RdsServerOptions,
  startCluster,
  startRdsServer,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';

const keys = new AwsKeys();
const app = keys.addSession({ role: 'team/app' });
const ca = readFileSync(join(certsDir(), 'ca.crt'), 'utf8');
let cluster: Cluster;
let rds: RdsServer;

beforeAll(async () => {
  cluster = await startCluster({
    users: [{ name: 'ann' }, { name: 'bob', password: 'one' }],
    hba: ['host all bob all scram-sha-256', 'host all all all trust'],
  });
});
afterAll(() => cluster.stop());
afterEach(() => rds.stop());

async function start(options: Partial<RdsServerOptions> = {}): Promise<void> {
  const { port } = cluster.primary;
  rds = await startRdsServer({ keys, backend: { port }, iamUsers: ['ann'], ...options });
}

interface TokenOptions {
  readonly by?: AwsKey;
  readonly user?: string;
  readonly host?: string;
  readonly region?: string;
}

function token({ by = app, user = 'ann', host = 'localhost', ...rest }: TokenOptions = {}) {
  const { accessKeyId, secretAccessKey, sessionToken } = by;
  const known = { accessKeyId, secretAccessKey };
  const credentials = sessionToken === undefined ? known : { ...known, sessionToken };
  const { region = 'us-east-1' } = rest;
  const signer = new Signer({
    hostname: host,
    port: rds.port,
    username: user,
    region,
    credentials,
  });
  return signer.getAuthToken();
}

/** A client that is connected; `ssl: false`: without TLS. */
async function connect(user: string, password: string, ssl: false | object = { ca }) {
  const host = 'localhost';
  const client = new Client({ host, port: rds.port, user, password, database: 'postgres', ssl });
  // A server that goes away tells it so.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function whoAmI(client: Client): Promise<unknown> {
  const { rows } = await client.query('SELECT current_user AS who');
  return rows[0]?.who;
}

const PAM = { code: '28000', message: 'PAM authentication failed for user "ann"' };

test('a token of the SDK logs in as its user, whoever signed', async () => {
  await start();
  for (const by of [app, keys.addUser('ann')]) {
    const client = await connect('ann', await token({ by }));
    expect(await whoAmI(client)).toBe('ann');
    await client.end();
  }
  expect(rds.iamLogins).toBe(2);
  await waitFor(() => rds.sessions === 0, { what: 'the end of the sessions' });
  expect(rds.sessionsMax).toBe(1);
});

test('a token for another host, user or region, or by a stranger, is refused', async () => {
  await start();
  const stranger = new AwsKeys().addUser('ann');
  const liar = { ...app, secretAccessKey: stranger.secretAccessKey };
  const { sessionToken: _, ...half } = app;
  const bad: readonly [TokenOptions, string][] = [
    [{ host: 'elsewhere' }, 'for another host'],
    [{ user: 'bob' }, 'for another user: bob'],
    [{ region: 'eu-west-1' }, 'valid region'],
    [{ by: stranger }, 'InvalidClientTokenId'],
    [{ by: half }, 'InvalidClientTokenId'],
    [{ by: liar }, 'SignatureDoesNotMatch'],
  ];
  for (const [options, reason] of bad) {
    await expect(connect('ann', await token(options))).rejects.toMatchObject(PAM);
    expect(rds.refusals.at(-1)).toContain(reason);
  }
  await expect(connect('ann', 'one')).rejects.toMatchObject(PAM);
  expect(rds.refusals).toHaveLength(bad.length + 1);
  expect(rds.iamLogins).toBe(0);
});

test('a token is good for 15 minutes by the clock of the server', async () => {
  let aheadMs = 0;
  await start({ wallMs: () => Date.now() + aheadMs });
  const password = await token();
  aheadMs = 14 * 60_000;
  await (await connect('ann', password)).end();
  aheadMs = 15 * 60_000 + 2_000;
  await expect(connect('ann', password)).rejects.toMatchObject(PAM);
  aheadMs = -6 * 60_000;
  await expect(connect('ann', password)).rejects.toMatchObject(PAM);
  expect(rds.refusals).toEqual([
    expect.stringContaining('Signature expired'),
    expect.stringContaining('not yet current'),
  ]);
});

test('a policy says who may connect as whom', async () => {
  await start({ allows: (arn) => arn.includes(':assumed-role/app/') });
  await (await connect('ann', await token())).end();
  const by = keys.addSession({ role: 'other' });
  await expect(connect('ann', await token({ by }))).rejects.toMatchObject(PAM);
  expect(rds.refusals[0]).toContain('may not connect as ann');
});

test('nobody gets in without TLS', async () => {
  await start();
  for (const [user, password] of [['ann', await token()] as const, ['bob', 'one'] as const]) {
    const text = `pg_hba.conf rejects connection for host "127.0.0.1", user "${user}", database "postgres", no encryption`;
    await expect(connect(user, password, false)).rejects.toMatchObject({
      ...{ code: '28000', message: text },
    });
  }
});

test('a user without IAM logs in with SCRAM, and without TLS where that is not forced', async () => {
  await start({ forceSsl: false });
  for (const ssl of [{ ca }, false] as const) {
    const client = await connect('bob', 'one', ssl);
    expect(await whoAmI(client)).toBe('bob');
    await client.end();
  }
  await expect(connect('bob', 'two')).rejects.toMatchObject({ code: '28P01' });
  expect(rds.iamLogins).toBe(0);
});

test('PostgreSQL behind it may ask for a password, which the client does not know', async () => {
  const { port } = cluster.primary;
  await start({ iamUsers: ['bob'], backend: { port, passwordOf: () => 'one' } });
  const client = await connect('bob', await token({ user: 'bob' }));
  expect(await whoAmI(client)).toBe('bob');
  await client.end();
});

test('big results come through', async () => {
  await start();
  const client = await connect('ann', await token());
  const { rows } = await client.query("SELECT repeat('x', 5000000) AS text");
  expect(rows[0].text).toHaveLength(5_000_000);
  await client.end();
});

test.each([{ tls: { start: 'request' } } as const, {}])(
  'a cancel request reaches PostgreSQL: %j',
  async (options) => {
    await start();
    const target = { host: '127.0.0.1', port: rds.port };
    const client = await RawClient.connect(target, { tls: { start: 'request' } });
    const password = await token();
    const who = { user: 'ann', database: 'postgres', password };
    const { processId, cancelKey } = await client.login(who);
    client.send(frontend.query('SELECT pg_sleep(60)'));
    const canceller = await RawClient.connect(target, options);
    await waitFor(
      async () => {
        const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = ${processId} AND state = 'active'`;
        return (await cluster.primary.query(sql)).length > 0;
      },
      { what: 'the query' },
    );
    canceller.send(cancelPacket(processId, cancelKey));
    const messages = await client.until('Z');
    expect(messages.map(describeMessage).join()).toContain('E 57014');
    await canceller.closed;
    client.destroy();
    expect(rds.sessionsMax).toBe(1);
  },
);

test('a server that stops cuts its clients, and comes back on its port with another name', async () => {
  await start({ names: ['db.example', 'localhost'] });
  const client = await connect('ann', await token({ host: 'db.example' }));
  const { port } = rds;
  const gone = new Promise((resolve) => client.once('end', resolve));
  await rds.stop();
  await gone;
  await expect(connect('ann', 'x')).rejects.toThrow();
  await rds.start();
  expect(rds.port).toBe(port);
  const again = await connect('ann', await token(), { ca, servername: 'db.example' });
  await again.end();
});

test('whoever talks nonsense is cut off, also behind a request for TLS', async () => {
  await start();
  const sslRequest = '\0\0\0\x08\x04\xd2\x16\x2f';
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', `${sslRequest}SELECT`, sslRequest, '']) {
    const socket = connectTcp({ host: '127.0.0.1', port: rds.port });
    socket.on('error', () => undefined).resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(bytes, 'latin1');
    await closed;
  }
  await (await connect('ann', await token())).end();
  expect(rds.refusals).toEqual([]);
});
