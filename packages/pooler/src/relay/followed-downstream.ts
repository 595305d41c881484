import type { Session } from '../frontend/session';
import type { StateFollowing } from '../frontend/state-following';
import { relaySplit } from './split-downstream';
import { relayTracked } from './tracked-downstream';

/** Sends on what a client says whose state is followed, in whatever way that is done for it now. */
export function relayFollowed(
  session: Session,
  state: StateFollowing,
  buffer: Buffer,
  length: number,
): void {
  const { aftermath, split } = session;
  const { tracker } = state;
  if (aftermath !== undefined) aftermath.relay(state, buffer, length);
  else if (split === undefined) relayTracked(session, tracker, buffer, length);
  else relaySplit({ session, split, tracker }, buffer, length);
}
