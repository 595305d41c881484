/** The 4 or 16 bytes of an IP address, in the order of the network. */
export type AddressBytes = readonly number[];

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const GROUPS = 8;

/**
 * Reads an IP address. IPv4 parts have no leading zeros, which others take for octal; a zone (`%eth0`) is
 * not part of an address. @returns undefined for anything else
 */
export function addressBytes(text: string): AddressBytes | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

function ipv4Bytes(text: string): AddressBytes | undefined {
  const parts = IPV4.exec(text)?.slice(1);
  if (parts === undefined) return undefined;
  const bytes = parts.map(Number);
  const plain = parts.every((part) => part === '0' || !part.startsWith('0'));
  return plain && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function ipv6Bytes(text: string): AddressBytes | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const first = groups(head, { last: tail === undefined });
  const second = tail === undefined ? [] : groups(tail, { last: true });
  if (first === undefined || second === undefined) return undefined;
  const missing = GROUPS - first.length - second.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...first, ...new Array<number>(missing).fill(0), ...second];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

/** Groups of 16 bits; an IPv4 address may be the last two of all. */
function groups(text: string, { last }: { readonly last: boolean }): readonly number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  if (parts.length > GROUPS) return undefined;
  const found: number[] = [];
  for (const [at, part] of parts.entries()) {
    if (GROUP.test(part)) found.push(Number.parseInt(part, 16));
    else {
      const four = last && at === parts.length - 1 ? ipv4Bytes(part) : undefined;
      if (four === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = four;
      found.push(a * 256 + b, c * 256 + d);
    }
  }
  return found;
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** An IPv4 address mapped into IPv6 (`::ffff:1.2.3.4`) is that IPv4 address. */
export function withoutMapping(bytes: AddressBytes): AddressBytes {
  const mapped = bytes.length === 16 && MAPPED_PREFIX.every((byte, at) => bytes[at] === byte);
  return mapped ? bytes.slice(MAPPED_PREFIX.length) : bytes;
}

/**
 * An address of 4 or 16 bytes as text, in the one way that is recommended: lower case, the longest run of
 * zeros as `::`.
 *
 * @see RFC 5952, section 4
 */
export function ipAddressText(bytes: AddressBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) {
    texts.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  }
  const { start, length } = longestZeros(texts);
  if (length < 2) return texts.join(':');
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`;
}

/** The longest run of zero groups; of equal ones the first. */
function longestZeros(texts: readonly string[]): {
  readonly start: number;
  readonly length: number;
} {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [at, text] of texts.entries()) {
    if (text !== '0') start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  }
  return best;
}
