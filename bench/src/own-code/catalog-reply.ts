import { frame } from '@pgweir/testkit';
import { READY } from './replies';

const QUERY = 'Q'.charCodeAt(0);
/** Stands in each question of the pooler's own about the catalog, and in nothing that clients ask here. */
const OF_CATALOG = 'pg_catalog';

/** Whether the pooler asks by itself what names in statements stand for. */
export function isForCatalog(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start] === QUERY && bytes.subarray(start, end).includes(OF_CATALOG);
}

/** The answer of a catalog in which every name is that of a read. */
export function catalogReply(bytes: Buffer, start: number, end: number): Buffer {
  const json = Buffer.from(everythingReads(bytes.toString('utf8', start, end)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(json.length);
  return Buffer.concat([
    frame('T', Buffer.concat([Buffer.from('\0\x01json\0'), Buffer.alloc(18)])),
    frame('D', Buffer.concat([Buffer.from('\0\x01'), length, json])),
    frame('C', Buffer.from('SELECT 1\0')),
    READY,
  ]);
}

/** What such a catalog says to the question `sql`. */
export function everythingReads(sql: string): string {
  const names = [...sql.matchAll(/\((\d+),'(?:function|relation|operator|type|attribute)'/g)];
  return JSON.stringify({ found: names.map(([, index]) => [Number(index), 2]), oddity: null });
}
