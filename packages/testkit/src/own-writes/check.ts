import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Cluster, startCluster } from '../cluster';
import { type Daemon, daemonCommand, startDaemon } from '../daemon';
import type { Major } from '../postgres/binaries';
import { Random } from '../random';
import { waitFor } from '../wait-for';
import { OwnWritesClient } from './own-writes-client';

export interface OwnWritesOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly major?: Major;
  readonly clients?: number;
  /** How far the second replica stays behind. */
  readonly delayMs?: number;
  /** Further parameters of the entry. */
  readonly entry?: string;
  /** Further lines of `[pgbouncer]`. */
  readonly extraLines?: readonly string[];
}

export interface OwnWritesReport {
  /** Reads that were older than what their session knew, and everything else that must not be. */
  readonly wrong: readonly string[];
  readonly readsOnPrimary: number;
  readonly readsOnFastReplica: number;
  readonly readsOnSlowReplica: number;
  readonly log: string;
}

/** With a replica that is behind: does every read see what its session knows? */
export async function checkOwnWrites(options: OwnWritesOptions): Promise<OwnWritesReport> {
  const cluster = await startCluster({
    major: options.major ?? 18,
    replicas: 2,
    users: [{ name: 'app' }],
    settings: { synchronous_standby_names: '', max_connections: '80' },
  });
  let daemon: Daemon | undefined;
  try {
    daemon = await startDaemon({
      command: daemonCommand(),
      config: configuration(cluster, options),
      userlist: '"app" ""\n',
    });
    return await run(options, cluster, daemon);
  } finally {
    await daemon?.stop('SIGKILL');
    await cluster.stop();
  }
}

function configuration({ primary, replicas }: Cluster, options: OwnWritesOptions): string {
  const servers = [primary, ...replicas];
  const hosts = servers.map(() => '127.0.0.1').join(',');
  const ports = servers.map(({ port }) => port).join(',');
  return `[databases]
app = host=${hosts} port=${ports} dbname=postgres read_write_split=on ${options.entry ?? ''}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = trust
auth_file = {dir}/userlist.txt
admin_users = app
health_check_user = app
pool_mode = transaction
default_pool_size = 8
server_tls_sslmode = disable
${(options.extraLines ?? []).join('\n')}
`;
}

async function run(
  { seconds, seed, clients = 12, delayMs = 300, entry = '' }: OwnWritesOptions,
  { primary, replicas }: Cluster,
  daemon: Daemon,
): Promise<OwnWritesReport> {
  const [fast, slow] = replicas;
  if (fast === undefined || slow === undefined) throw new Error('a replica is missing');
  const rows = clients;
  await primary.query(`
    CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL);
    INSERT INTO counters SELECT n, 0 FROM generate_series(1, ${rows}) AS n;
    CREATE FUNCTION whoami() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('port') $$;
    GRANT ALL ON counters TO app`);
  for (const replica of [fast, slow]) {
    const has = async () => (await replica.query('SELECT count(*) AS n FROM counters'))[0]?.n;
    await waitFor(async () => Number(await has()) === rows, { what: 'the table on a replica' });
  }
  await slow.configure({ recovery_min_apply_delay: `${delayMs}ms` });
  const wrong: string[] = [];
  const readsAt = new Map<number, number>();
  const random = new Random(seed);
  const isGlobal = entry.includes('consistency=global');
  const acknowledged = new Map<number, number>();
  const needs = { port: daemon.port, rows, random, acknowledged, isGlobal };
  const working = Array.from({ length: clients }, (_, at) => {
    const readAt = (port: number): void => void readsAt.set(port, (readsAt.get(port) ?? 0) + 1);
    return new OwnWritesClient({
      ...{ ...needs, row: at + 1, readAt },
      wrong: (what) => wrong.push(what),
    });
  });
  await readsReach(daemon.port, fast.port);
  for (const client of working) await client.start();
  await delay(seconds * 1000);
  for (const client of working) await client.stop();
  const at = (port: number): number => readsAt.get(port) ?? 0;
  return {
    wrong,
    readsOnPrimary: at(primary.port),
    readsOnFastReplica: at(fast.port),
    readsOnSlowReplica: at(slow.port),
    log: daemon.log(),
  };
}

/** The servers are known, and so is what the catalog says of the read. */
async function readsReach(port: number, replica: number): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
  await client.connect();
  try {
    const isThere = async (): Promise<boolean> => {
      const { rows } = await client.query<{ port: string }>(
        'SELECT value, whoami() AS port FROM counters WHERE id = 1',
      );
      return Number(rows[0]?.port) === replica;
    };
    await waitFor(isThere, { what: 'a read at the replica', deadlineMs: 20_000 });
  } finally {
    await client.end();
  }
}
