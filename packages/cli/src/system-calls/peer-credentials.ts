import { reasonOf } from '../system-error';
import { nativeBytes } from './signatures';
import { systemCalls } from './system-calls';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `ucred`: process, user and group, of 32 bits each. */
const CREDENTIALS_BYTES = 12;
const USER_OFFSET = 4;

/**
 * The number of the user whose process connected a Unix socket.
 *
 * @throws Error with the system's `code`, or with a text for the operator
 */
export function peerUserId(descriptor: number): number {
  const credentials = nativeBytes(CREDENTIALS_BYTES);
  const length = nativeBytes(4);
  length.writeInt32LE(CREDENTIALS_BYTES);
  systemCalls().must('getsockopt', descriptor, SOL_SOCKET, SO_PEERCRED, credentials, length);
  if (length.readInt32LE() !== CREDENTIALS_BYTES) throw new Error('no credentials of a peer');
  return credentials.readUInt32LE(USER_OFFSET);
}

/** Why that cannot be asked on this system; undefined when it can. */
export function peerProblem(): string | undefined {
  try {
    systemCalls();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
