import type { DatabaseStatsView } from '@pgweir/pooler';
import type { Row } from '../table';
import { byName, CONSOLE_DATABASE, numerics, type Scene, type ShowItems, texts } from './item';

/** Names in SHOW TOTALS, and what they count, in PgBouncer's order. */
const COUNTED = [
  ['server_assignment_count', 'leases'],
  ['xact_count', 'transactions'],
  ['query_count', 'queries'],
  ['client_bytes', 'receivedBytes'],
  ['server_bytes', 'sentBytes'],
  ['xact_time', 'transactionUs'],
  ['query_time', 'queryUs'],
  ['wait_time', 'waitUs'],
  ['ps_client_parse_count', 'clientParses'],
  ['ps_server_parse_count', 'serverParses'],
  ['ps_bind_count', 'binds'],
  ['client_login_count', 'logins'],
] as const;

type Counted = (typeof COUNTED)[number][1];

const NOTHING: Omit<DatabaseStatsView, 'database'> = {
  leases: 0,
  transactions: 0,
  queries: 0,
  queriesTls: 0,
  receivedBytes: 0,
  sentBytes: 0,
  transactionUs: 0,
  queryUs: 0,
  waitUs: 0,
  clientParses: 0,
  serverParses: 0,
  binds: 0,
  moved: 0,
  retried: 0,
  failed: 0,
  replicaTransactions: 0,
  readsOnPrimary: 0,
  rerouted: 0,
  logins: 0,
};

const numbers = (of: Readonly<Record<Counted, number>>): readonly number[] =>
  COUNTED.map(([, name]) => Math.round(of[name]));

/** Every database that was used, in the order of their names, the console's among them. */
function databases({ picture }: Scene): readonly DatabaseStatsView[] {
  const console = { database: CONSOLE_DATABASE, ...NOTHING };
  const pools = new Set(picture.pools.map(({ database }) => database));
  const used = picture.stats.filter(
    (row) => pools.has(row.database) || row.logins > 0 || row.leases > 0,
  );
  return [...used, console].sort((a, b) => byName(a.database, b.database));
}

function averageOf({ picture }: Scene, database: string): readonly number[] {
  return numbers(picture.averages.find((row) => row.database === database) ?? NOTHING);
}

/** Over all databases. */
function total(rows: readonly DatabaseStatsView[]): readonly number[] {
  return COUNTED.map(([, name]) => Math.round(rows.reduce((sum, row) => sum + row[name], 0)));
}

/** Averages of times are not added up but weighed by what they are averages of. */
function totalAverage(rows: readonly DatabaseStatsView[]): readonly number[] {
  const weighed = (time: Counted, count: Counted): number => {
    const all = rows.reduce((sum, row) => sum + row[count], 0);
    return all === 0 ? 0 : rows.reduce((sum, row) => sum + row[time] * row[count], 0) / all;
  };
  const weights: Partial<Record<Counted, Counted>> = {
    transactionUs: 'transactions',
    queryUs: 'queries',
    waitUs: 'leases',
  };
  const sums = total(rows);
  return COUNTED.map(([, name], at) => {
    const weight = weights[name];
    return weight === undefined ? (sums[at] ?? 0) : Math.round(weighed(name, weight));
  });
}

export const STATS: ShowItems = {
  stats: {
    help:
      'Totals since start and averages of the last whole `stats_period`, by database. Times are ' +
      'microseconds.',
    columns: [
      ...texts('database'),
      ...numerics(
        'total_server_assignment_count',
        'total_xact_count',
        'total_query_count',
        'total_received',
        'total_sent',
        'total_xact_time',
        'total_query_time',
        'total_wait_time',
        'total_client_parse_count',
        'total_server_parse_count',
        'total_bind_count',
        'total_client_login_count',
        'avg_server_assignment_count',
        'avg_xact_count',
        'avg_query_count',
        'avg_recv',
        'avg_sent',
        'avg_xact_time',
        'avg_query_time',
        'avg_wait_time',
        'avg_client_parse_count',
        'avg_server_parse_count',
        'avg_bind_count',
        'avg_client_login_count',
      ),
    ],
    rows: (scene) =>
      databases(scene).map((row) => [
        row.database,
        ...numbers(row),
        ...averageOf(scene, row.database),
      ]),
  },
  stats_totals: {
    help: 'Totals since start, by database.',
    columns: [
      ...texts('database'),
      ...numerics(
        'server_assignment_count',
        'xact_count',
        'query_count',
        'bytes_received',
        'bytes_sent',
        'xact_time',
        'query_time',
        'wait_time',
        'client_parse_count',
        'server_parse_count',
        'bind_count',
        'client_login_count',
      ),
    ],
    rows: (scene) => databases(scene).map((row) => [row.database, ...numbers(row)]),
  },
  stats_averages: {
    help: 'Averages of the last whole `stats_period`, by database.',
    columns: [
      ...texts('database'),
      ...numerics(
        'server_assignment_count',
        'xact_count',
        'query_count',
        'bytes_received',
        'bytes_sent',
        'xact_time',
        'query_time',
        'wait_time',
        'avg_client_parse_count',
        'avg_server_parse_count',
        'avg_bind_count',
        'avg_client_login_count',
      ),
    ],
    rows: (scene) =>
      databases(scene).map((row) => [row.database, ...averageOf(scene, row.database)]),
  },
  totals: {
    help: 'Totals and averages over all databases.',
    columns: [...texts('name'), ...numerics('value')],
    rows: ({ picture }) => {
      const named = (prefix: string, values: readonly number[]): readonly Row[] =>
        COUNTED.map(([name], at) => [`${prefix}_${name}`, values[at] ?? 0]);
      return [
        ...named('total', total(picture.stats)),
        ...named('avg', totalAverage(picture.averages)),
      ];
    },
  },
};
