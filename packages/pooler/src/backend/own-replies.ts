import { Backend, decodeNotice, decodeParameterStatus, ProtocolViolation } from '@pgweir/protocol';
import type { Link } from './link';
import { endsConnection } from './server-status';

/**
 * Reads replies that no client is to see: to statements of our own, on an idle link, or after the
 * session has left. Keeps the books of the link and forwards nothing.
 *
 * @throws ProtocolViolation when the stream makes no sense
 */
export function consumeOwn(link: Link, buffer: Buffer, start: number, length: number): void {
  const reader = link.reader;
  let at = start;
  while (at < length) {
    if (reader.bodyLeft === 0) {
      at = reader.readHeader(buffer, at, length);
      if (at < 0) return;
      // The rest may come when the link has been lent: it is not for that session.
      link.dropping = true;
      if (needsBody(reader.tag)) link.collector.begin(reader.bodyLength);
    }
    const end = reader.takeBody(at, length);
    if (needsBody(reader.tag)) link.collector.add(buffer, at, end);
    at = end;
    if (reader.bodyLeft === 0) ownFrame(link, reader.tag);
  }
}

function needsBody(tag: number): boolean {
  return (
    tag === Backend.ReadyForQuery ||
    tag === Backend.ErrorResponse ||
    tag === Backend.ParameterStatus
  );
}

function ownFrame(link: Link, tag: number): void {
  switch (tag) {
    case Backend.ReadyForQuery:
      link.status = link.collector.take()[0] ?? 0;
      if (!link.owed.becameReady()) throw new ProtocolViolation('unexpectedMessage', tag, 0);
      link.ownBecameReady();
      return;
    case Backend.ErrorResponse: {
      const error = decodeNotice(link.collector.takeNotice());
      link.owed.failed();
      if (endsConnection(error)) link.retireReason ??= `server: ${error.message}`;
      link.ownFailed(error);
      return;
    }
    case Backend.ParameterStatus: {
      const { name, value } = decodeParameterStatus(link.collector.take());
      link.parameterChanged(name, value);
      return;
    }
    case Backend.CopyInResponse:
      link.owed.copyInBegan();
      link.ownCopyBegan();
      return;
    case Backend.CommandComplete:
      link.owed.commandCompleted();
      return;
    case Backend.Authentication:
    case Backend.BackendKeyData:
    case Backend.NegotiateProtocolVersion:
      throw new ProtocolViolation('unexpectedMessage', tag, 0);
    case Backend.NoticeResponse:
    case Backend.NotificationResponse:
      return;
    default:
      // An answer, and nothing was asked.
      if (link.owed.settled) throw new ProtocolViolation('unexpectedMessage', tag, 0);
  }
}
