import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import {
  type AwsKey,
  AwsKeys,
  awsEnvironment,
  buildBinary,
  type Cluster,
  certsDir,
  type FakeSecretsManager,
  type FakeSts,
  makeScratch,
  type RdsServer,
  type Scratch,
  startCluster,
  startDaemon,
  startFakeSecretsManager,
  startFakeSts,
  startRdsServer,
} from '@pgweir/testkit';
import { run } from './support/programs';
import { authority, CLIENT_TLS, withPg } from './support/rig';

/** No PATH to a runtime, no NODE_PATH: what it needs is inside. */
const NOTHING = { PATH: '/usr/bin:/bin', NODE_PATH: '' };
const HOST = 'pgweir.example.org';
const configOf = (rds: RdsServer, secret: string): string => `[databases]
shop = host=127.0.0.1 port=${rds.port}
kept = host=127.0.0.1 port=${rds.port} dbname=shop user=classic secret=${secret} server_auth=password

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = iam
iam_server_name = ${HOST}
iam_sts_regions = us-east-1
iam_map_file = {dir}/iam.map
server_auth = iam
server_tls_sslmode = verify-full
server_tls_ca_file = {certs}/ca.crt
${Object.entries(CLIENT_TLS)
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
`;

let scratch: Scratch;
let program = '';
let cluster: Cluster;
let sts: FakeSts;
let rds: RdsServer;
let secrets: FakeSecretsManager;
let container: Server;
let own: AwsKey & { readonly sessionToken: string };

beforeAll(async () => {
  scratch = makeScratch();
  program = join(scratch.dir, 'pgweir');
  buildBinary(program);
  const keys = new AwsKeys();
  own = keys.addSession({ role: 'shop' });
  cluster = await startCluster({
    users: [{ name: 'app' }, { name: 'classic', password: 'kept secret' }],
    databases: [{ name: 'shop' }],
    hba: ['host all classic 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'],
  });
  sts = await startFakeSts({ keys, tls: {} });
  rds = await startRdsServer({ keys, backend: { port: cluster.primary.port }, iamUsers: ['app'] });
  secrets = await startFakeSecretsManager({ keys });
  container = createServer((_, response) =>
    response.setHeader('Content-Type', 'application/json').end(
      JSON.stringify({
        ...{ AccessKeyId: own.accessKeyId, SecretAccessKey: own.secretAccessKey },
        ...{ Token: own.sessionToken, Expiration: new Date(Date.now() + 3_600_000).toISOString() },
      }),
    ),
  );
  await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  container?.close();
  for (const part of [secrets, rds, sts, cluster]) await part?.stop();
  scratch?.remove();
});

/** A token by the executable, which finds its credentials as ECS offers them to a container. */
async function token(): Promise<string> {
  const address = container.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const env = {
    ...NOTHING,
    ...{ AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/role`, HOME: scratch.dir },
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const args = ['iam-token', '--host', HOST, '--region', 'us-east-1'];
  const { code, stdout, stderr } = await run(program, args, { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

test.each(['1', '2'])(
  'the executable has AWS inside: tokens, STS, RDS and secrets, with %s worker(s)',
  async (workers) => {
    const arn = secrets.put(`shop-${workers}`, {
      username: 'classic',
      password: 'kept secret',
    });
    const daemon = await startDaemon({
      config: `${configOf(rds, arn)}workers = ${workers}\n`,
      files: { 'iam.map': 'iam arn:aws:sts::123456789012:assumed-role/shop/* app\n' },
      command: [program],
      env: {
        ...{ ...NOTHING, ...awsEnvironment(own), AWS_ENDPOINT_URL_STS: sts.url },
        AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
        NODE_EXTRA_CA_CERTS: join(certsDir(), 'ca.crt'),
      },
    });
    try {
      const login = {
        ...{ host: '127.0.0.1', port: daemon.port, user: 'app', ssl: { ca: authority() } },
        password: await token(),
      };
      const whoIsIn = (database: string): Promise<unknown> =>
        withPg({ ...login, database }, async (client) => {
          const { rows } = await client.query('SELECT current_user AS name');
          return rows[0]?.name;
        });
      expect(await whoIsIn('shop')).toBe('app');
      expect(await whoIsIn('kept')).toBe('classic');
      expect(rds.refusals).toEqual([]);
    } finally {
      await daemon.stop();
    }
  },
);
