import type { ServerKey } from '../server-key';
import type { Election } from './elect';
import { type AcceptedPrimary, claimsPrimary, type LivingServer, mayTakeWrites } from './knowledge';
import type { Listings } from './listings';

/** Who was heard of so lately is there. */
const HEARD_MS = 5_000;

interface Candidates {
  readonly living: readonly LivingServer[];
  readonly accepted: AcceptedPrimary | undefined;
}

/**
 * Chooses the primary among members that share their storage. There is no timeline that would tell which
 * of two came later, so:
 *
 * - A member is primary that says so itself, twice: it is not in recovery, and lists itself as the writer.
 * - While two say so, and can be reached, nobody is.
 * - Nor is one as long as another member hears from a third one as the writer, which does not deny it.
 */
export function electByWord({ living, accepted }: Candidates, listings: Listings): Election {
  const claimants = living.filter((server) => claims(server, listings));
  const reachable = claimants.filter(mayTakeWrites);
  const [first, ...more] = reachable;
  if (more.length > 0) return { kind: 'conflict', claimants: reachable };
  const incumbent = claimants.find(({ key }) => key === accepted?.key);
  const server = first ?? incumbent;
  if (server === undefined) return { kind: 'nobody' };
  const doubt = doubtOf(server, living, listings);
  return doubt === undefined ? { kind: 'elected', server } : { kind: 'doubtful', server, ...doubt };
}

function claims(server: LivingServer, { nameOf, views }: Listings): boolean {
  if (!claimsPrimary(server)) return false;
  const name = nameOf(server.key);
  const own = views.find(({ from }) => from === server.key);
  return own?.view.members.some((member) => member.name === name && member.isWriter) === true;
}

interface Doubt {
  readonly by: ServerKey;
  /** Whom it takes for the writer. */
  readonly instead: string;
}

/**
 * What was said long ago, or by one that does not answer any more, is no reason for a doubt. Nor is what a
 * reader still says of the writer before: the claimant was seen to begin, and nothing came from the other
 * one after that.
 */
function doubtOf(
  claimant: LivingServer,
  living: readonly LivingServer[],
  { nameOf, nowMs, views }: Listings,
): Doubt | undefined {
  const denies = (name: string): boolean =>
    living.some((server) => nameOf(server.key) === name && !claimsPrimary(server));
  const own = nameOf(claimant.key);
  const sinceMs = Math.max(nowMs - HEARD_MS, claimant.writesSinceMs ?? 0);
  for (const { from, view, answeredAtMs, isCurrent } of views) {
    if (!isCurrent || from === claimant.key || view.self === own) continue;
    const writer = view.members.find(
      ({ name, isWriter, ageMs = 0 }) =>
        isWriter && name !== own && name !== view.self && answeredAtMs - ageMs >= sinceMs,
    );
    if (writer !== undefined && !denies(writer.name)) return { by: from, instead: writer.name };
  }
  return undefined;
}
