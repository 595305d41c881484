import type { ClusterView, ServerView } from '@pgweir/control';
import type { TargetLinksView, TargetTrafficView } from '@pgweir/pooler';
import { counter, flag, gauge, type Metric, type MetricScene, type Sample } from './metric';

const LABELS = ['database', 'server'];
const OF_SERVER = { subject: 'server', labels: LABELS } as const;
const OF_CLUSTER = { subject: 'database', labels: ['database'] } as const;
const OF_HOST = { subject: 'host', labels: ['server'] } as const;

type Samples = (scene: MetricScene) => readonly Sample[];

function traffic(of: (row: TargetTrafficView) => number): Samples {
  return ({ picture }) =>
    picture.targetTraffic.map((row) => ({ labels: [row.entry, row.server], value: of(row) }));
}

function links(of: (row: TargetLinksView) => number): Samples {
  return ({ picture }) =>
    picture.targetLinks.map((row) => ({ labels: [row.entry, row.server], value: of(row) }));
}

/** Of servers whose roles are followed, for each entry that has them. */
function watched(of: (server: ServerView) => number | undefined): Samples {
  return ({ picture }) =>
    picture.clusters.flatMap(({ databases, servers }) =>
      servers.flatMap((server) => {
        const value = of(server);
        if (value === undefined) return [];
        return databases.map((database) => ({ labels: [database, nameOf(server)], value }));
      }),
    );
}

const nameOf = ({ host, port }: ServerView): string => `${host.toLowerCase()}:${port}`;

function clusters(of: (cluster: ClusterView) => number): Samples {
  return ({ picture }) =>
    picture.clusters.flatMap((cluster) =>
      cluster.databases.map((database) => ({ labels: [database], value: of(cluster) })),
    );
}

const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : ms / 1000;

/** Servers, for each entry of `[databases]` that has them; what is known of them, where it is followed. */
export const OF_SERVERS: readonly Metric[] = [
  gauge(
    'pgweir_server_links',
    'Links to a server.',
    links((row) => row.links),
    OF_SERVER,
  ),
  gauge(
    'pgweir_server_links_lent',
    'Those of them that clients have.',
    links((row) => row.borrowed),
    OF_SERVER,
  ),
  counter(
    'pgweir_server_dials_total',
    'Connections to a server that were begun.',
    traffic((row) => row.requests),
    OF_SERVER,
  ),
  counter(
    'pgweir_server_failed_dials_total',
    'Connections to a server that did not come about.',
    traffic((row) => row.failed),
    OF_SERVER,
  ),
  counter(
    'pgweir_server_replies_total',
    'Queries that a server has answered.',
    traffic((row) => row.replies),
    OF_SERVER,
  ),
  counter(
    'pgweir_server_reply_seconds_total',
    'How long a server took for them.',
    traffic((row) => row.replyUs / 1e6),
    OF_SERVER,
  ),
  gauge(
    'pgweir_server_up',
    '1 while a server answers. Only where roles are followed, as all below.',
    watched(({ health }) => flag(health === 'up')),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_server_in_service',
    '1 while a server takes traffic.',
    watched(({ outOfService }) => flag(outOfService === undefined)),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_server_primary',
    '1 for the primary, 0 for all others.',
    watched(({ role }) => flag(role === 'primary')),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_server_banned',
    '1 while an operator has banned a server.',
    watched(({ isBanned }) => flag(isBanned)),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_replica_lag_seconds',
    'How far a replica is behind in time.',
    watched(({ lagMs }) => seconds(lagMs)),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_replica_lag_bytes',
    'How much of the log of the primary a replica has not replayed.',
    watched(({ lagBytes }) => lagBytes),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_server_connections',
    'Connections that a server has, of everybody.',
    watched(({ connections }) => connections),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_server_connections_max',
    'max_connections of a server.',
    watched(({ connectionsMax }) => connectionsMax),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_server_probe_seconds',
    'How long the last question to a server took.',
    watched(({ probeMs }) => seconds(probeMs)),
    { ...OF_SERVER, fold: 'max' },
  ),
  gauge(
    'pgweir_cluster_holding',
    '1 while work waits for a primary.',
    clusters(({ failover }) => flag(failover === 'holding' || failover === 'switching')),
    { ...OF_CLUSTER, fold: 'max' },
  ),
  gauge(
    'pgweir_cluster_alarms',
    'What an operator should look at, as SHOW TOPOLOGY tells it.',
    clusters(({ alarms }) => alarms.length),
    OF_CLUSTER,
  ),
  counter(
    'pgweir_failovers_total',
    'Times without a primary, planned ones among them.',
    clusters(({ failoversTotal }) => failoversTotal),
    OF_CLUSTER,
  ),
  gauge(
    'pgweir_server_cap_links',
    'Links to a server that has a cap of its own (max_connections_percent).',
    ({ picture }) =>
      picture.serverCaps.map(({ server, links: count }) => ({ labels: [server], value: count })),
    OF_HOST,
  ),
  gauge(
    'pgweir_server_cap_links_max',
    'That cap.',
    ({ picture }) =>
      picture.serverCaps.map(({ server, linksMax }) => ({ labels: [server], value: linksMax })),
    OF_HOST,
  ),
];
