import { Frontend } from '@pgweir/protocol';
import { Answer } from '../backend/expected-replies';
import type { Link } from '../backend/link';
import type { ErrorInstead } from '../errors';
import type { Outgoing } from '../relay/outgoing';
import { frameOf, STATEMENT, UNNAMED } from './statement-messages';

const { Bind, Close, FunctionCall, Query } = Frontend;

const FAILING_QUERY = Buffer.from('pgweir refuses this statement\0');
const NO_PARAMETERS = Buffer.alloc(6);

/** What takes the place of a client's message. */
export interface Failure {
  /** The message's. */
  readonly tag: number;
  /** What the client hears. */
  readonly error: ErrorInstead;
  /** A name that no statement has, NUL included. */
  readonly noName: Buffer;
}

/**
 * Puts messages in the place of one of the client's that make PostgreSQL fail there, so that what stands
 * behind it in its group or its transaction fares as behind any other error.
 */
export function putFailure(link: Link, { tag, error, noName }: Failure, out: Outgoing): void {
  const { expected } = link.statements;
  const reply = { kind: Answer.Error, swallow: true, wantsDescription: false, error } as const;
  if (tag === Query || tag === FunctionCall) {
    out.frame(Query, FAILING_QUERY);
    expected.sent(reply);
    return;
  }
  const frames = [frameOf(Close, STATEMENT, noName), frameOf(Bind, UNNAMED, noName, NO_PARAMETERS)];
  for (const frame of frames) {
    out.bytes(frame, 0, frame.length);
    link.owed.sent(frame[0] ?? 0);
  }
  expected.sent({ kind: Answer.Close, swallow: true, wantsDescription: false });
  expected.sent(reply);
}
