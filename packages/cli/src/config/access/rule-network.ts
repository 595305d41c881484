import type { Network } from '@pgweir/pooler';
import { type AddressBytes, addressBytes, ipAddressText, withoutMapping } from '@pgweir/protocol';
import { quoted } from '../finding';
import { LineFault, type TokenCursor } from './rule-tokens';

const MAPPED_BITS = 96;
const OUTSIDE = 'has bits outside of its mask: PgBouncer would match nothing, PostgreSQL all of';

/**
 * `all`, `address/bits`, or an address and a mask.
 *
 * @returns undefined: every address
 * @throws LineFault
 */
export function readNetwork(cursor: TokenCursor): Network | undefined {
  const { text, kind } = cursor.name('the address');
  if (kind === 'quoted') throw new LineFault('an address is not put in quotes');
  if (text === 'all') return undefined;
  if (text === 'samehost' || text === 'samenet') {
    throw new LineFault(`${text} is not supported, nor is it in PgBouncer: name the networks`);
  }
  const [host = '', bits, ...more] = text.split('/');
  const address = addressBytes(host);
  if (address === undefined || more.length > 0) {
    const message = `${quoted(text)} is no IP address`;
    throw new LineFault(`${message} (accepted: all, or addresses; names are not looked up)`);
  }
  const mask = bits === undefined ? separateMask(cursor, address) : prefixMask(bits, address);
  checkMask(address, mask, host);
  return withoutMappedNetwork(address, mask);
}

/** @throws LineFault */
export function prefixMask(bits: string, address: AddressBytes): AddressBytes {
  const most = address.length * 8;
  const count = /^\d{1,3}$/.test(bits) ? Number(bits) : most + 1;
  if (count > most) {
    throw new LineFault(`/${bits.slice(0, 20)} is no mask: accepted are /0 to /${most}`);
  }
  return address.map((_, at) => {
    const ones = Math.min(8, Math.max(0, count - at * 8));
    return (0xff << (8 - ones)) & 0xff;
  });
}

function separateMask(cursor: TokenCursor, address: AddressBytes): AddressBytes {
  const { text } = cursor.name('the mask (as /bits behind the address, or as a field)');
  const mask = addressBytes(text);
  if (mask?.length !== address.length) {
    throw new LineFault(`${quoted(text)} is no mask for an address of that kind`);
  }
  return mask;
}

function checkMask(address: AddressBytes, mask: AddressBytes, shown: string): void {
  const inside = outsideOf(address, mask);
  if (inside === undefined) return;
  throw new LineFault(`address ${shown} ${OUTSIDE} ${ipAddressText(inside)}`);
}

/** The network that an address with bits outside of its mask belongs to; undefined when it has none. */
export function outsideOf(address: AddressBytes, mask: AddressBytes): AddressBytes | undefined {
  const inside = address.map((byte, at) => byte & (mask[at] ?? 0));
  return inside.every((byte, at) => byte === address[at]) ? undefined : inside;
}

/** How many ones a mask of `address/bits` has. */
export function bitsOf(mask: AddressBytes): number {
  return mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
}

/** Clients that come by IPv4 are never seen under a mapped address. */
export function withoutMappedNetwork(address: AddressBytes, mask: AddressBytes): Network {
  const plain = withoutMapping(address);
  const prefix = mask.slice(0, MAPPED_BITS / 8);
  if (plain === address || prefix.some((byte) => byte !== 0xff)) return { address, mask };
  return { address: plain, mask: mask.slice(MAPPED_BITS / 8) };
}
