import * as fc from 'fast-check';
import {
  PROXY_ADDRESSES_BYTES_MAX,
  PROXY_LINE_BYTES_MAX,
  type ProxyHeader,
  parseProxyHeader,
  startupPacket,
} from '../src';
import { binaryHeader, line, SAMPLES, V4_ADDRESSES, V6_ADDRESSES } from './proxy-headers';

const BEHIND = startupPacket([['user', 'alice']], { major: 3, minor: 0 });
const BYTES_MAX = PROXY_ADDRESSES_BYTES_MAX + 16;

/** Feeds pieces, as somebody does who keeps what was `partial`. */
function feed(pieces: readonly Buffer[]): { readonly header: ProxyHeader; readonly rest: Buffer } {
  let held = Buffer.alloc(0);
  let header: ProxyHeader = { kind: 'partial' };
  for (const piece of pieces) {
    held = Buffer.concat([held, piece]);
    if (header.kind === 'partial') header = parseProxyHeader(held);
  }
  return { header, rest: held.subarray(header.kind === 'whole' ? header.length : 0) };
}

test.each(SAMPLES)('$name: the source and the length are found', ({ bytes, source }) => {
  const whole = { kind: 'whole', source, length: bytes.length };
  expect(parseProxyHeader(bytes)).toEqual(whole);
  expect(parseProxyHeader(Buffer.concat([bytes, BEHIND]))).toEqual(whole);
});

test.each(SAMPLES)('$name: every cut in two, and byte by byte', ({ bytes, source }) => {
  const stream = Buffer.concat([bytes, BEHIND]);
  const whole = { header: { kind: 'whole', source, length: bytes.length }, rest: BEHIND };
  for (let at = 0; at <= stream.length; at++) {
    expect(feed([stream.subarray(0, at), stream.subarray(at)])).toEqual(whole);
  }
  expect(feed([...stream].map((byte) => Buffer.of(byte)))).toEqual(whole);
  for (let end = 0; end < bytes.length; end++) {
    expect(parseProxyHeader(bytes.subarray(0, end))).toEqual({ kind: 'partial' });
  }
});

test('nothing of the bytes is kept', () => {
  const bytes = line('TCP4 203.0.113.7 10.0.0.1 50001 6432');
  const header = parseProxyHeader(bytes);
  bytes.fill(0);
  expect(header).toMatchObject({ source: { kind: 'tcp', host: '203.0.113.7', port: 50_001 } });
});

test.each([
  ['a startup packet', BEHIND],
  ['an SSLRequest', Buffer.from('0000000804d2162f', 'hex')],
  ['a TLS handshake', Buffer.from('160301', 'hex')],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
  ['another word', Buffer.from('PROXIES')],
  ['a line in lower case', Buffer.from('proxy TCP4')],
  ['no blank', Buffer.from('PROXY\tTCP4')],
  ['a signature that goes wrong in its last byte', Buffer.from('0d0a0d0a000d0a515549540b', 'hex')],
])('%s is no header, as soon as that is clear', (_, bytes) => {
  const shown = bytes.toString('hex', 0, 8);
  expect(parseProxyHeader(bytes)).toEqual({ kind: 'bad', reason: `it begins with ${shown}` });
});

test.each([
  ['TCP4 203.0.113.7 10.0.0.1 50001', 'a port in the line is none'],
  ['TCP4 203.0.113.7 10.0.0.1 50001 65536', 'a port in the line is none'],
  ['TCP4 203.0.113.7 10.0.0.1 050001 6432', 'a port in the line is none'],
  ['TCP4 203.0.113.7 10.0.0.1 -1 6432', 'a port in the line is none'],
  ['TCP4 203.0.113.7 10.0.0.1 1e3 6432', 'a port in the line is none'],
  ['TCP4 203.0.113.7 10.0.0.1 50001 6432 ', 'the line goes on behind its ports'],
  ['TCP4 203.0.113.7 10.0.0.1 50001 6432 x', 'the line goes on behind its ports'],
  ['TCP4 203.0.113.7  10.0.0.1 50001 6432', 'an address in the line is none of TCP4'],
  ['TCP4 2001:db8::7 fd00::1 50001 6432', 'an address in the line is none of TCP4'],
  ['TCP4 203.0.113.07 10.0.0.1 50001 6432', 'an address in the line is none of TCP4'],
  ['TCP4 203.0.113.7 10.0.0.256 50001 6432', 'an address in the line is none of TCP4'],
  ['TCP4', 'an address in the line is none of TCP4'],
  ['TCP6 203.0.113.7 10.0.0.1 50001 6432', 'an address in the line is none of TCP6'],
  ['TCP6 fe80::1%eth0 fd00::1 50001 6432', 'an address in the line is none of TCP6'],
  ['UDP4 203.0.113.7 10.0.0.1 50001 6432', 'the line names no known protocol'],
  ['', 'the line names no known protocol'],
  ['tcp4 203.0.113.7 10.0.0.1 50001 6432', 'the line names no known protocol'],
  ['UNKNOWNS', 'the line names no known protocol'],
])('the line "%s" is refused: %s', (text, reason) => {
  expect(parseProxyHeader(line(text))).toEqual({ kind: 'bad', reason });
});

