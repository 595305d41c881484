import type { ServerShare, ServerShares } from '../ports/link-budget';
import { type DatabaseName, type ServerName, serverName } from '../ports/names';
import type { TopologySnapshot } from '../ports/topology-source';
import type { DatabaseSettings, PoolerSettings } from '../settings/settings';
import { wantedRole } from '../topology/fit-servers';
import { FALLBACK_SERVERS } from '../topology/static-topology';

type Servers = Pick<TopologySnapshot, 'servers'>;

interface Known {
  readonly settings: PoolerSettings;
  readonly topology: Servers;
}

interface Found<T> {
  readonly topology: Servers;
  readonly value: T;
}

const SHARES = new WeakMap<PoolerSettings, Found<ServerShares>>();
const IDLE_SHARES = new WeakMap<PoolerSettings, Found<ReadonlyMap<ServerName, number>>>();

/**
 * How much of each server links may have. Of several entries that lead to one server the smallest part
 * counts, for the links of all of them.
 */
export function serverShares(settings: PoolerSettings, topology: Servers): ServerShares {
  return remembered(SHARES, { settings, topology }, findShares);
}

function findShares({ settings, topology }: Known): ServerShares {
  const shares = new Map<ServerName, ServerShare>();
  for (const [entry, server] of serversOfEntries({ settings, topology })) {
    const percent = entry.maxConnectionsPercent ?? settings.maxConnectionsPercent ?? 0;
    const before = shares.get(server);
    const watched = wantedRole(entry) !== undefined || before?.watched === true;
    shares.set(server, { percent: smaller(percent, before?.percent ?? 0), watched });
  }
  for (const [server, { percent }] of [...shares]) if (percent === 0) shares.delete(server);
  return shares;
}

/** How much of each server may be links that nobody has had for long, in the same way. */
export function idleShares(
  settings: PoolerSettings,
  topology: Servers,
): ReadonlyMap<ServerName, number> {
  return remembered(IDLE_SHARES, { settings, topology }, findIdleShares);
}

function findIdleShares({ settings, topology }: Known): ReadonlyMap<ServerName, number> {
  const shares = new Map<ServerName, number>();
  for (const [entry, server] of serversOfEntries({ settings, topology })) {
    const percent = entry.maxIdleConnectionsPercent ?? settings.maxIdleConnectionsPercent;
    if (percent === undefined) continue;
    shares.set(server, Math.min(percent, shares.get(server) ?? percent));
  }
  return shares;
}

/** A reload makes another object of settings, and whatever becomes known of servers another snapshot. */
function remembered<T>(
  all: WeakMap<PoolerSettings, Found<T>>,
  known: Known,
  find: (known: Known) => T,
): T {
  const { settings, topology } = known;
  const before = all.get(settings);
  if (before !== undefined && before.topology === topology) return before.value;
  const value = find(known);
  all.set(settings, { topology, value });
  return value;
}

/** 0: none. */
function smaller(one: number, other: number): number {
  return one > 0 && other > 0 ? Math.min(one, other) : one + other;
}

/** Those that it names, and those that have been found to be members of its cluster. */
function* serversOfEntries({
  settings,
  topology,
}: Known): Generator<[DatabaseSettings, ServerName]> {
  const entries: [DatabaseName, DatabaseSettings][] = [...settings.databases];
  if (settings.fallbackDatabase !== undefined)
    entries.push([FALLBACK_SERVERS, settings.fallbackDatabase]);
  for (const [name, entry] of entries) {
    for (const [at, host] of entry.hosts.entries()) {
      yield [entry, serverName({ host, port: entry.ports[at] ?? entry.ports[0] ?? 5432 })];
    }
    for (const server of topology.servers.get(name) ?? []) yield [entry, serverName(server)];
  }
}
