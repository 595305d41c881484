import { appendFileSync, chmodSync, chownSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerUser } from '../process/system-user';

/** PostgreSQL's settings by name, without quotes. */
export type Settings = Readonly<Record<string, string>>;

/** What every server gets. Nothing outlives the data folder, also after a SIGKILL. */
const BASE: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0777',
  max_connections: '100',
  shared_buffers: '32MB',
  dynamic_shared_memory_type: 'mmap',
  wal_level: 'replica',
  max_wal_senders: '10',
  max_replication_slots: '10',
  hot_standby: 'on',
  wal_retrieve_retry_interval: '200ms',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/** Commits that survive a SIGKILL of PostgreSQL cost too much where nobody tests it. */
const NOT_DURABLE: Settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** The testkit's own way in, before everybody's rules. */
const OWN_HBA = ['local all postgres trust', 'local replication postgres trust'];
const DEFAULT_HBA = ['local all all trust', 'host all all 127.0.0.1/32 trust'];

const FILE = 'testkit.conf';

export interface ServerFiles {
  readonly dataDir: string;
  readonly user: ServerUser;
}

/** The settings a server starts from, weaker ones first. */
export function baseSettings(options: { durable: boolean; tls: boolean }): Settings {
  return {
    ...BASE,
    ...(options.durable ? {} : NOT_DURABLE),
    ...(options.tls
      ? {
          ssl: 'on',
          ssl_cert_file: 'server.crt',
          ssl_key_file: 'server.key',
          ssl_ca_file: 'ca.crt',
        }
      : {}),
  };
}

/** Makes `postgresql.conf` read our file. Once per data folder. */
export function includeSettings(files: ServerFiles): void {
  appendFileSync(join(files.dataDir, 'postgresql.conf'), `\ninclude '${FILE}'\n`);
}

export function writeSettings(files: ServerFiles, settings: Settings): void {
  const lines = Object.entries(settings).map(([name, value]) => {
    if (!/^[a-z_][a-z0-9_.]*$/i.test(name)) throw new Error(`no setting's name: ${name}`);
    return `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`;
  });
  writeOwned(files, FILE, lines.join(''));
}

/** `lines` are rules of pg_hba.conf; undefined: trust everybody on the loopback. */
export function writeHba(files: ServerFiles, lines: readonly string[] | undefined): void {
  writeOwned(files, 'pg_hba.conf', `${[...OWN_HBA, ...(lines ?? DEFAULT_HBA)].join('\n')}\n`);
}

export function writeOwned(files: ServerFiles, name: string, text: string): void {
  const path = join(files.dataDir, name);
  writeFileSync(path, text, { mode: 0o600 });
  if (files.user.kind === 'other') chownSync(path, files.user.uid, files.user.gid);
}

/** Copies certificate, key and authority; PostgreSQL insists on a private key that it owns. */
export function copyCertificates(files: ServerFiles, certsDir: string): void {
  for (const name of ['ca.crt', 'server.crt', 'server.key']) {
    const path = join(files.dataDir, name);
    copyFileSync(join(certsDir, name), path);
    chmodSync(path, 0o600);
    if (files.user.kind === 'other') chownSync(path, files.user.uid, files.user.gid);
  }
}
