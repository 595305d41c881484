/** One element of BER: its tag, and what is in it. */
export interface Element {
  readonly tag: number;
  readonly body: Buffer;
}

/** The first element of some bytes, and how many bytes it takes; undefined: there is more to come. */
export function firstElement(
  bytes: Buffer,
): { readonly element: Element; readonly size: number } | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = 2 + lengthBytes;
  if (bytes.length < start) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  if (bytes.length < start + length) return undefined;
  return {
    element: { tag, body: bytes.subarray(start, start + length) },
    size: start + length,
  };
}

/** What a constructed element contains. @throws Error when it is cut off */
export function elementsIn(body: Buffer): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < body.length; ) {
    const next = firstElement(body.subarray(at));
    if (next === undefined) throw new Error('an element of BER is cut off');
    elements.push(next.element);
    at += next.size;
  }
  return elements;
}

/** Its length is as short as DER wants it. */
export function element(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const whole = Buffer.alloc(4);
  whole.writeUInt32BE(body.length);
  const length = whole.subarray(whole.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}
