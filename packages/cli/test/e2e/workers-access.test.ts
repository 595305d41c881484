import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BackendError,
  type Cluster,
  certsDir,
  type Daemon,
  RawClient,
  startCluster,
  startDaemon,
} from '@pgweir/testkit';
import { commandOn, RUNTIMES } from './support/crew';
import { CLIENT_TLS } from './support/rig';
import { entry, ini, userlist } from './support/stage';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(() => cluster?.stop());

async function start(runtime: (typeof RUNTIMES)[number]): Promise<Daemon> {
  return await startDaemon({
    config: ini(cluster.primary, {
      databases: [entry(cluster.primary, 'app', 'user=postgres')],
      settings: {
        ...{ workers: 2, log_stats: 0, auth_type: 'hba', auth_hba_file: '{dir}/hba.conf' },
        ...{ auth_ident_file: '{dir}/ident.conf', client_tls_ca_file: '{certs}/ca.crt' },
        ...CLIENT_TLS,
      },
    }),
    userlist: userlist(['alice', 'bob']),
    files: {
      'hba.conf': 'hostssl all all all cert map=certs\nhost all @names all trust\n',
      'ident.conf': 'certs alice bob\n',
      names: 'alice',
    },
    command: commandOn(runtime),
  });
}

const CERTIFICATE = {
  key: readFileSync(join(certsDir(), 'client.key')),
  cert: readFileSync(join(certsDir(), 'client.crt')),
};

/** The worker that a client has come to, or the SQLSTATE with which it was refused. */
async function attempt(
  daemon: Daemon,
  user: string,
  { tls = false, path = false }: { readonly tls?: boolean; readonly path?: boolean } = {},
): Promise<string> {
  const how = tls ? { tls: { start: 'request' as const, options: CERTIFICATE } } : {};
  const to = path ? { path: daemon.socketPath } : { host: daemon.host, port: daemon.port };
  const client = await RawClient.connect(to, how);
  try {
    const { processId } = await client.login({
      user,
      database: user === 'pgbouncer' ? user : 'app',
    });
    return `worker ${processId >>> 21}`;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return error.code;
  } finally {
    client.destroy();
  }
}

/** Outcomes of as many logins as it takes to have come to both workers, or of twenty. */
async function outcomes(once: () => Promise<string>): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let i = 0; i < 20; i++) found.add(await once());
  return [...found].map((one) => one.replace(/worker \d+/, 'in')).sort();
}

test.each(RUNTIMES)(
  'all workers have the rules that the supervisor has read: %s',
  async (runtime) => {
    const daemon = await start(runtime);
    try {
      expect(await outcomes(() => attempt(daemon, 'alice'))).toEqual(['in', 'in']);
      expect(new Set(await outcomes(() => attempt(daemon, 'bob')))).toEqual(new Set(['28000']));
      expect(await outcomes(() => attempt(daemon, 'bob', { tls: true }))).toContain('in');
      expect(await outcomes(() => attempt(daemon, 'alice', { tls: true }))).toEqual(['28000']);
      expect(await attempt(daemon, 'pgbouncer', { path: true })).toMatch(/^worker/);
      // A bad line: the old rules stay, in every worker.
      daemon.write('names', 'bob\n"open\n');
      await daemon.reload(undefined, 'RELOAD failed');
      expect(daemon.log()).toMatch(/names:2: problem: a quote is not closed/);
      expect(await outcomes(() => attempt(daemon, 'alice'))).toEqual(['in', 'in']);
      daemon.write('names', 'bob\n');
      await daemon.reload(undefined, 'configuration reloaded');
      expect(await outcomes(() => attempt(daemon, 'alice'))).toEqual(['28000']);
      expect(await outcomes(() => attempt(daemon, 'bob'))).toEqual(['in', 'in']);
    } finally {
      await daemon.stop();
    }
  },
);
