import type { Failover } from '../failover/failover';
import type { Lsn, ServerAddress } from '../observation';
import type { ServerKey } from '../server-key';
import type { Decision } from '../topology/decide';
import { claimsPrimary, isLiving, type ServerKnowledge } from '../topology/knowledge';

/** What is known of a cluster at one moment. */
export interface ClusterSight {
  readonly servers: readonly ServerKnowledge[];
  readonly decision: Decision;
  readonly failover: Failover;
}

/** A primary that is gone, and whom nobody has replaced. */
export interface Loss {
  readonly key: ServerKey;
  readonly address: ServerAddress;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Up to where it had flushed when it was asked last. */
  readonly flushed: Lsn | undefined;
}

/**
 * The primary that was lost; undefined: none was, or it is none of our business. It has to be down:
 * one that answers, as whatever, was not lost but is being worked on, and so is one that an operator
 * has banned or taken out of the list. One that this process has never seen cannot be lost to it.
 */
export function lossIn({ servers, decision, failover }: ClusterSight): Loss | undefined {
  const { settled, primary } = decision;
  const { systemIdentifier, primary: accepted } = settled;
  if (failover.kind !== 'holding' || primary !== undefined) return undefined;
  if (systemIdentifier === undefined || accepted?.timeline === undefined) return undefined;
  const lost = servers.find(({ key }) => key === accepted.key);
  if (lost === undefined || lost.banned || lost.health.kind !== 'down') return undefined;
  const claimants = servers
    .filter(isLiving)
    .filter(({ seen }) => seen.systemIdentifier === systemIdentifier)
    .filter(claimsPrimary);
  if (claimants.length > 0) return undefined;
  const { key, address } = lost;
  const { timeline } = accepted;
  return { key, address, systemIdentifier, timeline, flushed: lost.seen?.flushed };
}

/** A replica that may take the place of a lost primary. */
export interface Candidate {
  readonly key: ServerKey;
  readonly address: ServerAddress;
}

export interface Field {
  /** In the order of the list. */
  readonly candidates: readonly Candidate[];
  /** Why each of the others is none, one text each. */
  readonly others: readonly string[];
}

/**
 * Who may be promoted: replicas in service, that answer without a doubt, of the same system, on the
 * timeline of the primary that was lost.
 */
export function fieldOf({ servers, decision }: ClusterSight, loss: Loss): Field {
  const judged = servers
    .filter(({ key }) => key !== loss.key)
    .map((server) => ({ server, why: whyNot(server, decision, loss) }));
  return {
    candidates: judged
      .filter(({ why }) => why === undefined)
      .map(({ server: { key, address } }) => ({ key, address })),
    others: judged
      .filter(({ why }) => why !== undefined)
      .map(({ server, why }) => `${server.key}: ${why}`),
  };
}

function whyNot(server: ServerKnowledge, decision: Decision, loss: Loss): string | undefined {
  const verdict = decision.verdicts.get(server.key);
  if (verdict === undefined) return 'has not answered yet';
  if (verdict.outOfService !== undefined) return verdict.outOfService;
  if (verdict.role !== 'replica') return 'is no replica';
  if (server.health.kind === 'suspect') return server.health.reason;
  if (server.timeline !== loss.timeline) return `is not on timeline ${loss.timeline}`;
  return undefined;
}
