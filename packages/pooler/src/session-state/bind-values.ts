import { type Message, nameEndAt } from './statement-messages';

/**
 * The text of bind parameter `number` (from 1) of a Bind message; undefined when it is NULL, is not
 * there or has not arrived. A name in binary format is the same text.
 *
 * @see PostgreSQL documentation, anchor protocol-message-formats (Bind)
 */
export function bindText({ buffer, start, end }: Message, number: number): string | undefined {
  const portalEnd = nameEndAt(buffer, start, end);
  const nameEnd = portalEnd < 0 ? -1 : nameEndAt(buffer, portalEnd + 1, end);
  if (nameEnd < 0 || nameEnd + 3 > end) return undefined;
  let at = nameEnd + 1;
  at += 2 + 2 * buffer.readUInt16BE(at);
  if (at + 2 > end) return undefined;
  const count = buffer.readUInt16BE(at);
  at += 2;
  if (number > count) return undefined;
  for (let index = 1; ; index++) {
    if (at + 4 > end) return undefined;
    const length = buffer.readInt32BE(at);
    at += 4;
    if (index === number) {
      return length < 0 || at + length > end ? undefined : buffer.toString('utf8', at, at + length);
    }
    at += Math.max(length, 0);
  }
}
