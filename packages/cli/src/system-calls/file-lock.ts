import { errorCode, reasonOf } from '../system-error';
import { systemCalls } from './system-calls';

const LOCK_EXCLUSIVE = 2;
const LOCK_WITHOUT_WAITING = 4;

/**
 * Locks an open file for this process alone. The kernel lets go of the lock when the descriptor is closed,
 * however that comes about.
 *
 * @returns false: another one has it
 * @throws Error with the system's `code`, or with a text for the operator
 */
export function lockFile(descriptor: number): boolean {
  try {
    systemCalls().must('flock', descriptor, LOCK_EXCLUSIVE | LOCK_WITHOUT_WAITING);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return false;
    throw error;
  }
}

/** Why no file can be locked on this machine; undefined: it can. */
export function fileLockProblem(): string | undefined {
  try {
    systemCalls();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
