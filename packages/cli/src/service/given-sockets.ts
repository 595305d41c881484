import type { Address } from '@pgweir/pooler';
import { adoptListening } from '../system-calls';
import { reasonOf } from '../system-error';

/** A listening socket that the service manager has opened. The socket, and its path, stay its own. */
export interface GivenSocket {
  readonly address: Address;
  readonly descriptor: number;
}

/** Where the descriptors of a service manager begin: SD_LISTEN_FDS_START. */
const FIRST_DESCRIPTOR = 3;

/**
 * Takes over the first `count` descriptors behind the standard streams, as `sd_listen_fds(3)` has them.
 *
 * @throws Error with a text for the operator: one of them cannot be listened on
 */
export function takeGivenSockets(count: number): readonly GivenSocket[] {
  try {
    return Array.from({ length: count }, (_, at) => adoptListening(FIRST_DESCRIPTOR + at));
  } catch (error) {
    const reason = reasonOf(error);
    throw new Error(`sockets passed from service manager cannot be used: ${reason}`, {
      cause: error,
    });
  }
}
