import type { ServerRole } from '@pgweir/pooler';
import { isInService } from '../health/health';
import { whyOutOfService } from '../health/standing';
import { unreachable } from '../invariant';
import type { ServerKey } from '../server-key';
import { type Alarm, alarmsOf } from './alarms';
import { type Election, elect } from './elect';
import { electByWord } from './elect-by-word';
import { type Identity, identityOf } from './identity';
import {
  type ClusterKnowledge,
  claimsPrimary,
  isLiving,
  type LivingServer,
  type ServerKnowledge,
  type Settled,
} from './knowledge';

/** What a server is, and why it takes no traffic. */
export interface Verdict {
  readonly role: ServerRole;
  readonly outOfService: string | undefined;
  /** Nobody can say what it is now, because it does not answer. */
  readonly isSilent?: true;
  /** Only an operator's order keeps it from being used: what it has begun it may finish. */
  readonly isDraining?: true;
}

/** What follows from all that is known of a cluster. */
export interface Decision {
  /** What stands for the next decision. */
  readonly settled: Settled;
  /** The one server that takes writes now; it has a role of its own in `verdicts`. */
  readonly primary: ServerKey | undefined;
  /** The primary refuses writes by `default_transaction_read_only`. */
  readonly isPrimaryReadOnly: boolean;
  /** Nobody is primary yet because not all servers have been asked. */
  readonly isLooking: boolean;
  readonly verdicts: ReadonlyMap<ServerKey, Verdict>;
  readonly alarms: readonly Alarm[];
}

/**
 * Decides who is primary, which replicas are in service and what an operator should know. Pure: the
 * same knowledge gives the same decision.
 *
 * The first primary is accepted only when every server has been asked: otherwise one that was deposed
 * long ago would be taken because it was the quickest to answer.
 */
export function decide(known: ClusterKnowledge): Decision {
  const { servers, settled, confirmedLeader, listings } = known;
  const isLooking = settled.primary === undefined && servers.some(({ asked }) => !asked);
  const identity = identityOf(known);
  const living = servers.filter(isLiving).filter((server) => isOurs(server, identity));
  const election: Election = isLooking
    ? { kind: 'nobody' }
    : listings === undefined
      ? elect({ living, accepted: settled.primary, confirmedLeader })
      : electByWord({ living, accepted: settled.primary }, listings);
  const elected = election.kind === 'elected' ? election.server : undefined;
  const next = settledAfter(settled, elected);
  const primary =
    elected !== undefined && elected.key === next.primary?.key && isUsable(elected)
      ? elected
      : undefined;
  const timeline = next.primary?.timeline ?? highestTimeline(living);
  const verdicts = new Map(
    servers.map((server) => [
      server.key,
      verdictOn(server, { identity, election, primary, timeline, isLooking }),
    ]),
  );
  return {
    settled: next,
    primary: primary?.key,
    isPrimaryReadOnly: primary?.seen.readOnly === true,
    isLooking,
    verdicts,
    alarms: alarmsOf({ servers, identity, election, settled: next, primary }),
  };
}

/** The accepted primary stays accepted while it is suspect; a new one must be beyond doubt. */
function settledAfter(settled: Settled, elected: LivingServer | undefined): Settled {
  if (elected === undefined) return settled;
  const { key, timeline } = elected;
  const before = settled.primary;
  const isSame = before?.key === key;
  if (!isSame && elected.health.kind !== 'up') return settled;
  const hasRisen =
    before?.timeline !== undefined && timeline !== undefined && timeline > before.timeline;
  const { moves } = elected.seen;
  const hasMoved = isSame && moves !== undefined && moves > (before.moves ?? moves);
  const isNews = !isSame || hasRisen || moves !== before.moves;
  if (!isNews && before.timeline === (timeline ?? before.timeline)) return settled;
  return {
    systemIdentifier: elected.seen.systemIdentifier,
    primary: { key, timeline: timeline ?? (isSame ? before.timeline : undefined), moves },
    epoch: settled.epoch + (isSame && !hasRisen && !hasMoved ? 0 : 1),
  };
}

interface Outcome {
  readonly identity: Identity;
  readonly election: Election;
  readonly primary: LivingServer | undefined;
  /** The one that replicas have to be on. */
  readonly timeline: number | undefined;
  readonly isLooking: boolean;
}

function verdictOn(server: ServerKnowledge, outcome: Outcome): Verdict {
  const { seen } = server;
  const reason = whyOutOfService(server);
  const silent = server.health.kind === 'down' ? { isSilent: true as const } : {};
  const draining = server.banned && isInService(server.health) ? { isDraining: true as const } : {};
  if (server.ruledOut !== undefined) {
    return { role: 'unknown', outOfService: reason ?? server.ruledOut.why, ...silent };
  }
  if (seen === undefined) {
    return { role: 'unknown', outOfService: reason ?? 'has not answered yet', ...silent };
  }
  if (!isOurs({ ...server, seen }, outcome.identity)) {
    const why = outcome.identity.kind === 'disputed' ? 'a disputed' : 'another';
    return { role: 'unknown', outOfService: `${why} system identifier: ${seen.systemIdentifier}` };
  }
  if (server.key === outcome.primary?.key) return { role: 'primary', outOfService: undefined };
  if (seen.inRecovery) {
    const why = reason ?? whyNotInStep(server, outcome.timeline);
    return { role: 'replica', outOfService: why, ...draining };
  }
  return {
    role: 'unknown',
    outOfService: reason ?? whyNotPrimary(outcome),
    ...silent,
    ...draining,
  };
}

function whyNotPrimary({ election, isLooking }: Outcome): string {
  switch (election.kind) {
    case 'elected':
      return 'fenced: claims to be primary, but another server is';
    case 'outdated':
      return 'fenced: claims to be primary on a timeline that was left behind';
    case 'conflict':
      return 'claims to be primary, as another server does';
    case 'doubtful':
      return `is not in recovery, but ${election.by} takes ${election.instead} for the writer`;
    case 'nobody':
      return isLooking
        ? 'claims to be primary, while not all servers have been asked'
        : 'is not in recovery, but does not list itself as the writer';
    default:
      return unreachable(election);
  }
}

/** A replica on an old timeline answers, but what was written since then never reaches it. */
function whyNotInStep({ timeline }: ServerKnowledge, wanted: number | undefined) {
  if (wanted === undefined || timeline === wanted) return undefined;
  if (timeline === undefined) return 'its timeline cannot be told';
  return `on timeline ${timeline}, not ${wanted}`;
}

function highestTimeline(living: readonly LivingServer[]): number | undefined {
  const timelines = living.flatMap(({ timeline }) => timeline ?? []);
  return timelines.length === 0 ? undefined : Math.max(...timelines);
}

function isOurs(server: LivingServer | ServerKnowledge, identity: Identity): boolean {
  return identity.kind === 'known' && server.seen?.systemIdentifier === identity.systemIdentifier;
}

function isUsable(server: LivingServer): boolean {
  return claimsPrimary(server) && whyOutOfService(server) === undefined;
}
