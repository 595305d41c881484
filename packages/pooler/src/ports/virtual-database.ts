import type { ClientId, UserName } from './names';

/** Sends backend messages to one client of a virtual database. */
export interface VirtualOutput {
  /** Takes ownership of `messages`: complete backend messages. */
  send(messages: Buffer): void;
  /** Resolves when the client has taken what was sent, or is gone. */
  drained(): Promise<void>;
  /** Ends the session after what was sent. `reason` is for the log. */
  close(reason: string): void;
}

/** One client of a virtual database, after login. */
export interface VirtualSession {
  /** A complete message arrived. `body` is a copy that the session may keep. */
  message(tag: number, body: Buffer): void;
  /** A cancel request with the client's key has come. */
  canceled(): void;
  /** The client is gone. */
  closed(): void;
}

/** Who is at the other end. */
export interface VirtualClient {
  readonly id: ClientId;
  readonly user: UserName;
  /** It came by a Unix socket as `OWNER`, and runs as the same user of the system as we do. */
  readonly isOwner: boolean;
}

/** The name under which whoever runs this process gets in without a password. */
export const OWNER = 'pgbouncer';

/** A database that no server has: the admin console plugs in here. */
export interface VirtualDatabase {
  readonly names: readonly string[];
  /** Who may log in; `undefined` refuses with `not allowed` (28000). */
  admits(user: UserName): boolean;
  /** Parameters for the client's welcome. */
  parameters(): ReadonlyMap<string, string>;
  open(client: VirtualClient, output: VirtualOutput): VirtualSession;
}
