import type { WalPosition } from '@pgweir/pooler';
import type { Lsn } from '../observation';

/** As numbers go to the pooler. @returns undefined beyond 2^53 */
export function walNumber(lsn: Lsn | undefined): WalPosition | undefined {
  if (lsn === undefined || lsn > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return Number(lsn);
}
