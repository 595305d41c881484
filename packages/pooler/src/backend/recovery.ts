import { copyFail, Frontend, sync, unnamedStatement } from '@pgweir/protocol';
import type { Link } from './link';
import { STATUS_IDLE } from './server-status';

/** How long cleaning up after a client that left may take before the link is closed instead. */
export const RECOVERY_MAX_MS = 5000;

interface Recovery {
  /** Clock time by which it has to be over; maintenance closes the link after it. */
  readonly deadlineMs: number;
  /** The link is clean. */
  readonly recovered: () => void;
  /** Ask PostgreSQL to cancel what runs on the link. */
  readonly cancel: () => void;
}

/**
 * Brings a link whose client has left in the middle of something back to a state in which it can be
 * lent again: ends a COPY, rolls the extended group back, cancels what runs, waits for all that is
 * owed and rolls back. Closes the link when that can't be known to succeed.
 */
export function recoverLink(link: Link, recovery: Recovery): void {
  if (link.retireReason !== undefined) {
    link.close(link.retireReason);
    return;
  }
  if (link.midFrame) {
    link.close('client left in the middle of a message');
    return;
  }
  if (link.phase !== 'resetting') link.enter('resetting');
  link.deadlineMs = recovery.deadlineMs;
  step(link, recovery, 0);
}

/** `canceledReady`: how many ReadyForQuery were owed when a cancel request was last sent. */
function step(link: Link, recovery: Recovery, canceledReady: number): void {
  const { owed } = link;
  if (owed.uncertain) {
    link.close('outstanding replies cannot be counted');
    return;
  }
  if (owed.copyIn) {
    owed.sent(Frontend.CopyFail);
    link.write(copyFail('client disconnected'));
  }
  if (owed.unsynced) {
    // A Sync alone would commit what the client has left without committing it. Behind an error
    // PostgreSQL skips the statement.
    link.write(unnamedStatement('ROLLBACK'));
    owed.sent(Frontend.Sync);
    link.write(sync());
  }
  if (owed.ready > 0) {
    // Once for each statement: one that does not heed it is not helped by a hail of requests.
    const cancels = !owed.copyIn && owed.ready !== canceledReady;
    const nowCanceled = cancels ? owed.ready : canceledReady;
    link.onProgress = () => step(link, recovery, nowCanceled);
    if (cancels) recovery.cancel();
    return;
  }
  if (link.cancelsInFlight > 0) {
    // Our own ROLLBACK must not be what it hits.
    link.onProgress = () => step(link, recovery, canceledReady);
    return;
  }
  link.onProgress = undefined;
  if (link.status === STATUS_IDLE) {
    recovery.recovered();
    return;
  }
  link.runOwn('ROLLBACK', (result) => {
    if (result.kind === 'failed') link.close(`rollback failed: ${result.error.message}`);
    else if (link.status !== STATUS_IDLE) link.close('rollback left a transaction open');
    else recovery.recovered();
  });
}
