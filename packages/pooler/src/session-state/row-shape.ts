/** The shape of a statement without a result. */
export const NO_ROWS = 1;

/** Of each column: what stands behind its name, by length. */
const ORIGIN_BYTES = 6;
const TYPE_BYTES = 10;
const FORMAT_BYTES = 2;

/**
 * A number for names and types of the columns of a RowDescription; never 0. Where the columns come
 * from does not count, and neither does the format they are sent in.
 */
export function shapeOf(body: Buffer): number {
  let hash = 0x811c9dc5;
  let at = 2;
  while (at < body.length) {
    const nameEnd = body.indexOf(0, at);
    if (nameEnd < 0) break;
    hash = mix(hash, body, at, nameEnd + 1);
    const type = nameEnd + 1 + ORIGIN_BYTES;
    hash = mix(hash, body, type, Math.min(type + TYPE_BYTES, body.length));
    at = type + TYPE_BYTES + FORMAT_BYTES;
  }
  return hash === 0 || hash === NO_ROWS ? 2 : hash;
}

function mix(hash: number, body: Buffer, start: number, end: number): number {
  let mixed = hash;
  for (let at = start; at < end; at++) mixed = Math.imul(mixed ^ (body[at] ?? 0), 0x01000193);
  return mixed;
}
