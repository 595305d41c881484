import { spawnSync } from 'node:child_process';
import type { Server } from '@pgweir/testkit';
import { DATABASE, PASSWORD } from '../postgres/names';
import { linksGone } from '../postgres/roles';
import type { Contestant, Entrance, Place, Running } from './contestant';
import { type Caps, type Door, LOGINS_PER_SECOND, POOLS, type Pool, poolBehind } from './doors';
import { findProgram } from './find-program';
import { type PgpoolInstance, startPgpool } from './pgpool-instance';

export const PGPOOL = 'pgpool';

/**
 * A process of Pgpool-II serves one client at a time through a link of its own, so it needs as many
 * as there are clients, whatever the pools of others hold; further clients wait to be accepted. Those
 * that stay connected beyond that number would wait for ever.
 */
const CHILDREN: Caps = { transaction: 128, session: 128, burst: 50, scram: 20 };
/** The longest queue of clients that come at once, for each child. */
const BACKLOG_EACH = 80;

export function findPgpool(): string | undefined {
  return findProgram('pgpool');
}

/** @throws Error when the program cannot say its version */
export function pgpool(path: string): Contestant {
  const { stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = /pgpool-II version (\S+)/.exec(`${stdout}${stderr}`)?.[1];
  if (version === undefined) throw new Error(`${path} --version does not name a Pgpool-II`);
  return { name: PGPOOL, version, caps: CHILDREN, start: (place) => start(path, place) };
}

async function start(path: string, place: Place): Promise<Running> {
  const instances = new Map<Pool, PgpoolInstance>();
  const stop = async (): Promise<void> => {
    for (const instance of instances.values()) await instance.stop();
    await linksGone(place.postgres, PGPOOL);
  };
  try {
    // What is a mode elsewhere is the same here: a client has a link as long as it stays.
    for (const pool of POOLS.filter((name) => name !== 'session')) {
      const files = {
        'pgpool.conf': configuration(place.postgres, pool),
        'pool_hba.conf': HBA,
        pool_passwd: `${place.role('scram')}:TEXT${PASSWORD}\n`,
      };
      instances.set(pool, await startPgpool(path, files));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const roleFor = (pool: Pool): string => place.role(pool);
  return { enter: (door, clients) => entrance(instances, roleFor, { door, clients }), stop };
}

function entrance(
  instances: ReadonlyMap<Pool, PgpoolInstance>,
  roleFor: (pool: Pool) => string,
  wish: { readonly door: Door; readonly clients: number },
): Entrance {
  const { door, clients } = wish;
  const behind = poolBehind(door);
  const pool = behind === 'session' ? 'transaction' : behind;
  const instance = instances.get(pool);
  if (instance === undefined) throw new Error('it has not been started');
  if (pool !== 'burst' && clients > CHILDREN[pool]) {
    const reason = `${clients} clients that stay would need as many processes and links`;
    return { kind: 'closed', reason };
  }
  const { host, port, pid } = instance;
  const place = {
    host,
    port,
    database: DATABASE,
    user: roleFor(pool),
    tls: door === 'tls',
    loginsPerSecond: LOGINS_PER_SECOND,
  };
  const target = pool === 'scram' ? { ...place, password: PASSWORD } : place;
  return { kind: 'open', target, pid };
}

const HBA = 'host all all 127.0.0.1/32 scram-sha-256\n';

/** Pooling only: one backend, no balancing, no checks of its health. */
function configuration({ host, port }: Server, pool: Pool): string {
  const asksForPassword = pool === 'scram';
  return `
backend_clustering_mode = 'raw'
listen_addresses = '127.0.0.1'
port = {port}
socket_dir = '{dir}'
pcp_listen_addresses = ''
pcp_port = {pcpPort}
pcp_socket_dir = '{dir}'
pid_file_name = '{dir}/pgpool.pid'
logdir = '{dir}'
backend_hostname0 = '${host}'
backend_port0 = ${port}
backend_flag0 = 'DISALLOW_TO_FAILOVER'
num_init_children = ${CHILDREN[pool]}
max_pool = 1
listen_backlog_multiplier = ${BACKLOG_EACH}
child_life_time = 0
connection_cache = on
load_balance_mode = off
health_check_period = 0
enable_pool_hba = ${asksForPassword ? 'on' : 'off'}
pool_passwd = 'pool_passwd'
ssl = ${asksForPassword ? 'on' : 'off'}
ssl_key = '{certs}/server.key'
ssl_cert = '{certs}/server.crt'
`;
}
