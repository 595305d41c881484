import type {
  DaemonSnapshot,
  DatabaseTimesView,
  PeerPoolView,
  PoolView,
  ReplicaView,
  ResolvedHostView,
  ResolvedZoneView,
  TargetTrafficView,
  TotalsView,
} from './ports/daemon-view';
import { mergeStatements } from './statements/statement-rows';
import { boundErrors } from './stats/error-counts';
import { mergeHistograms, NOTHING_OBSERVED } from './stats/histogram';

/** One picture of several processes: sums, and the longest wait of all. */
export function mergeSnapshots(snapshots: readonly DaemonSnapshot[]): DaemonSnapshot {
  const states = new Set(snapshots.map(({ state }) => state));
  const [first = 'stopped'] = states;
  return {
    // While one is being replaced the daemon as a whole serves.
    state: states.has('serving') ? 'serving' : first,
    clientsTotal: sum(snapshots.map(({ clientsTotal }) => clientsTotal)),
    linksTotal: sum(snapshots.map(({ linksTotal }) => linksTotal)),
    consoleClients: sum(snapshots.map(({ consoleClients }) => consoleClients)),
    loginsTotal: sum(snapshots.map(({ loginsTotal }) => loginsTotal)),
    pools: mergePools(snapshots.flatMap(({ pools }) => pools)),
    entryClients: merged(
      snapshots.flatMap(({ entryClients }) => entryClients),
      ({ entry }) => entry,
    ),
    targetLinks: merged(
      snapshots.flatMap(({ targetLinks }) => targetLinks),
      targetOf,
    ),
    tls: merged(
      snapshots.flatMap(({ tls }) => tls),
      ({ side, version }) => `${side} ${version}`,
    ),
    replicas: mergeReplicas(snapshots.flatMap(({ replicas }) => replicas)),
    peerPools: mergePeerPools(snapshots.flatMap(({ peerPools }) => peerPools)),
    ...mergeTotals(snapshots),
    clients: snapshots.flatMap(({ clients }) => clients).sort((a, b) => a.id - b.id),
    links: snapshots.flatMap(({ links }) => links).sort((a, b) => a.id - b.id),
    waiters: snapshots.flatMap(({ waiters }) => waiters).sort((a, b) => b.waitedMs - a.waitedMs),
    resolvedHosts: mergeHosts(snapshots),
    resolvedZones: mergeZones(snapshots),
    pins: snapshots.flatMap(({ pins }) => pins).sort((a, b) => a.sinceMs - b.sinceMs),
    statements: mergeStatements(snapshots.flatMap(({ statements }) => statements)),
    processes: snapshots.flatMap(({ processes }) => processes),
    workers: snapshots.flatMap(({ workers }) => workers),
  };
}

/** One row for each database, and for each of its reasons. */
export function mergeTotals(totals: readonly TotalsView[]): TotalsView {
  const pinCounts = totals.flatMap((one) => one.pinCounts);
  return {
    stats: merged(
      totals.flatMap(({ stats }) => stats),
      ({ database }) => database,
    ),
    clientTraffic: merged(
      totals.flatMap(({ clientTraffic }) => clientTraffic),
      ({ entry }) => entry,
    ),
    targetTraffic: mergeTargets(totals.flatMap(({ targetTraffic }) => targetTraffic)),
    pinCounts: merged(pinCounts, ({ database, reason }) => `${database}\0${reason}`),
    times: mergeTimes(totals.flatMap(({ times }) => times)),
    errors: merged(
      boundErrors(totals.flatMap(({ errors }) => errors)),
      ({ entry, source, sqlstate }) => `${entry}\0${source}\0${sqlstate}`,
    ),
    auths: merged(
      totals.flatMap(({ auths }) => auths),
      ({ method, result }) => `${method} ${result}`,
    ),
    cancels: merged(
      totals.flatMap(({ cancels }) => cancels),
      ({ what }) => what,
    ),
    traces: merged(
      totals.flatMap(({ traces }) => traces),
      ({ what }) => what,
    ),
  };
}

const targetOf = ({ entry, server }: { readonly entry: string; readonly server: string }) =>
  `${entry}\0${server}`;

