import {
  countOf,
  type DatabaseSettings,
  type DatabaseStatsView,
  databaseName,
  HISTOGRAM_BOUNDS_US,
  type MeasuredTime,
  PIN_REASONS,
  type PoolerSettings,
} from '@pgweir/pooler';
import { clientsOf, linksOf } from '../../admin/show/pools';
import {
  counter,
  flag,
  gauge,
  histogram,
  type Metric,
  type MetricScene,
  type Sample,
} from './metric';

const OF_DATABASE = { subject: 'database', labels: ['database'] } as const;
const HISTOGRAM_SERIES = HISTOGRAM_BOUNDS_US.length + 3;

type Count = Exclude<keyof DatabaseStatsView, 'database'>;

const COUNTERS: readonly (readonly [name: string, of: Count, help: string, scale?: number])[] = [
  ['pgweir_transactions_total', 'transactions', 'Transactions that have ended.'],
  ['pgweir_queries_total', 'queries', 'Queries that were answered.'],
  ['pgweir_tls_queries_total', 'queriesTls', 'Those of them that came over TLS.'],
  ['pgweir_leases_total', 'leases', 'Links lent to clients.'],
  ['pgweir_received_bytes_total', 'receivedBytes', 'Bytes from clients.'],
  ['pgweir_sent_bytes_total', 'sentBytes', 'Bytes to clients.'],
  [
    'pgweir_transaction_time_seconds_total',
    'transactionUs',
    'Time that clients have spent in transactions.',
    1e-6,
  ],
  ['pgweir_query_time_seconds_total', 'queryUs', 'Time that servers have spent on queries.', 1e-6],
  ['pgweir_wait_time_seconds_total', 'waitUs', 'Time that clients have waited for links.', 1e-6],
  ['pgweir_client_logins_total', 'logins', 'Clients that were let in.'],
  [
    'pgweir_client_parses_total',
    'clientParses',
    'Statements that clients have prepared by name. Those above pgweir_server_parses_total were there already.',
  ],
  [
    'pgweir_server_parses_total',
    'serverParses',
    'Statements that were prepared on links for them.',
  ],
  ['pgweir_binds_total', 'binds', 'Executions of prepared statements.'],
  [
    'pgweir_replica_transactions_total',
    'replicaTransactions',
    'Transactions that replicas have run (read_write_split).',
  ],
  ['pgweir_reads_on_primary_total', 'readsOnPrimary', 'Reads that no replica could take.'],
  [
    'pgweir_reads_rerouted_total',
    'rerouted',
    'Reads that a replica has refused, and the primary has run.',
  ],
];

const SURVIVALS: readonly (readonly [outcome: string, of: Count])[] = [
  ['moved', 'moved'],
  ['retried', 'retried'],
  ['failed', 'failed'],
];

const HISTOGRAMS: readonly (readonly [name: string, of: MeasuredTime, help: string])[] = [
  ['pgweir_wait_seconds', 'lease_wait', 'How long clients have waited for a link.'],
  ['pgweir_transaction_seconds', 'transaction', 'How long transactions took, waits not included.'],
  ['pgweir_query_seconds', 'query', 'How long servers took for a query.'],
];

/** They are rare: two numbers will do. */
const RARE_TIMES: readonly (readonly [name: string, of: MeasuredTime, what: string])[] = [
  [
    'failover_hold',
    'held',
    'leases waited while there was no server to take them, as in a failover',
  ],
  ['failover_pause', 'failover_pause', 'clients waited for another link when theirs was lost'],
  ['replica_wait', 'replica_wait', 'reads waited for a replica that is far enough'],
];

function timesOf({ picture }: MetricScene, what: MeasuredTime) {
  return picture.times.filter((time) => time.what === what);
}

function settingsOf({ databases, fallbackDatabase }: PoolerSettings, name: string) {
  return databases.get(databaseName(name)) ?? fallbackDatabase;
}

function each(
  of: (scene: MetricScene, name: string, settings: DatabaseSettings | undefined) => number,
): (scene: MetricScene) => readonly Sample[] {
  return (scene) =>
    scene.picture.stats.map(({ database }) => ({
      labels: [database],
      value: of(scene, database, settingsOf(scene.config.pooler, database)),
    }));
}

/** Sums over the pools of each database, of those that have some. */
function overPools(
  of: (pool: MetricScene['picture']['pools'][number]) => number,
): (scene: MetricScene) => readonly Sample[] {
  return ({ picture }) =>
    picture.pools.map((pool) => ({ labels: [pool.database], value: of(pool) }));
}

