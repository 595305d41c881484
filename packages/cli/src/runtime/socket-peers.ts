import type { Logger, SocketPeers } from '@pgweir/pooler';
import { localUserName } from '../process/accounts';
import { peerUserId } from '../system-calls';
import { reasonOf } from '../system-error';

/** Asks the kernel for the number of the peer's user, and the files of this system for its name. */
export function systemSocketPeers(log: Logger): SocketPeers {
  return {
    peerOf(descriptor) {
      try {
        const uid = peerUserId(descriptor);
        // The effective user: it may have changed since the start.
        return { userName: localUserName(uid), isOwnUser: uid === process.geteuid?.() };
      } catch (error) {
        log.warn('cannot tell who is at the other end of a Unix socket', {
          reason: reasonOf(error),
        });
        return undefined;
      }
    },
  };
}