test('a line ends in CR and LF', () => {
  const bad = { kind: 'bad', reason: 'the line does not end in CR and LF' };
  expect(parseProxyHeader(Buffer.from('PROXY UNKNOWN\n'))).toEqual(bad);
  expect(parseProxyHeader(Buffer.from('PROXY UNKNOWN\n\r\n'))).toEqual(bad);
});

test('a line is not waited for beyond its longest', () => {
  const longest = line(`UNKNOWN${' '.repeat(PROXY_LINE_BYTES_MAX - 15)}`);
  expect(longest).toHaveLength(PROXY_LINE_BYTES_MAX);
  expect(parseProxyHeader(longest)).toMatchObject({ kind: 'whole', length: longest.length });
  const endless = Buffer.from(`PROXY UNKNOWN${' '.repeat(PROXY_LINE_BYTES_MAX)}\r\n`);
  expect(parseProxyHeader(endless.subarray(0, 106))).toEqual({ kind: 'partial' });
  const bad = { kind: 'bad', reason: 'the line is longer than 107 bytes' };
  expect(parseProxyHeader(endless.subarray(0, 107))).toEqual(bad);
  expect(parseProxyHeader(endless)).toEqual(bad);
});

test.each([
  ['11', '11', V4_ADDRESSES, 'it is of version 1'],
  ['01', '11', V4_ADDRESSES, 'it is of version 0'],
  ['22', '11', V4_ADDRESSES, 'its command is 2'],
  ['2f', '11', V4_ADDRESSES, 'its command is 15'],
  ['21', '41', V4_ADDRESSES, 'its protocol is 41'],
  ['21', '13', V4_ADDRESSES, 'its protocol is 13'],
  ['21', 'ff', V4_ADDRESSES, 'its protocol is ff'],
  ['21', '11', '', '0 bytes of addresses, where 12 are needed'],
  ['21', '11', V4_ADDRESSES.slice(2), '11 bytes of addresses, where 12 are needed'],
  ['21', '21', V4_ADDRESSES, '12 bytes of addresses, where 36 are needed'],
  ['21', '31', V6_ADDRESSES, '36 bytes of addresses, where 216 are needed'],
])('a binary header %s %s is refused (%#): %s', (command, protocol, rest, reason) => {
  expect(parseProxyHeader(binaryHeader(command, protocol, rest))).toEqual({ kind: 'bad', reason });
});

test('a binary header is judged by its first 16 bytes, before the rest is waited for', () => {
  const first = (rest: string) => binaryHeader('21', '11', rest).subarray(0, 16);
  const most = '00'.repeat(PROXY_ADDRESSES_BYTES_MAX);
  expect(parseProxyHeader(first(most))).toEqual({ kind: 'partial' });
  expect(parseProxyHeader(binaryHeader('21', '11', most))).toMatchObject({ kind: 'whole' });
  const reason = '4097 bytes of addresses, more than 4096';
  expect(parseProxyHeader(first(`${most}00`))).toEqual({ kind: 'bad', reason });
  const huge = first('00'.repeat(65_535));
  expect(parseProxyHeader(huge)).toMatchObject({ kind: 'bad' });
  // Also where nothing of them would be read.
  huge[12] = 0x20;
  expect(parseProxyHeader(huge)).toMatchObject({ kind: 'bad' });
});

