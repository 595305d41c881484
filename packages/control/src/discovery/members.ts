import type { ServerAddress } from '../observation';
import type { ListedMember, MemberView } from '../ports/member-source';
import { type ServerKey, serverKey } from '../server-key';

/** What was said longer ago does not count any more. */
export const VIEW_FRESH_MS = 15_000;
/** A member of which nobody has heard for so long is gone. */
const MEMBER_LOST_MS = 300_000;
/** What is said of a member's lag is that old at the most; otherwise it may be that far behind. */
const LAG_FRESH_MS = 10_000;
/** Clusters have up to 16. */
const MEMBERS_MAX = 64;

export interface Member {
  readonly name: string;
  readonly key: ServerKey;
  readonly address: ServerAddress;
}

/** A view, and who has said it when. */
export interface HeardView {
  readonly from: ServerKey;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  /** Who has said it has not failed to answer since. */
  readonly isCurrent: boolean;
  readonly view: MemberView;
  /** Its address stands in the configuration, so it is one of the cluster that is meant. */
  readonly isSeed: boolean;
}

/**
 * Who belongs to the cluster: all whom somebody of the cluster lists. One that only a member lists that
 * has lost touch is down, and harms nobody. Without any view it is who did before.
 *
 * `views`: those that count, as `trusted` has them.
 */
export function membersOf(
  views: readonly HeardView[],
  before: readonly Member[],
): readonly Member[] {
  if (views.length === 0) return before;
  const members = new Map<string, Member>();
  const add = (name: string, address: ServerAddress): void => {
    if (members.has(name) || members.size >= MEMBERS_MAX) return;
    members.set(name, { name, address, key: serverKey(address) });
  };
  for (const { view } of views) {
    // Who answers is there, whether it lists itself or not.
    const self = before.find(({ name }) => name === view.self);
    if (self !== undefined) add(self.name, self.address);
    for (const { name, address, isWriter, ageMs } of view.members) {
      const isLost = !isWriter && ageMs !== undefined && ageMs > MEMBER_LOST_MS;
      if (!isLost) add(name, address);
    }
  }
  const found = [...members.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  const isSame =
    found.length === before.length &&
    found.every(({ name, key }, at) => before[at]?.name === name && before[at]?.key === key);
  return isSame || found.length === 0 ? before : found;
}

export type Trust =
  | { readonly kind: 'trusted' }
  /** What it says does not count, and nothing goes there. `why` is for people. */
  | { readonly kind: 'stranger'; readonly why: string };

const TRUSTED: Trust = { kind: 'trusted' };

/**
 * Whether who answers at a member's address is that member, of this cluster: a name may have been given
 * to an instance of another cluster meanwhile. `others`: names that are known to be of the cluster.
 */
export function trustIn(
  { view, isSeed }: HeardView,
  member: Member | undefined,
  others: ReadonlySet<string>,
): Trust {
  if (member !== undefined && view.self !== member.name) {
    return { kind: 'stranger', why: `answers as ${view.self}, and is not ${member.name}` };
  }
  if (isSeed) return TRUSTED;
  const listed = view.members.filter(({ name }) => name !== view.self);
  const known = [...others].filter((name) => name !== view.self);
  if (listed.length === 0 || known.length === 0) return TRUSTED;
  if (listed.some(({ name }) => others.has(name))) return TRUSTED;
  return { kind: 'stranger', why: 'answers as a member of another cluster' };
}

/** How far a member is behind, as itself and the writer say; undefined: nobody knows. */
export function lagOf(
  name: string,
  writer: string | undefined,
  views: readonly HeardView[],
): number | undefined {
  const said = (by: string | undefined): ListedMember | 'nothing' | undefined => {
    const heard = views.find(({ view }) => view.self === by);
    return heard && (heard.view.members.find((member) => member.name === name) ?? 'nothing');
  };
  const [own, writers] = [said(name), said(writer)];
  // A writer that does not know it does not send it anything.
  if (writers === 'nothing') return undefined;
  if (writers === undefined) return own === 'nothing' ? undefined : own?.lagMs;
  const { lagMs, ageMs = 0 } = writers;
  const lags = [lagMs, own === 'nothing' ? undefined : own?.lagMs].filter(isKnown);
  if (lags.length === 0) return undefined;
  return Math.max(...lags, ageMs > LAG_FRESH_MS ? ageMs : 0);
}

function isKnown(lagMs: number | undefined): lagMs is number {
  return lagMs !== undefined;
}
