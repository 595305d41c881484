import type { ServerEndpoint } from '@pgweir/pooler';
import { type DatabaseEntry, needsPrimary, needsReplica, writes } from '../entry';
import type { ServerAddress } from '../observation';
import { serverKey } from '../server-key';
import type { Decision } from '../topology/decide';

/** What is known of the cluster that an entry names. */
export interface ClusterState {
  /** In whatever order, as the cluster has them. */
  readonly servers: readonly { readonly address: ServerAddress }[];
  readonly decision: Decision;
  /** Work that needs the primary waits. */
  readonly isHolding: boolean;
  /** Another server may become primary. */
  readonly mayFailOver: boolean;
  /** The primary hands over: it gets nothing new. */
  readonly isSwitching: boolean;
}

export interface PublishedEntry {
  readonly endpoints: readonly ServerEndpoint[];
  readonly isHolding: boolean;
}

/** An entry that does not follow roles: its list, as it is written. */
export function plainEndpoints({ servers }: DatabaseEntry): readonly ServerEndpoint[] {
  return servers.map(({ host, port }) => Object.freeze({ host, port, role: 'unknown' as const }));
}

const SILENT = { isSilent: true } as const;
const LEAVING = { isLeaving: true } as const;

/** An entry that follows roles: what its servers are, and whether its work waits. */
export function publishedEntry(entry: DatabaseEntry, cluster: ClusterState): PublishedEntry {
  const { decision } = cluster;
  const isReadOnly = writes(entry) && decision.isPrimaryReadOnly;
  const addresses = addressesOf(entry, cluster);
  const endpoints = addresses.map((address): ServerEndpoint => {
    const { host, port } = address;
    const verdict = decision.verdicts.get(serverKey(address));
    const role = verdict?.role ?? 'unknown';
    const reason =
      role === 'primary' && isReadOnly
        ? 'default_transaction_read_only is on'
        : verdict?.outOfService;
    return Object.freeze({
      ...{ host, port, role },
      ...(reason && { outOfService: reason }),
      ...(verdict?.isSilent === true && SILENT),
      ...(verdict?.isDraining === true && LEAVING),
      ...(cluster.isSwitching && role === 'primary' && LEAVING),
    });
  });
  return { endpoints, isHolding: waits(entry, cluster, endpoints, isReadOnly) };
}

/** The entry's own, in its order, unless the members of its cluster are found. */
export function addressesOf(
  { servers, source }: DatabaseEntry,
  cluster: Pick<ClusterState, 'servers'>,
): readonly ServerAddress[] {
  return source === undefined ? servers : cluster.servers.map(({ address }) => address);
}

function waits(
  entry: DatabaseEntry,
  { decision, isHolding, mayFailOver }: ClusterState,
  endpoints: readonly ServerEndpoint[],
  isReadOnly: boolean,
): boolean {
  if (needsPrimary(entry)) return isHolding || (isReadOnly && mayFailOver);
  const isExpected = needsReplica(entry) ? decision.isLooking : isHolding;
  return isExpected && endpoints.every(({ outOfService }) => outOfService !== undefined);
}