/** Every reason from the start, with 0: no increase is seen where a series begins with the first pin. */
function pins({ picture }: MetricScene): readonly Sample[] {
  return [
    ...picture.stats.flatMap(({ database }) =>
      PIN_REASONS.map((reason) => ({ labels: [database, reason], value: 0 })),
    ),
    ...picture.pinCounts.map(({ database, reason, count }) => ({
      labels: [database, reason],
      value: count,
    })),
  ];
}

/** A limit of one and the sum of all must not meet: who has no series of its own has no limit either. */
const OF_LIMIT = { ...OF_DATABASE, fold: 'none' } as const;

/** Databases, by the name that clients ask for. */
export const OF_DATABASES: readonly Metric[] = [
  ...COUNTERS.map(([name, of, help, scale = 1]) =>
    counter(
      name,
      help,
      ({ picture }) =>
        picture.stats.map((row) => ({ labels: [row.database], value: row[of] * scale })),
      OF_DATABASE,
    ),
  ),
  counter(
    'pgweir_lost_links_total',
    'Sessions that lost their link: moved (they noticed nothing), retried (what they had sent was run once more) or failed.',
    ({ picture }) =>
      picture.stats.flatMap((row) =>
        SURVIVALS.map(([outcome, of]) => ({ labels: [row.database, outcome], value: row[of] })),
      ),
    { subject: 'database', labels: ['database', 'outcome'], series: SURVIVALS.length },
  ),
  counter('pgweir_pins_total', 'How often a client was pinned to its link, by reason.', pins, {
    subject: 'database',
    labels: ['database', 'reason'],
    series: PIN_REASONS.length,
  }),
  counter(
    'pgweir_database_errors_total',
    'Errors that clients were sent, by who made them, for each entry of [databases]; * is for all others.',
    ({ picture }) =>
      picture.errors.map(({ entry, source, count }) => ({ labels: [entry, source], value: count })),
    { subject: 'database', labels: ['database', 'source'], series: 2 },
  ),
  counter(
    'pgweir_failed_logins_total',
    'Clients that could not prove who they are, for each entry of [databases].',
    ({ picture }) =>
      picture.clientTraffic.map(({ entry, failedAuth }) => ({
        labels: [entry],
        value: failedAuth,
      })),
    OF_DATABASE,
  ),
  gauge('pgweir_database_clients', 'Clients of a database.', overPools(clientsOf), OF_DATABASE),
  gauge(
    'pgweir_database_clients_max',
    'max_db_client_connections. 0: no limit.',
    each(
      ({ config }, _, settings) => settings?.databaseClientsMax ?? config.pooler.databaseClientsMax,
    ),
    OF_LIMIT,
  ),
  gauge('pgweir_database_links', 'Links of a database.', overPools(linksOf), OF_DATABASE),
  gauge(
    'pgweir_database_links_max',
    'max_db_connections. 0: no limit.',
    each(({ config }, _, settings) => settings?.databaseLinksMax ?? config.pooler.databaseLinksMax),
    OF_LIMIT,
  ),
  gauge(
    'pgweir_database_paused',
    '1 while a database is paused by itself.',
    each(({ picture }, name) => flag(picture.holds.pausedDatabases.includes(name))),
    { ...OF_DATABASE, fold: 'max' },
  ),
  gauge(
    'pgweir_database_disabled',
    '1 while nobody new gets into a database (DISABLE).',
    each(({ picture }, name) => flag(picture.holds.disabledDatabases.includes(name))),
    { ...OF_DATABASE, fold: 'max' },
  ),
  ...HISTOGRAMS.map(([name, of, help]) =>
    histogram(
      name,
      help,
      (scene) => timesOf(scene, of).map((time) => ({ labels: [time.database], value: time })),
      { ...OF_DATABASE, series: HISTOGRAM_SERIES },
    ),
  ),
  ...RARE_TIMES.flatMap(([name, of, what]) => [
    counter(
      `pgweir_${name}_seconds_total`,
      `For how long ${what}.`,
      (scene) =>
        timesOf(scene, of).map((time) => ({ labels: [time.database], value: time.sumUs / 1e6 })),
      OF_DATABASE,
    ),
    counter(
      `pgweir_${name}s_total`,
      `How often ${what}.`,
      (scene) =>
        timesOf(scene, of).map((time) => ({ labels: [time.database], value: countOf(time) })),
      OF_DATABASE,
    ),
  ]),
];
