import { Backend, decodeNotice, decodeParameterStatus, ProtocolViolation } from '@pgweir/protocol';
import { Answer, answerKind } from './expected-replies';
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
      link.collecting = needsBody(link, reader.tag);
      if (link.collecting) link.collector.begin(reader.bodyLength);
    }
    const end = reader.takeBody(at, length);
    if (needsBody(link, reader.tag)) link.collector.add(buffer, at, end);
    at = end;
    if (reader.bodyLeft === 0) ownFrame(link, reader.tag);
  }
}

function needsBody(link: Link, tag: number): boolean {
  const { want } = link.own;
  return (
    (tag === Backend.DataRow && (want === 'row' || want === 'table')) ||
    (tag === Backend.RowDescription && (want === 'shape' || want === 'table')) ||
    tag === Backend.ReadyForQuery ||
    tag === Backend.NotificationResponse ||
    tag === Backend.ErrorResponse ||
    tag === Backend.ParameterStatus
  );
}

/**
 * Answers that a session which has left would have looked at: what is prepared on the link must be
 * known.
 */
function noteExpected(link: Link, tag: number): void {
  const { expected } = link.statements;
  if (tag === Backend.ErrorResponse) expected.groupFailed();
  else {
    const kind = answerKind(tag);
    const { answered } = link.owed;
    const ours = kind === Answer.Bind || kind === Answer.Command;
    const head =
      kind === undefined
        ? undefined
        : ours
          ? expected.ownHead(kind, answered)
          : expected.head(kind);
    if (head !== undefined) expected.takeHead();
    if (kind !== undefined) link.owed.answered++;
  }
}

function ownFrame(link: Link, tag: number): void {
  const { expected } = link.statements;
  if (tag === Backend.ReadyForQuery) expected.groupEnded();
  else if (!expected.isEmpty) noteExpected(link, tag);
  switch (tag) {
    case Backend.ReadyForQuery:
      link.status = link.collector.take()[0] ?? 0;
      if (!link.owed.becameReady()) throw new ProtocolViolation('unexpectedMessage', tag, 0);
      link.ownBecameReady();
      return;
    case Backend.ErrorResponse: {
      const body = link.collector.takeNotice();
      const error = decodeNotice(body);
      link.owed.failed();
      if (endsConnection(error)) {
        link.endCode = error.code;
        link.retireReason ??= `server: ${error.message}`;
        // It has nothing to do with what we have asked for: the same chunk may have the answer to that.
        if (link.session?.survives(error.code) === true) return link.ended();
      }
      link.own.failed(error, body);
      return;
    }
    case Backend.ParameterStatus: {
      const { name, value } = decodeParameterStatus(link.collector.take());
      link.parameterChanged(name, value);
      return;
    }
    case Backend.DataRow:
    case Backend.RowDescription:
      if (link.owed.settled) throw new ProtocolViolation('unexpectedMessage', tag, 0);
      if (needsBody(link, tag)) link.own.keep(tag, link.collector);
      return;
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
    case Backend.NotificationResponse: {
      const body = link.collector.take();
      link.session?.notified(link, body);
      return;
    }
    case Backend.NoticeResponse:
      return;
    default:
      // An answer, and nothing was asked.
      if (link.owed.settled) throw new ProtocolViolation('unexpectedMessage', tag, 0);
  }
}
