import { ProtocolViolation } from '@pgweir/protocol';
import { type ErrorKey, InvariantBreach } from '../errors';

/** What a client is told when its bytes could not be processed. */
export interface ClientFault {
  readonly key: ErrorKey;
  readonly detail: string;
  /** For the log. */
  readonly why: string;
}

/** @returns undefined for an exception that is no fault of one client: let it pass */
export function clientFault(error: unknown): ClientFault | undefined {
  if (error instanceof InvariantBreach) return { key: 'internal', detail: '', why: error.message };
  if (!(error instanceof ProtocolViolation)) return undefined;
  if (error.key === 'unexpectedMessage') {
    return { key: 'unknownPacket', detail: '', why: `message type ${error.tag}` };
  }
  return { key: 'badPacketHeader', detail: headerHex(error), why: error.message };
}

function headerHex(error: ProtocolViolation): string {
  const header = Buffer.alloc(5);
  header[0] = error.tag;
  header.writeInt32BE(error.length | 0, 1);
  return header.toString('hex');
}
