import {
  type DatabaseName,
  type PoolerNeeds,
  type PoolerSettings,
  type PositionReport,
  type PositionSource,
  type ServerEndpoint,
  type TopologySource,
  wantedRole,
} from '@pgweir/pooler';

const EPOCH = 1;
const POSITION = 1000;

/** Servers of which the first is primary, and replicas that have everything: nothing ever changes. */
export function stillServers({
  databases,
}: PoolerSettings): Pick<PoolerNeeds, 'topology' | 'positions'> {
  const followed = [...databases].filter(([, entry]) => wantedRole(entry) !== undefined);
  if (followed.length === 0) return {};
  const servers = new Map<DatabaseName, readonly ServerEndpoint[]>(
    followed.map(([name, { hosts, ports }]) => [
      name,
      hosts.map((host, at) => ({
        ...{ host, port: ports[at] ?? ports[0] ?? 5432 },
        role: at === 0 ? 'primary' : 'replica',
      })),
    ]),
  );
  const roles = new Map(followed.map(([name]) => [name, { epoch: EPOCH, holding: false }]));
  const topology: TopologySource = {
    current: { generation: 1, servers, roles },
    subscribe: () => () => undefined,
  };
  return { topology, positions: stillPositions(servers) };
}

function stillPositions(
  servers: ReadonlyMap<DatabaseName, readonly ServerEndpoint[]>,
): PositionSource {
  return {
    subscribe: (entry, heard) => {
      const replicas = (servers.get(entry) ?? []).filter(({ role }) => role === 'replica');
      const tell = (covers: number): void => heard(reportOf(replicas, covers));
      setImmediate(() => tell(0));
      return {
        want: (tick) => void setImmediate(() => tell(tick)),
        mindOthers: () => undefined,
        noteUnflushedCommits: () => undefined,
        leave: () => undefined,
      };
    },
  };
}

function reportOf(replicas: readonly ServerEndpoint[], covers: number): PositionReport {
  return {
    epoch: EPOCH,
    systemIdentifier: '1',
    timeline: 1,
    covers,
    primary: POSITION,
    replicas: replicas.map(({ host, port }) => ({
      ...{ host, port, incarnation: 1, replayed: POSITION, covers, lagMs: 0 },
    })),
    othersBegun: 0,
    othersCovered: 0,
  };
}
