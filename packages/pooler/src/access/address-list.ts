import type { Address } from '../ports/transport';
import { clientBytes, contains, type Network } from './network';

/** Addresses that somebody may connect from. Plain data. */
export interface AddressList {
  /** Everybody who comes by a Unix socket. */
  readonly unixSockets: boolean;
  readonly networks: readonly Network[];
}

export const NO_ADDRESSES: AddressList = { unixSockets: false, networks: [] };

export function isListed({ unixSockets, networks }: AddressList, address: Address): boolean {
  if (address.kind === 'unix') return unixSockets;
  if (networks.length === 0) return false;
  const bytes = clientBytes(address.host);
  return bytes !== undefined && networks.some((network) => contains(network, bytes));
}
