import { Client } from 'pg';
import { type Cluster, startCluster } from '../cluster';
import { type Daemon, startDaemon } from '../daemon';
import type { Major } from '../postgres/binaries';
import type { PlayTarget } from './player';
import type { Targets } from './runner';
import { RESET, SETUP } from './schema';
import { MODES } from './script';

/** Few, so that a script that leaves a link unusable is felt by the next ones. */
const POOL_SIZE = 2;

export interface Environment {
  readonly targets: Targets;
  readonly cluster: Cluster;
  readonly daemon: Daemon;
  stop(): Promise<void>;
}

/** A cluster, and pgweir before it with one database for each mode. The caller stops it. */
export async function startEnvironment(major: Major): Promise<Environment> {
  const cluster = await startCluster({
    major,
    settings: { wal_level: 'logical', max_wal_senders: '4', max_replication_slots: '4' },
    users: [{ name: 'app', replication: true }],
    databases: [{ name: 'app', owner: 'app' }],
  });
  let daemon: Daemon | undefined;
  try {
    const server = `host=127.0.0.1 port=${cluster.primary.port} dbname=app pool_size=${POOL_SIZE}`;
    daemon = await startDaemon({
      config: [
        '[databases]',
        ...MODES.map((mode) => `${mode} = ${server} pool_mode=${mode}`),
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        'listen_port = {port}',
        'unix_socket_dir =',
        'auth_type = trust',
        'auth_file = {dir}/userlist.txt',
        '',
      ].join('\n'),
      userlist: '"app" ""\n',
    });
    const { host, port } = daemon;
    const at = (database: string): PlayTarget => ({ host, port, user: 'app', database });
    const direct = { host, port: cluster.primary.port, user: 'app', database: 'app' };
    const prepared = await prepare(direct);
    const targets: Targets = {
      major,
      direct,
      through: {
        session: at('session'),
        transaction: at('transaction'),
        statement: at('statement'),
      },
      reset: prepared.reset,
    };
    const running = daemon;
    const stop = async (): Promise<void> => {
      await prepared.end();
      await running.stop();
      await cluster.stop();
    };
    return { targets, cluster, daemon, stop };
  } catch (error) {
    await daemon?.stop();
    await cluster.stop();
    throw error;
  }
}

/** Creates what the scripts need; `reset` puts the tables back, `end` closes the connection. */
export async function prepare(
  target: PlayTarget,
): Promise<{ reset: () => Promise<void>; end: () => Promise<void> }> {
  const client = new Client({ ...target });
  // A server that stops first says so here; nobody waits for this connection then.
  client.on('error', (error) => error);
  await client.connect();
  await client.query(SETUP);
  return {
    reset: async () => {
      await client.query(RESET);
    },
    end: () => client.end(),
  };
}
