import * as fc from 'fast-check';
import {
  cancelRequestPacket,
  parseStartup,
  STARTUP_BYTES_MAX,
  sslRequestPacket,
  startupLength,
  startupPacket,
} from '../src';

const V30 = { major: 3, minor: 0 };
const TERMINATOR = 'invalid startup packet layout: expected terminator as last byte';

function packetOf(code: number, rest: Buffer | string): Buffer {
  const body = typeof rest === 'string' ? Buffer.from(rest, 'latin1') : rest;
  const packet = Buffer.alloc(8 + body.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeUInt32BE(code, 4);
  body.copy(packet, 8);
  return packet;
}

const startupOf = (rest: string) => packetOf(0x00030000, rest);

test('the length is known once four bytes are there, whatever it claims', () => {
  const packet = Buffer.from('fffffffe00', 'hex');
  expect(startupLength(packet, 0)).toBeUndefined();
  expect(startupLength(packet, 3)).toBeUndefined();
  expect(startupLength(packet, 4)).toBe(-2);
  expect(startupLength(sslRequestPacket(), 8)).toBe(8);
});

test('the limit is that of PostgreSQL', () => {
  expect(STARTUP_BYTES_MAX).toBe(10_000);
});

test('requests for encryption are told apart', () => {
  expect(sslRequestPacket()).toEqual(Buffer.from('0000000804d2162f', 'hex'));
  expect(parseStartup(sslRequestPacket())).toEqual({ kind: 'ssl' });
  expect(parseStartup(Buffer.from('0000000804d21630', 'hex'))).toEqual({ kind: 'gss' });
});

test('a request for encryption with more behind it is malformed', () => {
  expect(parseStartup(packetOf(80877103, 'x')).kind).toBe('malformed');
  expect(parseStartup(packetOf(80877104, 'x')).kind).toBe('malformed');
});

test.each([4, 32, 256])('a cancel request with a key of %d bytes gives both', (length) => {
  const key = Buffer.alloc(length, 7);
  const packet = cancelRequestPacket(-5, key);
  const request = parseStartup(packet);
  packet.fill(0);
  expect(request).toEqual({ kind: 'cancel', processId: -5, key });
});

test('a cancel request of protocol 3.0 has the bytes that libpq sends', () => {
  expect(cancelRequestPacket(0x01020304, Buffer.from('a1b2c3d4', 'hex')).toString('hex')).toBe(
    '0000001004d2162e01020304a1b2c3d4',
  );
});

test.each([0, 3, 257])('a cancel request with a key of %d bytes is malformed', (length) => {
  expect(parseStartup(cancelRequestPacket(1, Buffer.alloc(length)))).toMatchObject({
    kind: 'malformed',
    reason: 'invalid length of query cancel packet',
  });
});

test('a cancel request that ends before its key is malformed', () => {
  expect(parseStartup(packetOf(80877102, 'abc')).kind).toBe('malformed');
});

test('a startup packet gives its parameters in order, protocol options apart', () => {
  const packet = startupOf('user\0ann\0_pq_.shiny\0on\0database\0\0_pq_\0x\0\0');
  const request = parseStartup(packet);
  packet.fill(0x20);
  expect(request).toEqual({
    kind: 'startup',
    major: 3,
    minor: 0,
    parameters: new Map([
      ['user', 'ann'],
      ['database', ''],
      ['_pq_', 'x'],
    ]),
    protocolOptions: ['_pq_.shiny'],
  });
});

test('of a parameter that comes twice the last value counts', () => {
  const request = parseStartup(startupOf('user\0a\0user\0b\0\0'));
  expect(request.kind === 'startup' && request.parameters.get('user')).toBe('b');
});

test('a startup packet may have no parameters', () => {
  expect(parseStartup(startupOf('\0'))).toMatchObject({ kind: 'startup', minor: 0 });
});

test.each([
  [1, 0],
  [2, 0],
  [4, 0],
  [1234, 5600],
  [0, 0],
  [65535, 65535],
])('version %d.%d is not supported, whatever follows', (major, minor) => {
  const packet = packetOf(major * 65536 + minor, 'anything');
  expect(parseStartup(packet)).toEqual({ kind: 'unsupported', major, minor });
});

test('any minor version of protocol 3 is read', () => {
  const request = parseStartup(packetOf(0x0003270f, 'user\0a\0\0'));
  expect(request).toMatchObject({ kind: 'startup', major: 3, minor: 9999 });
});

test.each([
  ['nothing behind the version', ''],
  ['no terminator', 'user\0a\0'],
  ['no value', 'user\0'],
  ['a name without its end', 'user'],
  ['a value without its end', 'user\0ann'],
  ['bytes behind the terminator', 'user\0a\0\0x'],
  ['a second terminator', 'user\0a\0\0\0'],
  ['a NUL in a name', 'us\0er\0a\0\0'],
])('a packet with %s has a bad layout', (_, rest) => {
  expect(parseStartup(startupOf(rest))).toMatchObject({ kind: 'malformed', reason: TERMINATOR });
});

test.each(['user\0\xff\0\0', '\xc3\x28\0a\0\0', 'user\0\xed\xa0\x80\0\0'])(
  'bytes that are not UTF-8 are malformed rather than changed (%#)',
  (rest) => {
    expect(parseStartup(startupOf(rest))).toMatchObject({
      kind: 'malformed',
      reason: 'invalid byte sequence for encoding "UTF8" in startup packet',
    });
  },
);

test('a malformed packet shows its first eight bytes', () => {
  expect(parseStartup(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toEqual({
    kind: 'malformed',
    reason: 'invalid length of startup packet',
    header: '474554202f204854',
  });
});

test('a packet shorter than its header is malformed, not read beyond its end', () => {
  for (let length = 0; length < 8; length++) {
    expect(parseStartup(sslRequestPacket().subarray(0, length)).kind).toBe('malformed');
    const honest = Buffer.alloc(length);
    if (length >= 4) honest.writeInt32BE(length, 0);
    expect(parseStartup(honest).kind).toBe('malformed');
  }
});

test('the length may be 4 over the limit and no more, as the length field is not counted', () => {
  const fill = (total: number) => startupOf(`${'n'.repeat(total - 8 - 3)}\0\0\0`);
  expect(parseStartup(fill(STARTUP_BYTES_MAX + 4)).kind).toBe('startup');
  expect(parseStartup(fill(STARTUP_BYTES_MAX + 5)).kind).toBe('malformed');
});

test('a claimed length that is not that of the packet is malformed', () => {
  for (const length of [0, 3, -1, 2147483647, 8, 20]) {
    const packet = startupPacket([['user', 'a']], V30);
    packet.writeInt32BE(length, 0);
    expect(parseStartup(packet).kind).toBe('malformed');
  }
});

test('a NUL or an empty name is refused when a packet is built', () => {
  expect(() => startupPacket([['user', 'a\0database\0b']], V30)).toThrow(RangeError);
  expect(() => startupPacket([['us\0er', 'a']], V30)).toThrow(RangeError);
  expect(() => startupPacket([['', 'a']], V30)).toThrow(RangeError);
});

test('parameters survive building and parsing', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((s) => !s.includes('\0'));
  const name = text.filter((s) => s !== '' && !s.startsWith('_pq_.'));
  const minor = fc.integer({ min: 0, max: 65535 });
  fc.assert(
    fc.property(fc.dictionary(name, text, { maxKeys: 8 }), minor, (parameters, minorVersion) => {
      const entries = Object.entries(parameters);
      const packet = startupPacket(entries, { major: 3, minor: minorVersion });
      expect(startupLength(packet, packet.length)).toBe(packet.length);
      expect(parseStartup(packet)).toEqual({
        kind: 'startup',
        major: 3,
        minor: minorVersion,
        parameters: new Map(entries),
        protocolOptions: [],
      });
    }),
  );
});

test('any bytes parse to a request, without an exception', () => {
  const codes = fc.constantFrom(0x00030000, 0x00030002, 80877102, 80877103, 80877104, 0);
  const rest = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(codes, rest, (code, bytes) => {
      parseStartup(bytes);
      parseStartup(packetOf(code, bytes));
    }),
    { numRuns: 500 },
  );
});
