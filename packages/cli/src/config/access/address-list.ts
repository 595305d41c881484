import type { AddressList, Network } from '@pgweir/pooler';
import { addressBytes, ipAddressText } from '@pgweir/protocol';
import { quoted } from '../finding';
import type { ValueType } from '../value-types';
import { bitsOf, outsideOf, prefixMask, withoutMappedNetwork } from './rule-network';
import { LineFault } from './rule-tokens';

/** Stands for everybody who comes by a Unix socket. */
const UNIX = 'unix';
const NETWORKS_MAX = 1000;

/** IP addresses and networks (`address/bits`) with commas between them, and `unix`. Empty: none. */
export const addressList: ValueType<AddressList> = {
  name: 'addresses',
  accepted: 'IP addresses and networks (10.0.0.0/8) with commas between them, and unix',
  parse(text) {
    const items = text.split(',').map((item) => item.trim());
    const named = items.filter((item) => item !== '');
    try {
      const networks = named.filter((item) => item !== UNIX).map(networkOf);
      if (networks.length > NETWORKS_MAX) throw new LineFault(`more than ${NETWORKS_MAX} networks`);
      return { kind: 'ok', value: { unixSockets: named.includes(UNIX), networks } };
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      return { kind: 'refused', why: error.message };
    }
  },
  show({ unixSockets, networks }) {
    return [...networks.map(networkText), ...(unixSockets ? [UNIX] : [])].join(', ');
  },
};

/** @throws LineFault */
function networkOf(text: string): Network {
  const [host = '', bits, ...more] = text.split('/');
  const address = addressBytes(host);
  if (address === undefined || more.length > 0) {
    const names = 'accepted: addresses, address/bits, unix; names are not looked up';
    throw new LineFault(`${quoted(text)} is no IP address (${names})`);
  }
  const mask = prefixMask(bits ?? String(address.length * 8), address);
  const inside = outsideOf(address, mask);
  if (inside !== undefined) {
    const meant = `${ipAddressText(inside)}/${bits}`;
    throw new LineFault(`${quoted(text)} has bits outside of its mask: is ${meant} meant?`);
  }
  return withoutMappedNetwork(address, mask);
}

function networkText({ address, mask }: Network): string {
  const bits = bitsOf(mask);
  const text = ipAddressText(address);
  return bits === address.length * 8 ? text : `${text}/${bits}`;
}
