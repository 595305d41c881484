export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  readonly source: unknown;
}

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V4 = { kind: 'tcp', host: '203.0.113.7', port: 50_001 } as const;

/** A header of version 2; all but the signature in hex. The length is that of `rest`. */
export function binaryHeader(versionAndCommand: string, protocol: string, rest = ''): Buffer {
  const length = (rest.length / 2).toString(16).padStart(4, '0');
  return Buffer.from(`${SIGNATURE}${versionAndCommand}${protocol}${length}${rest}`, 'hex');
}

export function line(text: string): Buffer {
  return Buffer.from(`PROXY ${text}\r\n`, 'latin1');
}

/** 203.0.113.7:50001 to 10.0.0.1:6432. */
export const V4_ADDRESSES = 'cb007107' + '0a000001' + 'c351' + '1920';
/** 2001:db8::7 port 50001 to fd00::1 port 6432. */
export const V6_ADDRESSES =
  '20010db8000000000000000000000007' + 'fd000000000000000000000000000001' + 'c351' + '1920';
const UNIX_ADDRESSES = '2f746d702f61'.padEnd(432, '0');
/** What AWS adds: a checksum, the id of a VPC endpoint, and padding. */
const AWS_TLVS =
  '03000412345678' +
  `ea001701${Buffer.from('vpce-08d2bf15fac5001c9').toString('hex')}` +
  `040003${'00'.repeat(3)}`;
/** What HAProxy adds for a client with TLS: ALPN, authority, TLS version and certificate name. */
const TLS_TLVS =
  '01000a706f737467726573716c' + '02000464622e78' + '2000120100000000210007544c5376312e33';

/** Headers as load balancers send them. */
export const SAMPLES: readonly Sample[] = [
  { name: 'v1, IPv4', bytes: line('TCP4 203.0.113.7 10.0.0.1 50001 6432'), source: V4 },
  {
    name: 'v1, IPv6',
    bytes: line('TCP6 2001:DB8:0:0::7 fd00::1 50001 6432'),
    source: { kind: 'tcp', host: '2001:db8::7', port: 50_001 },
  },
  {
    name: 'v1, IPv6 at its longest',
    bytes: line(`TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`),
    source: { kind: 'tcp', host: `${'ffff:'.repeat(7)}ffff`, port: 65_535 },
  },
  {
    name: 'v1, an IPv4 address in the form of IPv6',
    bytes: line('TCP6 ::ffff:203.0.113.7 ::ffff:10.0.0.1 50001 6432'),
    source: V4,
  },
  { name: 'v1, a check of health', bytes: line('UNKNOWN'), source: { kind: 'unknown' } },
  {
    name: 'v1, UNKNOWN at its longest',
    bytes: line(`UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`),
    source: { kind: 'unknown' },
  },
  { name: 'v2, IPv4', bytes: binaryHeader('21', '11', V4_ADDRESSES), source: V4 },
  { name: 'v2, AWS', bytes: binaryHeader('21', '11', V4_ADDRESSES + AWS_TLVS), source: V4 },
  {
    name: 'v2, IPv6 of a client with TLS',
    bytes: binaryHeader('21', '21', V6_ADDRESSES + TLS_TLVS),
    source: { kind: 'tcp', host: '2001:db8::7', port: 50_001 },
  },
  {
    name: 'v2, an IPv4 address in the form of IPv6',
    bytes: binaryHeader('21', '21', `${'00'.repeat(10)}ffffcb007107${V6_ADDRESSES.slice(32)}`),
    source: V4,
  },
  {
    name: 'v2, Unix',
    bytes: binaryHeader('21', '31', UNIX_ADDRESSES),
    source: { kind: 'unknown' },
  },
  { name: 'v2, unspecified', bytes: binaryHeader('21', '00'), source: { kind: 'unknown' } },
  { name: 'v2, UDP', bytes: binaryHeader('21', '12', V4_ADDRESSES), source: { kind: 'unknown' } },
  { name: 'v2, a check of health', bytes: binaryHeader('20', '00'), source: { kind: 'local' } },
  {
    name: 'v2, a check of health that names addresses',
    bytes: binaryHeader('20', '11', V4_ADDRESSES),
    source: { kind: 'local' },
  },
  {
    name: 'v2, a check of health of a protocol that there is not',
    bytes: binaryHeader('20', 'ff', 'ab'),
    source: { kind: 'local' },
  },
];
