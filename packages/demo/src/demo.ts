import { type Cluster, type Daemon, startCluster, startDaemon } from '@pgweir/testkit';
import { DEMO, daemonConfig, userlist } from './daemon-files';
import { FailoverKey } from './failover-key';
import { CTRL_C, listenToKeys } from './keys';
import { Load } from './load';
import { DemoError, requireFreePort } from './port-check';
import { StatusLine } from './status-line';
import { welcome } from './welcome';

export interface DemoOptions {
  readonly port: number;
  /** Of the primary; undefined: any. */
  readonly pgPort: number | undefined;
  /** Of the web page and the metrics; undefined: any. */
  readonly pagePort: number | undefined;
  /** Clients of the built-in load. */
  readonly load: number;
  /** Ends the demo, as Ctrl-C does. */
  readonly stop: () => void;
}

const LOG_LINES_SHOWN = 20;

/**
 * PostgreSQL 18 with a replica, and pgweir before them, until `signal` says stop. Everything is
 * stopped and removed when it returns or throws.
 *
 * @throws DemoError when a port is taken or pgweir ends by itself
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<void> {
  /** What to undo, last first. */
  const undo: (() => Promise<unknown>)[] = [];
  try {
    await requireFreePort(options.port, '--port');
    if (options.pgPort !== undefined) await requireFreePort(options.pgPort, '--pg-port');
    if (options.pagePort !== undefined) await requireFreePort(options.pagePort, '--page-port');
    console.log('starting PostgreSQL 18 and a replica ...');
    const cluster = await startServers(options.pgPort);
    undo.push(() => cluster.stop());
    if (signal.aborted) return;
    const daemon = await startPooler(options, cluster);
    undo.push(() => daemon.stop());
    if (signal.aborted) return;
    console.log(welcome(addresses(daemon, cluster)));
    const load = new Load({ port: daemon.port, clients: options.load });
    undo.push(() => load.stop());
    undo.push(async () => console.log('stopping ...'));
    const line = new StatusLine(process.stdout, daemon.port);
    undo.push(() => line.stop());
    line.start();
    const failover = new FailoverKey({ cluster, say: (text) => line.say(text) });
    undo.push(() => failover.stop());
    const keys = { f: () => failover.press(), [CTRL_C]: options.stop };
    const stopKeys = listenToKeys(process.stdin, keys);
    undo.push(async () => stopKeys());
    await Promise.race([aborted(signal), failWhenEnded(daemon)]);
  } finally {
    await undoAll(undo.reverse());
  }
}

/** A step that fails must not keep the others from being taken. */
async function undoAll(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const step of steps) {
    await step().catch((error: unknown) => console.error('while stopping:', error));
  }
}

async function startServers(pgPort: number | undefined): Promise<Cluster> {
  const cluster = await startCluster({
    major: 18,
    replicas: 1,
    keepCache: false,
    hba: ['host all all 127.0.0.1/32 scram-sha-256'],
    users: [{ name: DEMO.user, password: DEMO.password }],
    databases: [{ name: DEMO.database, owner: DEMO.user }],
    // Data may lie in memory: what nobody needs any more should not pile up.
    settings: { max_connections: '100', max_wal_size: '128MB', max_slot_wal_keep_size: '256MB' },
    ...(pgPort === undefined ? {} : { port: pgPort }),
  });
  try {
    await createItems(cluster);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Something to look at, and what the built-in load works on. */
async function createItems({ primary }: Cluster): Promise<void> {
  const client = await primary.connect({ host: primary.socketDir, database: DEMO.database });
  try {
    await client.query(`
      SET ROLE ${DEMO.user};
      CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, visits bigint NOT NULL DEFAULT 0)
        WITH (fillfactor = 50);
      INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 1000) AS n`);
  } finally {
    await client.end();
  }
}

async function startPooler(options: DemoOptions, cluster: Cluster): Promise<Daemon> {
  const { port, pagePort } = options;
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('the replica is missing');
  try {
    const ports = { primary: cluster.primary.port, replica: replica.port, page: pagePort ?? 0 };
    return await startDaemon({ port, config: daemonConfig(ports), userlist: userlist() });
  } catch (error) {
    // Somebody may have taken the port since we looked: then this says so.
    await requireFreePort(port, '--port');
    if (pagePort !== undefined) await requireFreePort(pagePort, '--page-port');
    throw error instanceof Error ? new DemoError(error.message, { cause: error }) : error;
  }
}

function addresses(daemon: Daemon, cluster: Cluster) {
  return {
    port: daemon.port,
    pagePort: pagePortOf(daemon),
    socketDir: daemon.socketDir,
    primaryPort: cluster.primary.port,
    replicaPort: cluster.replicas[0]?.port ?? 0,
  };
}

/** Where it has said that it serves HTTP. */
function pagePortOf(daemon: Daemon): number {
  const port = /http: listening on 127\.0\.0\.1:(\d+)/.exec(daemon.log())?.[1];
  if (port === undefined) throw new DemoError(`pgweir has no web page:\n${daemon.log()}`);
  return Number(port);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function failWhenEnded(daemon: Daemon): Promise<never> {
  const { code, signal } = await daemon.exit;
  const lines = daemon.log().trimEnd().split('\n').slice(-LOG_LINES_SHOWN);
  throw new DemoError(`pgweir ended (${signal ?? code}). Its last words:\n${lines.join('\n')}`);
}
