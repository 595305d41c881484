import { createHash } from 'node:crypto';

/** Longer texts are cut and get a hash, so that a line stays readable and still differs. */
const SHOWN_MAX = 160;

/** Of an error, what tells where in PostgreSQL's source it was raised: file, line, routine. */
const SOURCE_FIELDS = 'FLR';

/** Fields of an ErrorResponse or NoticeResponse in their order, without the source's place. */
export function noticeText(body: Buffer): string {
  const fields: string[] = [];
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at);
    const letter = String.fromCharCode(body[at] ?? 0);
    if (!SOURCE_FIELDS.includes(letter))
      fields.push(`${letter}=${shown(body.subarray(at + 1, end))}`);
    at = end + 1;
  }
  return fields.join(' ');
}

/** The columns of a RowDescription. @param oidText how ids of tables and types are written */
export function columnsText(body: Buffer, oidText: (oid: number) => string = String): string {
  const all: string[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, at);
    const name = shown(body.subarray(at, end));
    const table = `${oidText(body.readUInt32BE(end + 1))}.${body.readInt16BE(end + 5)}`;
    const type = `${oidText(body.readUInt32BE(end + 7))},${body.readInt16BE(end + 11)}`;
    all.push(
      `${name}(table ${table} type ${type},${body.readInt32BE(end + 13)} format ${body.readInt16BE(end + 17)})`,
    );
    at = end + 19;
  }
  return all.join(' ');
}

/** Bytes for a person to read, one character a byte; long ones cut, with their length and hash. */
export function shown(bytes: Buffer): string {
  const visible = JSON.stringify(bytes.toString('latin1', 0, SHOWN_MAX)).slice(1, -1);
  if (bytes.length <= SHOWN_MAX) return visible;
  const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 12);
  return `${visible}… ${bytes.length} bytes, ${hash}`;
}
