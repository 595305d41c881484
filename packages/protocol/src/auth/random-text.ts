import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/**
 * So many random bytes, one character each (latin1). Asked of the system in large pieces, because each
 * question takes longer than all the rest that is done about a key; no byte is given out twice.
 */
export function randomText(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('latin1', used, used + bytes);
  pool.fill(0, used, used + bytes);
  used += bytes;
  return text;
}
