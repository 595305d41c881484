import {
  type ClientTrafficView,
  type DaemonSnapshot,
  type DatabaseStatsView,
  type EntryClientsView,
  NOTHING_SEEN,
  type ServerCapView,
  type TargetLinksView,
  type TargetTrafficView,
} from '@pgweir/pooler';
import type { EmfMetric, EmfRecord, EmfUnit } from './emf-line';

/** Whether servers of one role were there. */
export interface RoleAvailability {
  readonly entry: string;
  readonly role: 'READ_WRITE' | 'READ_ONLY';
  /** Of the period. */
  readonly percent: number;
}

/** What the metrics of one period are made from. */
export interface MetricsSource {
  readonly proxyName: string;
  readonly now: DaemonSnapshot;
  /** At the end of the period before; undefined: there was none. */
  readonly before: DaemonSnapshot | undefined;
  readonly serverCaps: readonly ServerCapView[];
  readonly availability: readonly RoleAvailability[];
  /** The entry of the configuration that a database belongs to. */
  readonly entryOf: (database: string) => string;
}

/**
 * The metrics of RDS Proxy, with its names and dimensions: of everything together, of each entry (which is
 * both an endpoint and a target group), and of each server of an entry.
 */
export function rdsMetrics(source: MetricsSource): readonly EmfRecord[] {
  const { proxyName, now, before = NOTHING_SEEN, serverCaps, entryOf } = source;
  const traffic = grown(now.clientTraffic, before.clientTraffic, ({ entry }) => entry);
  const stats = byEntry(
    grown(now.stats, before.stats, ({ database }) => database),
    entryOf,
  );
  const targets = grown(now.targetTraffic, before.targetTraffic, targetOf);
  const records: EmfRecord[] = [
    {
      dimensions: { ProxyName: proxyName },
      metrics: [
        ...clientMetrics(sum(traffic, NO_TRAFFIC), sum(now.entryClients, NO_CLIENTS)),
        ...queryMetrics(sum(stats, NO_STATS)),
        ...serverMetrics(sum(targets, NO_TARGET), sum(now.targetLinks, NO_LINKS)),
        ...allowedMetric(serverCaps),
      ],
    },
  ];
  for (const entry of entriesOf(traffic, stats, now.entryClients)) {
    const isIt = (row: { readonly entry: string }) => row.entry === entry;
    const came = sum(traffic.filter(isIt), NO_TRAFFIC);
    const present = sum(now.entryClients.filter(isIt), NO_CLIENTS);
    const ran = sum(stats.filter(isIt), NO_STATS);
    records.push({
      dimensions: { ProxyName: proxyName, EndpointName: entry },
      metrics: [...clientMetrics(came, present), ...queryMetrics(ran)],
    });
  }
  for (const { entry, server, ...counts } of targets) {
    const links = now.targetLinks.filter((row) => row.entry === entry && row.server === server);
    records.push({
      dimensions: { ProxyName: proxyName, TargetGroup: entry, Target: server },
      metrics: [
        ...serverMetrics(counts, sum(links, NO_LINKS)),
        ...mean('QueryDatabaseResponseLatency', counts.replyUs, counts.replies),
        ...allowedMetric(serverCaps.filter((cap) => cap.server === server)),
      ],
    });
  }
  for (const { entry, role, percent } of source.availability) {
    records.push({
      dimensions: { ProxyName: proxyName, TargetGroup: entry, TargetRole: role },
      metrics: [metric('AvailabilityPercentage', 'Percent', percent)],
    });
  }
  return records;
}

type Traffic = Omit<ClientTrafficView, 'entry'>;
type Clients = Omit<EntryClientsView, 'entry'>;
type Stats = Pick<DatabaseStatsView, 'queries' | 'queriesTls' | 'queryUs' | 'waitUs' | 'leases'>;
type Target = Omit<TargetTrafficView, 'entry' | 'server'>;
type Links = Omit<TargetLinksView, 'entry' | 'server'>;

const NO_TRAFFIC: Traffic = { received: 0, succeeded: 0, failedAuth: 0, closed: 0 };
const NO_CLIENTS: Clients = { clients: 0, clientsTls: 0 };
const NO_STATS: Stats = { queries: 0, queriesTls: 0, queryUs: 0, waitUs: 0, leases: 0 };
const NO_TARGET: Target = {
  ...{ requests: 0, requestsTls: 0, succeeded: 0, failed: 0 },
  ...{ replies: 0, replyUs: 0 },
};
const NO_LINKS: Links = { links: 0, linksTls: 0, borrowed: 0, inTransaction: 0, pinned: 0 };

