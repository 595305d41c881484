import type { ClientId } from '../ports/names';
import type { Link } from './link';

/** What a link needs of the session that it is lent to. */
export interface LinkSession {
  readonly id: ClientId;
  readonly mode: 'session' | 'transaction' | 'statement';
  /** Sends `bytes[start, end)` to the client. @returns false when the client does not keep up */
  fromLink(bytes: Buffer, start: number, end: number): boolean;
  /** A reported parameter changed while the link was lent. */
  parameterChanged(link: Link, name: string, value: string): void;
  /**
   * ReadyForQuery arrived (and was forwarded, unless more replies are owed). The session ends its lease
   * here, if its mode says so, by `link.session = undefined` and `link.releaseAtEndOfChunk()`.
   */
  ready(link: Link): void;
  /** PostgreSQL has begun to read CopyData. The session may end its lease here, as in `ready`. */
  copyInBegan(link: Link): void;
  /** An ErrorResponse arrived and has been counted. The session may end its lease here, as in `ready`. */
  failed(link: Link): void;
  /** The kernel has taken everything that was written to the link. */
  linkDrained(): void;
  /** The connection to the server is gone or unusable. The lease is over. */
  linkLost(link: Link, reason: string): void;
}
