import { type DatabaseSettings, needsPrimary, wantedRole } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { addressName, type Examined } from './examine';
import { type Diagnosis, fine, found } from './findings';
import type { ServerFacts } from './server-facts';

/** The oldest that is maintained. */
const OLDEST_MAJOR = 14;

/** What one host of an entry told whoever got in. */
export interface SeenServer {
  readonly where: string;
  readonly facts: ServerFacts;
  readonly aheadMs: number;
  readonly uncertainMs: number;
}

export function seenServers(examined: readonly Examined[]): readonly SeenServer[] {
  return examined.flatMap(({ address, logins }) => {
    const outcome = logins.map((login) => login.outcome).find(({ kind }) => kind === 'in');
    if (outcome?.kind !== 'in') return [];
    const { facts, aheadMs, uncertainMs } = outcome;
    return [{ where: addressName(address), facts, aheadMs, uncertainMs }];
  });
}

/** The servers of one entry, side by side. */
export function checkEntryServers(
  examined: readonly Examined[],
  config: DaemonConfig,
): readonly Diagnosis[] {
  const [first] = examined;
  const seen = seenServers(examined);
  if (first === undefined || seen.length === 0) return [];
  const subject = `database ${first.name}`;
  // Only when all are seen can one say what there is not.
  const isWhole = seen.length === examined.length && first.entry.topology === 'static';
  return [
    ...checkRoles(subject, first.entry, seen, isWhole),
    ...checkVersions(subject, seen),
    ...checkLag(first.entry, seen, config),
    ...checkIdle(subject, seen, config),
  ];
}

function checkRoles(
  subject: string,
  entry: DatabaseSettings,
  seen: readonly SeenServer[],
  isWhole: boolean,
): readonly Diagnosis[] {
  const wanted = wantedRole(entry);
  const primaries = seen.filter(({ facts }) => !facts.inRecovery);
  const names = primaries.map(({ where }) => where).join(', ');
  const clusters = new Set(seen.map(({ facts }) => facts.systemIdentifier));
  const servers = new Set(seen.map(({ facts }) => `${facts.systemIdentifier} ${facts.startedAt}`));
  if (wanted === undefined) return checkUnfollowed(subject, seen, primaries);
  const diagnoses: Diagnosis[] = [];
  if (clusters.size > 1) {
    const message = `${seen.map(({ where }) => where).join(', ')} have ${clusters.size} system identifiers`;
    diagnoses.push(found('not-one-cluster', subject, message));
  } else if (primaries.length > 1 && servers.size > 1) {
    diagnoses.push(found('several-primaries', subject, names));
  }
  if (primaries.length === 0 && isWhole && needsPrimary(wanted)) {
    const message = `${seen.map(({ where }) => where).join(', ')} are standbys`;
    diagnoses.push(found('no-primary', subject, message));
  }
  const wantsReplica = entry.readWriteSplit || wanted === 'standby' || wanted === 'read-only';
  if (isWhole && wantsReplica && primaries.length === seen.length) {
    diagnoses.push(found('no-replica', subject, `${names}: no standby among the hosts`));
  }
  if (diagnoses.length > 0) return diagnoses;
  const standbys = seen.length - primaries.length;
  return [fine('roles', subject, `primary: ${names || 'not seen'}, standbys: ${standbys}`)];
}

/** Nobody looks at what the hosts are. */
function checkUnfollowed(
  subject: string,
  seen: readonly SeenServer[],
  primaries: readonly SeenServer[],
): readonly Diagnosis[] {
  if (primaries.length === seen.length) return [];
  const standbys = seen.filter(({ facts }) => facts.inRecovery).map(({ where }) => where);
  if (primaries.length > 0) {
    const message = `${standbys.join(', ')}: standby, beside a primary`;
    return [found('mixed-roles', subject, message)];
  }
  return [found('only-a-standby', subject, standbys.join(', '))];
}

function checkVersions(subject: string, seen: readonly SeenServer[]): readonly Diagnosis[] {
  const majors = new Set(seen.map(({ facts }) => Math.floor(facts.version / 10_000)));
  const old = seen.filter(({ facts }) => facts.version < OLDEST_MAJOR * 10_000);
  return [
    ...old.map(({ where, facts }) => found('old-version', `server ${where}`, facts.versionText)),
    ...(majors.size > 1
      ? [found('mixed-versions', subject, [...majors].sort().join(' and '))]
      : []),
  ];
}

function checkLag(
  entry: DatabaseSettings,
  seen: readonly SeenServer[],
  { pooler }: DaemonConfig,
): readonly Diagnosis[] {
  const wanted = wantedRole(entry);
  const reads = entry.readWriteSplit || (wanted !== undefined && !needsPrimary(wanted));
  if (!reads) return [];
  const boundMs = entry.maxReplicaLagMs ?? pooler.maxReplicaLagMs;
  const limitMs = boundMs === 0 ? LAG_MS : boundMs;
  return seen.flatMap(({ where, facts }) => {
    if (!facts.inRecovery) return [];
    const subject = `server ${where}`;
    const diagnoses: Diagnosis[] = [];
    if (facts.lagMs > limitMs) {
      const message = `${(facts.lagMs / 1000).toFixed(1)} s behind`;
      diagnoses.push(found('replica-behind', subject, message));
    }
    const delayMs = facts.standbyDelayMs;
    if (!facts.feedback && delayMs >= 0 && delayMs <= STANDBY_DELAY_MS) {
      const message = `hot_standby_feedback is off, max_standby_streaming_delay ${delayMs} ms`;
      diagnoses.push(found('replica-cancels', subject, message));
    }
    return diagnoses;
  });
}

/** Without max_replica_lag that much is worth a word. */
const LAG_MS = 10_000;
/** PostgreSQL's default. */
const STANDBY_DELAY_MS = 30_000;

function checkIdle(
  subject: string,
  seen: readonly SeenServer[],
  { pooler }: DaemonConfig,
): readonly Diagnosis[] {
  if (pooler.poolMode === 'session' || pooler.idleTransactionTimeoutMs > 0) return [];
  const without = seen.filter(({ facts }) => facts.idleTransactionTimeoutMs === 0);
  if (without.length === 0) return [];
  return [found('idle-in-transaction', subject, 'neither side has a limit')];
}

/** A second matters to people who read two logs, much more to whoever checks tokens. */
const CLOCK_MS = 1000;

/** Each server once. */
export function checkClocks(seen: readonly SeenServer[]): readonly Diagnosis[] {
  const once = new Map(seen.map((server) => [server.where, server]));
  return [...once.values()].map(({ where, aheadMs, uncertainMs }) => {
    const subject = `clock of ${where}`;
    const shown = `${Math.abs(Math.round(aheadMs))} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} ours`;
    return Math.abs(aheadMs) - uncertainMs > CLOCK_MS
      ? found('clock-differs', subject, shown)
      : fine('clock', subject, `${shown} (± ${Math.ceil(uncertainMs)} ms)`);
  });
}
