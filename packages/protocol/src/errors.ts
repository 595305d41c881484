/** What was wrong with bytes that claim to be the PostgreSQL protocol. */
export type ViolationKey = 'badFrameLength' | 'badMessage' | 'unexpectedMessage';

/**
 * Bytes that break the protocol. Always SQLSTATE 08P01 (protocol_violation); the connection that sent
 * them cannot go on, because the stream's frames are lost.
 */
export class ProtocolViolation extends Error {
  readonly sqlstate = '08P01';
  readonly key: ViolationKey;
  /** The message's tag; 0 when it has none. */
  readonly tag: number;
  /** The length that was claimed; 0 where it does not matter. */
  readonly length: number;

  constructor(key: ViolationKey, tag: number, length: number, detail?: string) {
    super(`${key}: tag ${tag}, length ${length}${detail === undefined ? '' : `: ${detail}`}`);
    this.name = 'ProtocolViolation';
    this.key = key;
    this.tag = tag;
    this.length = length;
  }
}
