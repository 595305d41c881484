import { type AddressBytes, addressBytes, withoutMapping } from '@pgweir/protocol';

/** Addresses that agree with `address` where `mask` has ones. Both have 4 or 16 bytes. */
export interface Network {
  readonly address: AddressBytes;
  readonly mask: AddressBytes;
}

/** The zone of a link-local address says through which of our interfaces it came. */
export function clientBytes(address: string): AddressBytes | undefined {
  const bytes = addressBytes(address.replace(/%.*$/, ''));
  return bytes === undefined ? undefined : withoutMapping(bytes);
}

export function contains({ address, mask }: Network, bytes: AddressBytes): boolean {
  if (address.length !== bytes.length) return false;
  return bytes.every((byte, at) => (byte & (mask[at] ?? 0)) === (address[at] ?? 0));
}