/** One row for each entry and server. */
export function mergeTargets(rows: readonly TargetTrafficView[]): readonly TargetTrafficView[] {
  return merged(rows, targetOf);
}

/** One for each thing that a database measures. */
function mergeTimes(times: readonly DatabaseTimesView[]): readonly DatabaseTimesView[] {
  const byKey = new Map<string, DatabaseTimesView>();
  for (const time of times) {
    const { database, what } = time;
    const before = byKey.get(`${database}\0${what}`) ?? NOTHING_OBSERVED;
    byKey.set(`${database}\0${what}`, { database, what, ...mergeHistograms([before, time]) });
  }
  return [...byKey.values()];
}

/** One row for each server of a database. */
export function mergeReplicas(replicas: readonly ReplicaView[]): readonly ReplicaView[] {
  const rows = merged(replicas, ({ database, host, port }) => `${database}\0${host}\0${port}`);
  return [...rows].sort((a, b) => order(a.database, b.database) || order(nameOf(a), nameOf(b)));
}

const nameOf = ({ host, port }: ReplicaView): string => `${host}:${port}`;

/** One row for each database and user, whatever servers their links lead to. */
export function mergePools(pools: readonly PoolView[]): readonly PoolView[] {
  const keyOf = ({ database, user }: PoolView) => `${database}\0${user}`;
  const byKey = new Map<string, Pick<PoolView, 'waitMaxMs' | 'waits'>>();
  for (const pool of pools) {
    const before = byKey.get(keyOf(pool)) ?? { waitMaxMs: 0, waits: NOTHING_OBSERVED };
    const waitMaxMs = Math.max(before.waitMaxMs, pool.waitMaxMs);
    const waits = mergeHistograms([before.waits, pool.waits]);
    byKey.set(keyOf(pool), { waitMaxMs, waits });
  }
  return merged(pools, keyOf)
    .map((pool) => ({ ...pool, ...byKey.get(keyOf(pool)) }))
    .sort((a, b) => order(a.database, b.database) || order(a.user, b.user));
}

function mergePeerPools(pools: readonly PeerPoolView[]): readonly PeerPoolView[] {
  const byPeer = new Map<number, PeerPoolView>();
  for (const { peer, sent, dialing, queued } of pools) {
    const before = byPeer.get(peer) ?? { sent: 0, dialing: 0, queued: 0 };
    byPeer.set(peer, {
      peer,
      sent: before.sent + sent,
      dialing: before.dialing + dialing,
      queued: before.queued + queued,
    });
  }
  return [...byPeer.values()].sort((a, b) => a.peer - b.peer);
}

/** What one of them has resolved the others most likely have too. */
function mergeHosts(snapshots: readonly DaemonSnapshot[]): readonly ResolvedHostView[] {
  const byName = new Map<string, ResolvedHostView>();
  for (const { resolvedHosts } of snapshots) {
    for (const host of resolvedHosts) byName.set(host.host, host);
  }
  return [...byName.values()].sort((a, b) => order(a.host, b.host));
}

/** Each asks at its own time, and not all have the same names. */
function mergeZones(snapshots: readonly DaemonSnapshot[]): readonly ResolvedZoneView[] {
  const byName = new Map<string, ResolvedZoneView>();
  for (const zone of snapshots.flatMap(({ resolvedZones }) => resolvedZones)) {
    const before = byName.get(zone.zone);
    byName.set(zone.zone, {
      zone: zone.zone,
      serial: Math.max(zone.serial, before?.serial ?? 0),
      hosts: Math.max(zone.hosts, before?.hosts ?? 0),
    });
  }
  return [...byName.values()].sort((a, b) => order(a.zone, b.zone));
}

/** Rows of one key become one: numbers are added, of everything else the first stands. */
function merged<Row extends object>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): readonly Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? row : added(before, row));
  }
  return [...byKey.values()];
}

function added<Row extends object>(a: Row, b: Row): Row {
  const result: Record<string, unknown> = Object.fromEntries(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const before = result[name];
    if (typeof value === 'number' && typeof before === 'number') result[name] = before + value;
  }
  // The names and types are those of `a`.
  return result as Row;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
