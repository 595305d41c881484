import { Frontend } from '@pgweir/protocol';
import type { Session } from '../frontend/session';
import { type Message, nameEndAt } from '../session-state/statement-messages';
import type { Tracker } from '../session-state/tracker';

// Constants of this module: reading them through the package's index costs a call each time.
const { Bind, Parse, Query } = Frontend;

/**
 * A message goes out in a session that survives the loss of its link: whether its statement is a read has
 * to be known by then, and the catalog may have to be asked for that.
 */
export function learnReads(
  session: Session,
  tracker: Tracker,
  tag: number,
  message: Message,
): void {
  const { admission, context } = session;
  if (admission === undefined) return;
  const { buffer, start, end, bodyLength } = message;
  if (tag === Bind) {
    const tail = tracker.statements.bound?.statement.tail;
    if (tail === undefined || tail.length === 0) return;
    context.reads(admission.database).judge.verdictOnPrepared(tail);
    return;
  }
  if ((tag !== Query && tag !== Parse) || end - start < bodyLength) return;
  const textStart = tag === Query ? start : nameEndAt(buffer, start, end) + 1;
  const textEnd = buffer.indexOf(0, textStart);
  if (textEnd < 0 || textEnd >= end) return;
  context.reads(admission.database).judge.isProvenRead(buffer, textStart, textEnd);
}
