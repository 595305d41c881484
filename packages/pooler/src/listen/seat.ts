import type { ErrorKey } from '../errors';
import type { Pool } from '../pool/pool';

/** What the listening link needs of a session that listens through it. */
export interface Seat {
  readonly pool: Pool;
  /** A notification, as a message, on a channel to which it listens. */
  heard(channel: string, message: Buffer): void;
  /** Notifications may have been lost. */
  missed(): void;
  /** All that it has reserved is listened to, or there is something to try again. */
  mayCross(): void;
  /** The listening link is gone. */
  listeningLinkLost(): void;
  /** What could not be sent at once may have become possible. */
  flush(): void;
  fail(key: ErrorKey): void;
}
