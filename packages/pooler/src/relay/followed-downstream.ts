import { invariant } from '../errors';
import type { Replay } from '../frontend/replay';
import type { Session } from '../frontend/session';
import type { StateFollowing } from '../frontend/state-following';
import { groupEnd, UNDER_WAY } from '../routing/group-route';
import { relaySplit } from './split-downstream';
import { relayTracked } from './tracked-downstream';

/** Sends on what a client says whose state is followed, in whatever way that is done for it now. */
export function relayFollowed(
  session: Session,
  state: StateFollowing,
  buffer: Buffer,
  length: number,
): void {
  const { aftermath, replay } = session;
  if (aftermath !== undefined) aftermath.relay(state, buffer, length);
  else if (replay !== undefined) relayAgain(session, state, replay, buffer, length);
  else relayOn(session, state, buffer, length);
}

function relayOn(session: Session, state: StateFollowing, buffer: Buffer, length: number): void {
  const { split } = session;
  const { tracker } = state;
  if (split === undefined) relayTracked(session, tracker, buffer, length);
  else relaySplit({ session, split, tracker }, buffer, length);
}

/** First comes what was lost with a link: a group that runs again, or those that are answered. */
function relayAgain(
  session: Session,
  state: StateFollowing,
  replay: Replay,
  buffer: Buffer,
  length: number,
): void {
  const { input, unanswered } = session;
  if (replay.readsLeft === 0) {
    session.replay = undefined;
    replay.answer();
    input.keep(buffer.subarray(replay.lostBytes, length));
    // A reload has left it alone as long as this went on.
    if (session.replay === undefined) session.refreshLimits();
    session.resumeKept();
    return;
  }
  const end = groupEnd(buffer, length, session.reader, UNDER_WAY);
  invariant(end > 0, 'replay: not a whole group');
  const isCanceled = session.skipping;
  if (unanswered !== undefined) unanswered.isAgain = true;
  relayOn(session, state, buffer, end);
  const isSent = !input.hasKept;
  input.keep(buffer.subarray(end, length));
  if (!isSent) return;
  replay.sent();
  if (!isCanceled) return;
  replay.answered();
  session.resumeKept();
}
