import { type ClusterKnowledge, claimsPrimary, isLiving } from './knowledge';

/** Which system identifier the servers of a cluster must have. */
export type Identity =
  | { readonly kind: 'known'; readonly systemIdentifier: string }
  /** Nobody has answered so far. */
  | { readonly kind: 'unknown' }
  /** Servers of several clusters are listed as one, and nothing says which is meant. */
  | { readonly kind: 'disputed'; readonly systemIdentifiers: readonly string[] };

/**
 * The identifier of the first primary that was accepted stands. Before there is one: that of the only
 * server that claims to be primary, or of the one that the source confirms, or what all agree on.
 */
export function identityOf({ servers, settled, confirmedLeader }: ClusterKnowledge): Identity {
  if (settled.systemIdentifier !== undefined) return known(settled.systemIdentifier);
  const living = servers.filter(isLiving);
  const claimants = living.filter(claimsPrimary);
  const confirmed = claimants.find(({ key }) => key === confirmedLeader);
  if (confirmed !== undefined) return known(confirmed.seen.systemIdentifier);
  const voices = claimants.length > 0 ? claimants : living;
  const [first, ...others] = new Set(voices.map(({ seen }) => seen.systemIdentifier));
  if (first === undefined) return { kind: 'unknown' };
  if (others.length === 0) return known(first);
  return { kind: 'disputed', systemIdentifiers: [first, ...others] };
}

function known(systemIdentifier: string): Identity {
  return { kind: 'known', systemIdentifier };
}
