import { isUnreachable } from '../health/health';
import type { ServerKey } from '../server-key';
import { type AcceptedPrimary, claimsPrimary, type LivingServer } from './knowledge';

/** Who is primary among servers of one system identifier. */
export type Election =
  | { readonly kind: 'elected'; readonly server: LivingServer }
  /** No server claims to be primary. */
  | { readonly kind: 'nobody' }
  /** Several claim it, and nothing tells which of them took the place of the other. */
  | { readonly kind: 'conflict'; readonly claimants: readonly LivingServer[] }
  /** Only servers claim it whose timeline was left behind, or cannot be told. */
  | { readonly kind: 'outdated'; readonly claimants: readonly LivingServer[] }
  /** One claims it, but another member, `by`, hears from a third one as the writer. */
  | {
      readonly kind: 'doubtful';
      readonly server: LivingServer;
      readonly by: ServerKey;
      readonly instead: string;
    };

export interface Candidates {
  /** Those that answer and have the right system identifier. */
  readonly living: readonly LivingServer[];
  /** Who was accepted last. */
  readonly accepted: AcceptedPrimary | undefined;
  readonly confirmedLeader: ServerKey | undefined;
}

/**
 * Chooses the primary, or nobody.
 *
 * - A timeline below one that was accepted, or that a living server is on, never wins.
 * - The accepted primary stays as long as it claims to be primary, on a timeline that nobody has passed.
 * - Another server takes its place if it is on a higher timeline, and the old one claims nothing any
 *   more or cannot be reached.
 * - A source that confirms one of those on the highest timeline decides at once.
 */
export function elect(candidates: Candidates): Election {
  const { living, accepted, confirmedLeader } = candidates;
  const claimants = living.filter(claimsPrimary);
  if (claimants.length === 0) return { kind: 'nobody' };
  const timelineOf = (server: LivingServer): number =>
    server.timeline ?? (server.key === accepted?.key ? accepted.timeline : undefined) ?? 0;
  const highest = Math.max(accepted?.timeline ?? 0, ...living.map(timelineOf));
  const top = claimants.filter((server) => timelineOf(server) >= highest);
  const confirmed = top.find(({ key }) => key === confirmedLeader);
  if (confirmed !== undefined) return { kind: 'elected', server: confirmed };
  const incumbent = claimants.find(({ key }) => key === accepted?.key);
  if (incumbent !== undefined && top.includes(incumbent)) {
    return { kind: 'elected', server: incumbent };
  }
  // Of two that were promoted to one timeline, one cannot follow the other: their histories differ.
  const risen = top.filter(
    (server) => accepted === undefined || timelineOf(server) > (accepted.timeline ?? 0),
  );
  const [successor, ...equals] = risen;
  if (successor === undefined) return { kind: 'outdated', claimants };
  if (equals.length > 0 || claimants.some((rival) => resists(rival, successor, accepted))) {
    return { kind: 'conflict', claimants };
  }
  return { kind: 'elected', server: successor };
}

/**
 * Whether `rival`, on a lower timeline, keeps `successor` from being accepted: it is the primary so
 * far, or as good as that where none was accepted yet, and can be reached.
 */
function resists(
  rival: LivingServer,
  successor: LivingServer,
  accepted: AcceptedPrimary | undefined,
): boolean {
  if (rival === successor || isUnreachable(rival.health)) return false;
  return accepted === undefined || rival.key === accepted.key;
}
