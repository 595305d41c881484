import type { ServerAddress } from '../observation';
import type { ClaimedMember, PlannedSwitchover } from '../ports/topology-claims';

/** A cluster has a handful of members; what is more is not looked at. */
const MEMBERS_MAX = 100;
const TEXT_CHARS_MAX = 255;

/** What `GET /cluster` says. */
export interface ClusterView {
  readonly members: readonly ClaimedMember[];
  /** The member that holds the leader key; undefined: nobody, as during an election. */
  readonly leader: ClaimedMember | undefined;
  readonly paused: boolean;
  readonly switchover: PlannedSwitchover | undefined;
}

/** What `GET /primary` says besides its status. */
export interface NodeView {
  /** Newer Patronis tell it. */
  readonly name: string | undefined;
  readonly timeline: number | undefined;
}

/** @returns undefined when Patroni would not say that */
export function readCluster(body: string): ClusterView | undefined {
  const cluster = parsed(body);
  const list = cluster === undefined ? undefined : cluster.members;
  if (cluster === undefined || !Array.isArray(list)) return undefined;
  const members: ClaimedMember[] = [];
  let leader: ClaimedMember | undefined;
  for (const entry of list.slice(0, MEMBERS_MAX)) {
    const member = memberOf(entry);
    if (member === undefined) continue;
    members.push(member);
    // `master` and `primary` are what versions before and after call it; that of a standby cluster
    // (`standby_leader`) is in recovery, and nobody writes there.
    if (isRecord(entry) && LEADER_ROLES.has(String(entry.role))) leader = member;
  }
  const switchover = plannedOf(cluster.scheduled_switchover);
  return { members, leader, paused: cluster.pause === true, switchover };
}

const LEADER_ROLES: ReadonlySet<string> = new Set(['leader', 'master', 'primary']);

export function readNode(body: string): NodeView {
  const node = parsed(body);
  const patroni = node?.patroni;
  const { timeline } = node ?? {};
  return {
    name: isRecord(patroni) ? textOf(patroni.name) : undefined,
    timeline: Number.isSafeInteger(timeline) ? Number(timeline) : undefined,
  };
}

function memberOf(entry: unknown): ClaimedMember | undefined {
  if (!isRecord(entry)) return undefined;
  const name = textOf(entry.name);
  if (name === undefined) return undefined;
  return { name, address: addressOf(entry), state: textOf(entry.state) ?? '' };
}

/** Patroni leaves the port out where it is PostgreSQL's own. */
function addressOf({ host, port = 5432 }: JsonRecord): ServerAddress | undefined {
  const name = textOf(host);
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  if (name === undefined || typeof number !== 'number') return undefined;
  return Number.isInteger(number) && number > 0 && number < 65_536
    ? { host: name, port: number }
    : undefined;
}

function plannedOf(planned: unknown): PlannedSwitchover | undefined {
  if (!isRecord(planned) || typeof planned.at !== 'string') return undefined;
  const atMs = Date.parse(planned.at);
  if (Number.isNaN(atMs)) return undefined;
  return { atMs, from: textOf(planned.from), to: textOf(planned.to) };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function parsed(body: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null;
}

/** A name, host or state: short, printable, not empty. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > TEXT_CHARS_MAX) return undefined;
  return /^[^\p{Cc}]+$/u.test(value) ? value : undefined;
}
