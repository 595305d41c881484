/**
 * The pieces that messages are put together from. For login, errors and answers of our own; the relay
 * never builds messages.
 */

/** One frame: tag, length, then `parts` in order. The result is a new buffer of exactly that size. */
export function message(tag: number, parts: readonly Buffer[]): Buffer {
  let length = 4;
  for (const part of parts) length += part.length;
  const frame = Buffer.alloc(length + 1);
  frame[0] = tag;
  frame.writeInt32BE(length, 1);
  let at = 5;
  for (const part of parts) at += part.copy(frame, at);
  return frame;
}

/** `text` in UTF-8 with its terminator. @throws RangeError when `text` holds a NUL (see `wireText`) */
export function cstring(text: string): Buffer {
  return Buffer.from(`${wireText(text)}\0`, 'utf8');
}

/**
 * Refuses a NUL: it would end the string early and let its rest pass as further fields. A caller that
 * gets here with one has skipped a check, hence an exception and not a result.
 */
export function wireText(text: string): string {
  if (text.includes('\0')) throw new RangeError('a string on the wire cannot hold a NUL');
  return text;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

/** Four bytes; takes signed and unsigned values alike (type oids, process ids, -1 for "none"). */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** Raw bytes of `data`; text is written as UTF-8 without a terminator. */
export function bytesOf(data: Buffer | string): Buffer {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
}
