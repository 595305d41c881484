import type { ServerAddress } from '../observation';
import type { TopologyClaim } from '../ports/topology-claims';
import type { ClusterView, NodeView } from './patroni-answers';

/** What one Patroni has said last. */
export type NodeAnswer =
  /** Nothing that can be used. */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'answered';
      readonly askedAtMs: number;
      /** It holds the leader lock, says the status code. */
      readonly leads: boolean;
      /** As `TopologyClaim` has it. */
      readonly clockAheadMs: number;
      readonly node: NodeView;
      readonly cluster: ClusterView | undefined;
    };

type Answered = Extract<NodeAnswer, { kind: 'answered' }>;

export interface PatroniClaim {
  readonly claim: TopologyClaim;
  /** Which node says that it leads; undefined: none does. */
  readonly ledBy: number | undefined;
}

/**
 * What follows from the last answer of each node, in the order of the configuration.
 *
 * Only a node itself can say that it leads, by its status code: it knows when its lock runs out. The
 * list of members tells its address. A leader that does not answer stays the leader, confirmed when it
 * was, as long as the others' list names it; one that says that it does not lead is none at once. When
 * two say that they lead it is the one on the higher timeline, or none.
 *
 * @returns `before` when no node has said anything
 */
export function claimOf(
  nodes: readonly NodeAnswer[],
  before: PatroniClaim | undefined,
): PatroniClaim | undefined {
  const answered = nodes.filter((node) => node.kind === 'answered');
  const newest = newestOf(answered);
  if (newest === undefined) return before;
  const lead = onlyLead(answered.filter((node) => node.leads));
  const view = lead?.cluster ?? newestOf(answered.filter(hasList))?.cluster;
  const about = {
    members: view?.members ?? before?.claim.members ?? [],
    paused: view?.paused ?? before?.claim.paused ?? false,
    switchover: view === undefined ? before?.claim.switchover : view.switchover,
    clockAheadMs: (lead ?? newest).clockAheadMs,
  };
  if (lead !== undefined) {
    const ledBy = nodes.indexOf(lead);
    const address = addressOfLead(lead);
    if (address !== undefined) {
      return { ledBy, claim: { ...about, leader: address, confirmedAtMs: lead.askedAtMs } };
    }
    // It leads, and could not tell under which name: if it did before, it is the same one.
    if (before?.ledBy === ledBy) return { ledBy, claim: { ...before.claim, ...about } };
  } else if (before !== undefined && isKept(before, nodes, view)) {
    return { ledBy: before.ledBy, claim: { ...before.claim, ...about } };
  }
  const claim = { ...about, leader: undefined, confirmedAtMs: newest.askedAtMs };
  return { ledBy: undefined, claim };
}

/** Its leader is silent, and the others still name it. */
function isKept(
  { claim, ledBy }: PatroniClaim,
  nodes: readonly NodeAnswer[],
  view: ClusterView | undefined,
): boolean {
  if (ledBy === undefined || nodes[ledBy]?.kind !== 'silent') return false;
  if (nodes.some((node) => node.kind === 'answered' && node.leads)) return false;
  return isSameAddress(view?.leader?.address, claim.leader);
}

function onlyLead(leads: readonly Answered[]): Answered | undefined {
  const [first, ...more] = leads;
  if (more.length === 0) return first;
  const timelines = leads.map(({ node }) => node.timeline ?? 0);
  const highest = Math.max(...timelines);
  const top = leads.filter(({ node }) => node.timeline === highest);
  return top.length === 1 ? top[0] : undefined;
}

function addressOfLead({ node, cluster }: Answered): ServerAddress | undefined {
  const leader = cluster?.leader;
  // The list may be about the moment before or after.
  if (node.name !== undefined && node.name !== leader?.name) return undefined;
  return leader?.address;
}

function hasList(node: Answered): boolean {
  return node.cluster !== undefined;
}

function newestOf(nodes: readonly Answered[]): Answered | undefined {
  return nodes.reduce<Answered | undefined>(
    (best, node) => (best === undefined || node.askedAtMs > best.askedAtMs ? node : best),
    undefined,
  );
}

export function isSameAddress(
  one: ServerAddress | undefined,
  other: ServerAddress | undefined,
): boolean {
  if (one === undefined || other === undefined) return false;
  return one.host === other.host && one.port === other.port;
}
