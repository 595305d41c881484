import { addressBytes } from '@pgweir/protocol';

/** One host may have all addresses of an IPv6 network of that size. */
const NETWORK_BYTES = 8;

/** Which clients are counted as one, by where they come from. */
export function sourceOf(address: string): string {
  const bytes = addressBytes(address);
  if (bytes === undefined || bytes.length <= NETWORK_BYTES) return address;
  return Buffer.from(bytes.slice(0, NETWORK_BYTES)).toString('hex');
}
