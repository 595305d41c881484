import { Frontend, ProtocolViolation } from '@pgweir/protocol';
import type { Session } from '../frontend/session';
import { BODY_BYTES_MAX, INTEREST, LENGTH_BYTES, REFUSE, TERMINATE } from './client-frames';

// A constant of this module: reading it through the package's index costs a call each time.
const { Query } = Frontend;

/**
 * Whether the client's frame whose header was read ends its stream.
 *
 * @returns what is to be done then, when all in front of it has been; it may throw ProtocolViolation
 */
export function streamEnd(session: Session): (() => void) | undefined {
  const { tag, bodyLength } = session.reader;
  const interest = INTEREST[tag] ?? REFUSE;
  const tooLong = bodyLength > (BODY_BYTES_MAX[tag] ?? 0) && interest !== REFUSE;
  const refused = tag === Query && session.refusesSimpleQuery;
  if (!tooLong && !refused && interest !== REFUSE && interest !== TERMINATE) return undefined;
  return () => {
    if (tooLong) throw new ProtocolViolation('badFrameLength', tag, bodyLength + LENGTH_BYTES);
    if (refused) session.fail('simpleQueryDisabled');
    else if (interest === TERMINATE) session.terminated();
    else throw new ProtocolViolation('unexpectedMessage', tag, 0);
  };
}
