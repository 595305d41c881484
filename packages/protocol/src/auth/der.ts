/** Tags of DER elements. */
export const INTEGER = 0x02;
export const OBJECT_IDENTIFIER = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;
export const CONTEXT_0 = 0xa0;

/** A certificate of more than 16 MB is none. */
const LENGTH_BYTES_MAX = 3;

export interface DerElement {
  readonly content: Buffer;
  /** What follows the element. */
  readonly rest: Buffer;
}

/**
 * The DER element at the start of `der`, if it is whole and has the tag `expected`. Both parts are views.
 *
 * @see ITU-T X.690, section 8.1
 */
export function readElement(der: Buffer, expected: number): DerElement | undefined {
  const short = der[1];
  if (der[0] !== expected || short === undefined) return undefined;
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  if (short === 0x80 || lengthBytes > LENGTH_BYTES_MAX) return undefined;
  const start = 2 + lengthBytes;
  if (start > der.length) return undefined;
  const length = lengthBytes === 0 ? short : der.readUIntBE(2, lengthBytes);
  if (length > der.length - start) return undefined;
  return { content: der.subarray(start, start + length), rest: der.subarray(start + length) };
}