describe('whatever comes', () => {
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  const length = fc.constantFrom('0000', '000c', '0024', '00d8', '1000', '1001', 'ffff', '8000');
  const hex = (values: number[]) => fc.constantFrom(...values.map((n) => Buffer.of(n)));
  const binary = fc
    .tuple(
      hex([0x20, 0x21, 0x21, 0x11, 0x2f]),
      hex([0x00, 0x11, 0x21, 0x31, 0x12, 0x4f]),
      length.map((text) => Buffer.from(text, 'hex')),
      fc.oneof(random, fc.constant(Buffer.alloc(BYTES_MAX + 10, 0x41))),
    )
    .map((parts) => Buffer.concat([binaryHeader('', '').subarray(0, 12), ...parts]));
  const words = fc.constantFrom(
    ...['TCP4', 'TCP6', 'UNKNOWN', '1.2.3.4', '::1', '::ffff:1.2.3.4', '0', '65535', '65536', '-1'],
    ...['', '\r', '\n', '\r\n', '\0', 'x'.repeat(107)],
  );
  const text = fc.array(words, { maxLength: 8 }).map((some) => line(some.join(' ')));
  const edited = fc
    .record({
      bytes: fc.constantFrom(...SAMPLES.map((sample) => sample.bytes)),
      at: fc.nat(),
      removed: fc.nat({ max: 6 }),
      added: fc.oneof(random, fc.constant(Buffer.alloc(0))),
    })
    .map(({ bytes, at, removed, added }) => {
      const from = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, from), added, bytes.subarray(from + removed)]);
    });
  const anything = fc.oneof(random, binary, text, edited);

  test('the answer is the same however it is cut, also inside a larger buffer', () => {
    fc.assert(
      fc.property(anything, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
        const expected = parseProxyHeader(bytes);
        const around = Buffer.concat([Buffer.from('\r\n'), bytes, Buffer.from('\r\n')]);
        expect(parseProxyHeader(around.subarray(2, 2 + bytes.length))).toEqual(expected);
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
        const sorted = at.sort((a, b) => a - b);
        const pieces = sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
        const { header } = feed(pieces);
        // Where it is bad for several reasons, the first to come is told.
        if (expected.kind === 'bad') expect(header.kind).toBe('bad');
        else expect(header).toEqual(expected);
      }),
    );
  });

  test('it is whole, bad, or waited for within bounds', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const header = parseProxyHeader(bytes);
        if (header.kind === 'partial') expect(bytes.length).toBeLessThan(BYTES_MAX);
        if (header.kind === 'bad') expect(header.reason).toMatch(/^[\x20-\x7e]{1,100}$/);
        if (header.kind !== 'whole') return;
        expect(header.length).toBeLessThanOrEqual(Math.min(bytes.length, BYTES_MAX));
        if (header.source.kind !== 'tcp') return;
        expect(header.source.host).toMatch(/^[0-9a-f.:]{2,39}$/);
        expect(header.source.port).toBeLessThanOrEqual(0xffff);
      }),
    );
  });

  test('an address and a port come through both versions as they are', () => {
    const bytes = fc.oneof(
      fc.array(fc.nat({ max: 255 }), { minLength: 4, maxLength: 4 }),
      fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, fc.nat({ max: 65_535 }), (address, port) => {
        const isIpv4 = address.length === 4;
        const raw = Buffer.from(address).toString('hex');
        const portHex = port.toString(16).padStart(4, '0');
        const rest = `${raw}${'00'.repeat(address.length)}${portHex}0000`;
        const binaryForm = parseProxyHeader(binaryHeader('21', isIpv4 ? '11' : '21', rest));
        const full = raw.match(/.{4}/g)?.join(':') ?? '';
        const textForm = isIpv4
          ? `TCP4 ${address.join('.')} 0.0.0.0 ${port} 0`
          : `TCP6 ${full} :: ${port} 0`;
        expect(parseProxyHeader(line(textForm))).toMatchObject({
          kind: 'whole',
          source: binaryForm.kind === 'whole' ? binaryForm.source : 'none',
        });
        expect(binaryForm).toMatchObject({ source: { kind: 'tcp', port } });
      }),
    );
  });
});
