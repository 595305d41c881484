import { startCluster } from '../cluster';
import { startDaemon } from '../daemon';
import type { Major } from '../postgres/binaries';
import type { Server } from '../postgres/server';
import { waitFor } from '../wait-for';
import { int16, int32, text } from '../wire/frontend';
import type { AskerTarget } from './asker';
import { runClient } from './client';
import { message } from './expected';
import { type Counts, Ledger } from './ledger';

export interface IsolationOptions {
  /** The run ends when so many have been answered. */
  readonly queries: number;
  readonly clients: number;
  /** Server connections that pgweir may have. Default 8. */
  readonly links?: number;
  /** Default 18. */
  readonly major?: Major;
  readonly seed: number;
  /** How clients come in. Default plain (TCP without TLS). */
  readonly clientSide?: 'plain' | 'tls' | 'unix';
  /** How pgweir goes to PostgreSQL. Default plain. */
  readonly serverSide?: 'plain' | 'tls';
  /** More lines for pgweir's configuration. */
  readonly extraLines?: readonly string[];
  readonly onProgress?: (counts: Readonly<Counts>, violations: number) => void;
}

export interface IsolationReport {
  readonly seed: number;
  readonly counts: Readonly<Counts>;
  readonly violations: number;
  /** The first violations. */
  readonly details: readonly string[];
  /** Rows that were committed and found again. */
  readonly rows: number;
  readonly seconds: number;
}

const TEXT_OID = 25;
const PROGRESS_EVERY_MS = 5_000;
const LINKS_DEFAULT = 8;
const CLIENT_TLS = [
  'client_tls_sslmode = require',
  'client_tls_cert_file = {certs}/server.crt',
  'client_tls_key_file = {certs}/server.key',
];

/**
 * Lets many clients ask through few links in transaction mode, each for values only it can know, while
 * they come, go, vanish and cancel, and checks every byte of every answer. PostgreSQL itself sees to it
 * that there are never more than `links` connections: the role is not allowed more.
 *
 * The same seed gives each client the same choices; how they interleave is up to the machine.
 */
export async function checkIsolation(options: IsolationOptions): Promise<IsolationReport> {
  const { links = LINKS_DEFAULT, major = 18 } = options;
  const startedMs = performance.now();
  const ledger = new Ledger();
  const cluster = await startCluster({
    major,
    users: [{ name: 'app', connectionLimit: links }],
    databases: [{ name: 'app', owner: 'app' }],
    tls: options.serverSide === 'tls',
  });
  try {
    const { primary } = cluster;
    await setUp(primary, ledger);
    const daemon = await startDaemon({
      config: configuration(primary, links, options),
      userlist: '"app" ""\n',
    });
    try {
      const target: AskerTarget = {
        address:
          options.clientSide === 'unix'
            ? { path: daemon.socketPath }
            : { host: daemon.host, port: daemon.port },
        tls: options.clientSide === 'tls',
        user: 'app',
        database: 'app',
      };
      await runClients(options, target, ledger);
      await untilQuiet(primary);
      ledger.settle(await rowsOf(primary));
      searchLogs(ledger, { server: await primary.log(), daemon: daemon.log() });
    } finally {
      await daemon.stop();
    }
    return {
      seed: options.seed,
      counts: ledger.counts,
      violations: ledger.violations,
      details: ledger.details,
      rows: ledger.rowsFound,
      seconds: (performance.now() - startedMs) / 1000,
    };
  } finally {
    await cluster.stop();
  }
}

function configuration(primary: Server, links: number, options: IsolationOptions): string {
  const { clients, clientSide, serverSide, extraLines = [] } = options;
  return [
    '[databases]',
    `app = host=127.0.0.1 port=${primary.port} dbname=app`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    'listen_port = {port}',
    `unix_socket_dir = ${clientSide === 'unix' ? '{dir}' : ''}`,
    'pool_mode = transaction',
    `default_pool_size = ${links}`,
    `max_client_conn = ${clients * 3 + 100}`,
    'auth_type = trust',
    'auth_file = {dir}/userlist.txt',
    'log_connections = 0',
    'log_disconnections = 0',
    ...(clientSide === 'tls' ? CLIENT_TLS : []),
    `server_tls_sslmode = ${serverSide === 'tls' ? 'require' : 'disable'}`,
    ...extraLines,
    '',
  ].join('\n');
}

async function setUp(primary: Server, ledger: Ledger): Promise<void> {
  const client = await primary.connect({ database: 'app' });
  try {
    await client.query('CREATE SCHEMA isolation; CREATE TABLE isolation.rows (tag text)');
    await client.query('GRANT ALL ON SCHEMA isolation TO app; GRANT ALL ON isolation.rows TO app');
    const { rows } = await client.query("SELECT 'isolation.rows'::regclass::oid::int AS oid");
    const oid: unknown = rows[0]?.oid;
    if (typeof oid !== 'number') throw new Error('the table has no oid');
    const parts = [int16(1), text('v'), int32(oid), int16(1), int32(TEXT_OID), int16(-1)];
    ledger.tagColumn = message('T', Buffer.concat([...parts, int32(-1), int16(0)]));
  } finally {
    await client.end();
  }
}

async function runClients(
  options: IsolationOptions,
  target: AskerTarget,
  ledger: Ledger,
): Promise<void> {
  const { queries, clients, seed } = options;
  const goesOn = (): boolean => ledger.counts.queries < queries;
  const report = (): void => options.onProgress?.(ledger.counts, ledger.violations);
  const timer = setInterval(report, PROGRESS_EVERY_MS);
  try {
    const all = Array.from({ length: clients }, (_, id) =>
      runClient({ id, seed, target, ledger, goesOn }),
    );
    await Promise.all(all);
  } finally {
    clearInterval(timer);
  }
}

/** Of clients that have gone, nothing may run on; what is left is idle and in no transaction. */
async function untilQuiet(primary: Server): Promise<void> {
  await waitFor(
    async () => {
      const rows = await primary.query(
        "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'",
      );
      return rows.length === 0;
    },
    { what: 'all links to be idle', deadlineMs: 30_000, everyMs: 100 },
  );
}

async function rowsOf(primary: Server): Promise<string[]> {
  const client = await primary.connect({ database: 'app' });
  try {
    const { rows } = await client.query<{ tag: string }>('SELECT tag FROM isolation.rows');
    return rows.map(({ tag }) => tag);
  } finally {
    await client.end();
  }
}

function searchLogs(
  ledger: Ledger,
  logs: { readonly server: string; readonly daemon: string },
): void {
  const refused = logs.server.split('\n').filter((line) => line.includes('too many connections'));
  for (const line of refused) ledger.violated(`over the cap: ${line}`);
  const internal = logs.daemon.split('\n').filter((line) => /XX000|internal error/.test(line));
  for (const line of internal) ledger.violated(`pgweir reports: ${line}`);
}
