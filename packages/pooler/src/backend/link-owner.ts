import type { DatabaseName } from '../ports/names';
import type { Link } from './link';
import type { LinkPhase } from './link-phase';

/** What a link tells the pool that owns it. All calls come at the end of a chunk or of a close. */
export interface LinkOwner {
  readonly database: DatabaseName;
  /** The link moved from one phase to another. */
  moved(link: Link, from: LinkPhase, to: LinkPhase): void;
  /** A clean link without a session: lend it, keep it or close it. */
  released(link: Link): void;
  /** The session left something behind (or session mode wants a reset): clean it up. */
  abandoned(link: Link): void;
  /** Cancel what runs on this link. */
  cancel(link: Link): void;
  /** The last cancel request for this link has been answered. */
  cancelsOver(link: Link): void;
}
