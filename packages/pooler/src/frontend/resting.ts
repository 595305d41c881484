import type { Session } from './session';

/** A client that has been idle for so long may stay so: what can be made again is let go. */
const RESTING_MS = 2000;

/**
 * Lets go of what follows the session's state, where there is nothing to follow. It takes as much memory
 * as the rest of an idle session twice, and is made again when the client says something.
 */
export function restIfIdle(session: Session, nowMs: number): void {
  const { input, phase, reader, state } = session;
  if (phase !== 'idle' || nowMs - session.activeAtMs < RESTING_MS) return;
  if (!reader.atBoundary || input.hasKept || session.skipping) return;
  input.rest();
  const isSpokenTo = session.dropping || session.withholds || session.interposes;
  if (state?.isBlank === true && !isSpokenTo) session.state = undefined;
}
