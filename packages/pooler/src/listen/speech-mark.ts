import type { Link } from '../backend/link';
import type { StateFollowing } from '../frontend/state-following';
import type { Clock } from '../ports/clock';
import type { ListeningLink } from './listening-link';
import { notifySql } from './notification';

/** How long a session waits for what it has sent itself. */
const HEARD_MS = 1000;

/**
 * Puts a mark behind the notifications that a session has sent on `link`, so that they are known as its
 * own. `done` is called when the mark has been sent; where the session `listens`, when it has come back.
 */
export function markSpeech(
  hub: ListeningLink,
  link: Link,
  { host, clock, listens }: Speaker,
  done: () => void,
): void {
  const id = hub.speakers.began(link, host.admission.cancel.processId);
  let sent = false;
  let heard = !listens;
  let over = false;
  const check = (): void => {
    if (over || !sent || !heard) return;
    over = true;
    stop();
    done();
  };
  const stop = listens ? clock.after(HEARD_MS, () => comes()) : () => undefined;
  const comes = (): void => {
    hub.speakers.ended(link, id);
    hub.forgetMark(mark);
    heard = true;
    check();
  };
  const mark = hub.expectMark(comes);
  host.runOwn(link, notifySql(hub.marker, mark), (result) => {
    sent = true;
    if (result.kind === 'failed') comes();
    else check();
  });
}

interface Speaker {
  readonly host: StateFollowing;
  readonly clock: Clock;
  readonly listens: boolean;
}
