import { join } from 'node:path';
import type { PatroniMember } from './member';

/** In seconds. Newer Patronis take 20 where less is said, and are slower by that. */
const TTL = 5;
const LOOP_WAIT = 1;
const RETRY_TIMEOUT = 2;

/** For all members; what Patroni lets nobody say elsewhere. */
const PARAMETERS = { max_connections: 100, max_wal_senders: 10, max_replication_slots: 10 };

/** Nothing outlives the data folder, also after a SIGKILL. */
const OWN_PARAMETERS = {
  shared_buffers: '32MB',
  dynamic_shared_memory_type: 'mmap',
  fsync: 'off',
  full_page_writes: 'on',
  wal_retrieve_retry_interval: '200ms',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

interface Surroundings {
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly binDir: string;
}

/** What a member's Patroni is told. */
export function memberConfig(member: PatroniMember, { etcd, binDir }: Surroundings): unknown {
  const { dir, host, name, port, url } = member;
  const restAddress = new URL(url).host;
  return {
    ...{ scope: 'main', name },
    etcd3: { host: etcd },
    restapi: { listen: restAddress, connect_address: restAddress },
    watchdog: { mode: 'off' },
    bootstrap: {
      dcs: {
        ...{ ttl: TTL, loop_wait: LOOP_WAIT, retry_timeout: RETRY_TIMEOUT },
        synchronous_mode: true,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters: PARAMETERS },
      },
      initdb: [{ auth: 'trust' }, { encoding: 'UTF8' }, { locale: 'C' }, 'no-sync'],
    },
    postgresql: {
      ...{ listen: `${host}:${port}`, connect_address: `${host}:${port}` },
      ...{ data_dir: member.dataDir, bin_dir: binDir, pgpass: join(dir, 'pgpass') },
      authentication: {
        superuser: { username: 'postgres' },
        replication: { username: 'replicator' },
        rewind: { username: 'postgres' },
      },
      parameters: { ...OWN_PARAMETERS, unix_socket_directories: dir },
      pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', REPLICATION_HBA],
    },
  };
}

const REPLICATION_HBA = 'host replication all 127.0.0.1/32 trust';
