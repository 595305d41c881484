import { notReady } from '../../http/readiness';
import { runtimeName, VERSION } from '../../version';
import { counter, flag, gauge, type Metric, type MetricScene, only, type Sample } from './metric';

/**
 * Errors of ours that say that something is wrong. They are there from the start, with 0: Prometheus sees
 * no increase where a series begins with its first error.
 */
const GRAVE = ['08006', '08007', '53200', '53300', '57P01', '57P03', 'XX000'];

function errors({ picture }: MetricScene): readonly Sample[] {
  return [
    ...GRAVE.map((sqlstate) => ({ labels: [sqlstate, 'pgweir'], value: 0 })),
    ...picture.errors.map(({ source, sqlstate, count }) => ({
      labels: [sqlstate, source],
      value: count,
    })),
  ];
}

/** Both results of each method that may come or has come, also before the first. */
function logins({ config, picture }: MetricScene): readonly Sample[] {
  const { accessRules, authType } = config.pooler;
  const methods = new Set([
    ...(authType === 'hba' ? accessRules.map(({ method }) => method) : [authType]),
    ...picture.auths.map(({ method }) => method),
  ]);
  return [
    { labels: ['none', 'failed'], value: 0 },
    ...[...methods].flatMap((method) =>
      ['ok', 'failed'].map((result) => ({ labels: [method, result], value: 0 })),
    ),
    ...picture.auths.map(({ method, result, count }) => ({
      labels: [method, result],
      value: count,
    })),
  ];
}

const OF_SECRET = { subject: 'secret', labels: ['secret'], fold: 'max' } as const;

/** The daemon as a whole. */
export const OF_DAEMON: readonly Metric[] = [
  gauge(
    'pgweir_build_info',
    'Always 1. The version of pgweir and of what it runs on.',
    () => [{ labels: [VERSION, runtimeName()], value: 1 }],
    { labels: ['version', 'runtime'] },
  ),
  gauge('pgweir_ready', 'As /readyz has it: 1 while new clients are served.', ({ standing }) =>
    only(flag(notReady(standing) === undefined)),
  ),
  gauge('pgweir_draining', '1 while it is shutting down.', ({ standing }) =>
    only(flag(standing.phase === 'draining')),
  ),
  gauge('pgweir_paused', '1 while all databases are paused, or everything is suspended.', (scene) =>
    only(flag(scene.picture.holds.paused || scene.picture.holds.suspended)),
  ),
  gauge('pgweir_clients', 'Clients that count for max_client_conn.', ({ picture }) =>
    only(picture.clientsTotal - picture.consoleClients),
  ),
  gauge('pgweir_clients_max', 'max_client_conn. 0: no limit.', ({ config }) =>
    only(config.pooler.clientsMax),
  ),
  gauge('pgweir_console_clients', 'Clients of the console.', ({ picture }) =>
    only(picture.consoleClients),
  ),
  gauge('pgweir_clients_logging_in', 'Clients that are not let in yet.', ({ picture }) =>
    only(picture.loginsTotal),
  ),
  gauge(
    'pgweir_links',
    'Connections to PostgreSQL, those that are being opened among them.',
    (scene) => only(scene.picture.linksTotal),
  ),
  gauge(
    'pgweir_tls_connections',
    'Connections of clients and to servers by the version of TLS, or none.',
    ({ picture }) =>
      picture.tls.map(({ side, version, count }) => ({ labels: [side, version], value: count })),
    { labels: ['side', 'version'] },
  ),
  counter(
    'pgweir_errors_total',
    'Errors that clients were sent, by SQLSTATE and by who made them: pgweir, or server (PostgreSQL).',
    errors,
    { subject: 'sqlstate', labels: ['sqlstate', 'source'], series: 2 },
  ),
  counter(
    'pgweir_logins_total',
    'Logins, those to the console among them, by method of authentication and by result: ok or failed.',
    logins,
    { labels: ['method', 'result'] },
  ),
  ...(
    [
      ['received', 'pgweir_cancel_requests_total', 'Cancel requests of clients and peers.'],
      [
        'unknown',
        'pgweir_cancel_requests_unknown_total',
        'Cancel requests with a key that nobody has.',
      ],
      [
        'sent',
        'pgweir_cancels_sent_total',
        'Cancel requests sent to PostgreSQL, for clients or because a limit of time was over.',
      ],
    ] as const
  ).map(([what, name, help]) =>
    counter(name, help, ({ picture }) =>
      picture.cancels
        .filter((row) => row.what === what)
        .map(({ count }) => ({ labels: [], value: count })),
    ),
  ),
  counter(
    'pgweir_trace_spans_total',
    'Spans of transactions, with trace_endpoint, by what became of them.',
    ({ picture }) => picture.traces.map(({ what, count }) => ({ labels: [what], value: count })),
    { labels: ['what'] },
  ),
  gauge(
    'pgweir_config_loaded_timestamp_seconds',
    'When the configuration in force was read.',
    ({ picture }) => only(picture.configuration.atMs / 1000),
  ),
  gauge(
    'pgweir_config_reload_failed',
    '1 when the last RELOAD was refused: an older configuration is in force.',
    ({ picture }) => only(flag(picture.configuration.isOld)),
  ),
  gauge(
    'pgweir_secret_age_seconds',
    'How long ago a secret was last read from its store.',
    ({ picture }) =>
      picture.secrets.flatMap(({ place, readAgeMs }) =>
        readAgeMs === undefined ? [] : [{ labels: [place], value: readAgeMs / 1000 }],
      ),
    OF_SECRET,
  ),
  gauge(
    'pgweir_secret_failing',
    '1 while a secret cannot be read.',
    ({ picture }) =>
      picture.secrets.map(({ place, fault }) => ({
        labels: [place],
        value: flag(fault !== undefined),
      })),
    OF_SECRET,
  ),
  gauge(
    'pgweir_metrics_series',
    'Time series of databases, pools, servers, SQLSTATEs and secrets that are in use.',
    (scene) => only(scene.limits.series),
  ),
  gauge('pgweir_metrics_series_max', 'metrics_series_max.', ({ limits }) => only(limits.seriesMax)),
  gauge(
    'pgweir_metrics_folded',
    'Databases, pools, servers, SQLSTATEs and secrets that are only counted under the name _other.',
    ({ limits }) => only(limits.folded),
  ),
];
