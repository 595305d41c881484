/** The process at the other end of a Unix socket, as the system knew it when it connected. */
export interface SocketPeer {
  /** Name of its user; `undefined` where the system has none for the number. */
  readonly userName: string | undefined;
  /** It runs as the same user as we do. */
  readonly isOwnUser: boolean;
}

/** Asks the system who is at the other end of Unix sockets. */
export interface SocketPeers {
  /** @returns undefined when that cannot be told; why is in the log then */
  peerOf(descriptor: number): SocketPeer | undefined;
}
