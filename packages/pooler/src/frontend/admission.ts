import type { Link } from '../backend/link';
import type { IssuedKey } from '../cancel/cancel-keys';
import type { Database } from '../pool/database';
import type { Pool } from '../pool/pool';
import type { UserName } from '../ports/names';

export type Replication = 'logical' | 'physical';

/** A client that has proved who it is, and where it belongs. */
export interface Admission {
  readonly user: UserName;
  readonly database: Database;
  readonly pool: Pool;
  readonly cancel: IssuedKey;
  /** Undefined: an ordinary client. */
  readonly replication: Replication | undefined;
}

/** Login, while it lasts, stands behind the session in the pool's queue. */
export interface LoginSteps {
  granted(link: Link): void;
  /** How the client has to prove who it is; undefined: that is not known yet. */
  authMethod: string | undefined;
  readonly startupParameters: ReadonlyMap<string, string>;
  /** The session ends before login is over. */
  left(): void;
}
