import { Answer, type ExpectedReply } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { Outgoing } from '../relay/outgoing';

/** The answer to a Parse, a Close or the like of our own, which is for nobody. */
export const SWALLOWED_PARSE: ExpectedReply = {
  kind: Answer.Parse,
  swallow: true,
  wantsDescription: false,
};
export const SWALLOWED_CLOSE: ExpectedReply = {
  kind: Answer.Close,
  swallow: true,
  wantsDescription: false,
};

/** Puts a message of our own between those of the client's group. */
export function inject(link: Link, out: Outgoing, frame: Buffer, reply: ExpectedReply): void {
  out.bytes(frame, 0, frame.length);
  link.statements.expected.sent(reply, link.owed.messagesInGroup);
  link.owed.sent(frame[0] ?? 0);
}