function clientMetrics(traffic: Traffic, { clients, clientsTls }: Clients): readonly EmfMetric[] {
  return [
    count('ClientConnections', clients),
    count('ClientConnectionsTLS', clientsTls),
    count('ClientConnectionsNoTLS', clients - clientsTls),
    count('ClientConnectionsReceived', traffic.received),
    count('ClientConnectionsSetupSucceeded', traffic.succeeded),
    count('ClientConnectionsSetupFailedAuth', traffic.failedAuth),
    count('ClientConnectionsClosed', traffic.closed),
  ];
}

function queryMetrics({ queries, queriesTls, queryUs, waitUs, leases }: Stats) {
  return [
    count('QueryRequests', queries),
    count('QueryRequestsTLS', queriesTls),
    count('QueryRequestsNoTLS', queries - queriesTls),
    ...mean('QueryDatabaseResponseLatency', queryUs, queries),
    ...mean('QueryResponseLatency', queryUs + waitUs, queries),
    ...mean('DatabaseConnectionsBorrowLatency', waitUs, leases),
  ];
}

function serverMetrics(counts: Target, links: Links): readonly EmfMetric[] {
  return [
    count('DatabaseConnections', links.links),
    count('DatabaseConnectionsWithTLS', links.linksTls),
    count('DatabaseConnectionsCurrentlyBorrowed', links.borrowed),
    count('DatabaseConnectionsCurrentlyInTransaction', links.inTransaction),
    count('DatabaseConnectionsCurrentlySessionPinned', links.pinned),
    count('DatabaseConnectionRequests', counts.requests),
    count('DatabaseConnectionRequestsWithTLS', counts.requestsTls),
    count('DatabaseConnectionsSetupSucceeded', counts.succeeded),
    count('DatabaseConnectionsSetupFailed', counts.failed),
  ];
}

/** Left out where nobody knows. */
function allowedMetric(caps: readonly ServerCapView[]): readonly EmfMetric[] {
  if (caps.length === 0 || caps.some(({ maxConnections }) => maxConnections === 0)) return [];
  const all = caps.reduce((total, { linksMax }) => total + linksMax, 0);
  return [count('MaxDatabaseConnectionsAllowed', all)];
}

function metric(name: string, unit: EmfUnit, value: number): EmfMetric {
  return { name, unit, value };
}

function count(name: string, value: number): EmfMetric {
  return metric(name, 'Count', value);
}

/** Left out where nothing has happened. */
function mean(name: string, us: number, of: number): readonly EmfMetric[] {
  return of === 0 ? [] : [metric(name, 'Microseconds', Math.round((us / of) * 1000) / 1000)];
}

function targetOf({ entry, server }: TargetTrafficView): string {
  return `${entry}\0${server}`;
}

/** What has been added since then. Of something that was forgotten and has come back, all of it. */
function grown<Row extends object>(
  now: readonly Row[],
  before: readonly Row[],
  keyOf: (row: Row) => string,
): readonly Row[] {
  const known = new Map(before.map((row) => [keyOf(row), Object.entries(row)]));
  return now.map((row) => {
    const old = Object.fromEntries(known.get(keyOf(row)) ?? []);
    const entries = Object.entries(row).map(([name, value]) => {
      const was: unknown = old[name];
      const isOlder = typeof value === 'number' && typeof was === 'number' && was <= value;
      return [name, isOlder ? value - was : value];
    });
    // The names and types are those of `row`.
    return Object.fromEntries(entries) as Row;
  });
}

/** The sum of the numbers that `nothing` has. */
function sum<Numbers extends Readonly<Record<string, number>>>(
  rows: readonly Numbers[],
  nothing: Numbers,
): Numbers {
  const total: Record<string, number> = { ...nothing };
  for (const row of rows) {
    for (const name of Object.keys(nothing)) total[name] = (total[name] ?? 0) + (row[name] ?? 0);
  }
  // The names are those of `nothing`.
  return total as Numbers;
}

function byEntry(
  stats: readonly DatabaseStatsView[],
  entryOf: (database: string) => string,
): readonly (Stats & { readonly entry: string })[] {
  return stats.map((row) => ({ ...row, entry: entryOf(row.database) }));
}

function entriesOf(
  ...rows: readonly (readonly { readonly entry: string }[])[]
): ReadonlySet<string> {
  return new Set(rows.flat().map(({ entry }) => entry));
}
