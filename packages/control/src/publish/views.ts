import type { ServerRole } from '@pgweir/pooler';
import type { Failover } from '../failover/failover';
import type { FailoverRecord } from '../failover/failover-log';
import type { Health } from '../health/health';
import type { Lsn } from '../observation';
import type { Alarm } from '../topology/alarms';
import type { ServerKnowledge } from '../topology/knowledge';
import type { ClusterWatch } from '../watch/cluster-watch';

/** A row of SHOW TOPOLOGY. Plain data: may be sent to another process as it is. */
export interface ServerView {
  readonly host: string;
  readonly port: number;
  readonly role: ServerRole;
  readonly health: Health['kind'];
  /** Why it takes no traffic; undefined: it does. */
  readonly outOfService: string | undefined;
  readonly isBanned: boolean;
  /** What its cluster calls it, where members tell that. */
  readonly member: string | undefined;
  readonly systemIdentifier: string | undefined;
  readonly timeline: number | undefined;
  readonly isReadOnly: boolean | undefined;
  /** In PostgreSQL's notation. Primary: flushed. Replica: received and replayed. */
  readonly flushed: string | undefined;
  readonly received: string | undefined;
  readonly replayed: string | undefined;
  /** How far a replica is behind the primary's last known position. */
  readonly lagBytes: number | undefined;
  readonly lagMs: number | undefined;
  readonly connections: number | undefined;
  readonly connectionsMax: number | undefined;
  /** How long the last answer took, and how long ago it was asked for. */
  readonly probeMs: number | undefined;
  readonly probeAgeMs: number | undefined;
}

/** One cluster, with the entries that share it. Plain data. */
export interface ClusterView {
  readonly databases: readonly string[];
  readonly failover: Failover['kind'];
  readonly primary: string | undefined;
  /** How many failovers there have been since start. */
  readonly failoversTotal: number;
  readonly epoch: number;
  readonly alarms: readonly Alarm[];
  /** Who may promote a replica, and what happens; undefined: nobody here promotes. */
  readonly promoter: string | undefined;
  readonly promotion: string | undefined;
  readonly servers: readonly ServerView[];
}

/** A row of SHOW FAILOVERS. Plain data. */
export interface FailoverView extends FailoverRecord {
  readonly databases: readonly string[];
}

export function clusterView(
  watch: ClusterWatch,
  databases: readonly string[],
  nowMs: number,
): ClusterView {
  const { decision, failover, promotion, servers } = watch;
  const flushed = servers.find(({ key }) => key === decision.primary)?.seen?.flushed;
  return {
    databases,
    failover: failover.kind,
    primary: decision.primary,
    failoversTotal: watch.failovers.total,
    epoch: decision.settled.epoch,
    alarms: watch.alarms,
    promoter: promotion?.promoter,
    promotion: promotion?.stage,
    servers: servers.map((server) => {
      const { role, outOfService } = decision.verdicts.get(server.key) ?? UNDECIDED;
      const view = { ...serverView(server, { flushed, nowMs }), role, outOfService };
      const { lagTold } = watch;
      return lagTold === undefined ? view : { ...view, lagMs: lagTold(server.key) };
    }),
  };
}

const UNDECIDED = { role: 'unknown', outOfService: 'has not answered yet' } as const;

function serverView(
  { address, health, banned, seen, timeline }: ServerKnowledge,
  primary: { readonly flushed: Lsn | undefined; readonly nowMs: number },
): Omit<ServerView, 'role' | 'outOfService'> {
  const replayed = seen?.replayed;
  return {
    host: address.host,
    port: address.port,
    health: health.kind,
    isBanned: banned,
    member: seen?.view?.self,
    systemIdentifier: seen?.systemIdentifier,
    timeline,
    isReadOnly: seen?.readOnly,
    flushed: lsnText(seen?.flushed),
    received: lsnText(seen?.received),
    replayed: lsnText(replayed),
    lagBytes: seen?.inRecovery === true ? bytesBehind(replayed, primary.flushed) : undefined,
    lagMs: seen?.replayLagMs,
    connections: seen?.connections,
    connectionsMax: seen?.connectionsMax,
    probeMs: seen && seen.answeredAtMs - seen.askedAtMs,
    probeAgeMs: seen && primary.nowMs - seen.askedAtMs,
  };
}

/** The two were asked at different times, so a replica may seem to be ahead: then it is not behind. */
function bytesBehind(replayed: Lsn | undefined, flushed: Lsn | undefined): number | undefined {
  if (replayed === undefined || flushed === undefined) return undefined;
  return flushed > replayed ? Number(flushed - replayed) : 0;
}

function lsnText(lsn: Lsn | undefined): string | undefined {
  if (lsn === undefined) return undefined;
  const hex = (half: bigint): string => half.toString(16).toUpperCase();
  return `${hex(lsn >> 32n)}/${hex(lsn & 0xffffffffn)}`;
}
