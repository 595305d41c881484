import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { nativeBytes } from './signatures';

/** Address families of Linux. */
export const FAMILY = { unix: 1, ipv4: 2, ipv6: 10 } as const;

const IPV4_BYTES = 16;
const IPV6_BYTES = 28;
/** Family, and the path with the zero at its end. */
const UNIX_PATH_BYTES_MAX = 107;

/** Where a socket is bound. A Unix path that begins with `@` is in the abstract name space. */
export type SocketAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** A `sockaddr_in` or `sockaddr_in6`. */
export function tcpSocketAddress(host: string, port: number): Buffer {
  const six = isIPv6(host);
  const bytes = nativeBytes(six ? IPV6_BYTES : IPV4_BYTES);
  bytes.writeUInt16LE(six ? FAMILY.ipv6 : FAMILY.ipv4, 0);
  bytes.writeUInt16BE(port, 2);
  if (six) {
    writeIpv6(bytes.subarray(8, 24), host);
    bytes.writeUInt32LE(zoneOf(host), 24);
  }
  if (!six) for (const [at, part] of host.split('.').entries()) bytes[4 + at] = Number(part);
  return bytes;
}

/** The port of a `sockaddr_in` or `sockaddr_in6`. */
export function portOf(address: Buffer): number {
  return address.readUInt16BE(2);
}

/** A `sockaddr_un`. A leading `@` means the abstract name space. */
export function unixSocketAddress(path: string): Buffer {
  const abstract = path.startsWith('@');
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > UNIX_PATH_BYTES_MAX + 1) {
    throw Object.assign(new Error(`the path of the socket is too long: ${path}`), {
      code: 'ENAMETOOLONG',
    });
  }
  const bytes = nativeBytes(2 + name.length);
  bytes.writeUInt16LE(FAMILY.unix, 0);
  name.copy(bytes, 2);
  return bytes;
}

/** What `tcpSocketAddress` and `unixSocketAddress` write; undefined: of another family. */
export function readSocketAddress(bytes: Buffer): SocketAddress | undefined {
  switch (bytes.readUInt16LE(0)) {
    case FAMILY.unix:
      return { kind: 'unix', path: unixPathOf(bytes.subarray(2)) };
    case FAMILY.ipv4:
      return { kind: 'tcp', host: [...bytes.subarray(4, 8)].join('.'), port: portOf(bytes) };
    case FAMILY.ipv6:
      return { kind: 'tcp', host: ipv6Of(bytes.subarray(8, 24)), port: portOf(bytes) };
    default:
      return undefined;
  }
}

function unixPathOf(name: Buffer): string {
  if (name[0] === 0) return `@${name.toString('utf8', 1)}`;
  const end = name.indexOf(0);
  return name.toString('utf8', 0, end < 0 ? name.length : end);
}

function ipv6Of(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}

/** The number of the network interface behind the `%` of a link-local address; 0: none is named. */
function zoneOf(host: string): number {
  const [, zone] = host.split('%');
  if (zone === undefined) return 0;
  for (const { scopeid } of networkInterfaces()[zone] ?? []) if (scopeid) return scopeid;
  return Number.parseInt(zone, 10) || 0;
}

/** Writes the eight groups of an address as `isIPv6` accepts it, without its zone (`%eth0`). */
function writeIpv6(bytes: Buffer, host: string): void {
  const [plain = ''] = host.split('%');
  const [head = '', tail] = withoutDots(plain).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  for (const [at, group] of [...first, ...zeros, ...last].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2);
  }
}

/** `::ffff:1.2.3.4` with its last four bytes as two groups. */
function withoutDots(host: string): string {
  return host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}
