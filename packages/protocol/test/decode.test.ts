import * as fc from 'fast-check';
import {
  authenticationSasl,
  backendKeyData,
  commandComplete,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeCommandTag,
  decodeNegotiateProtocolVersion,
  decodeNotice,
  decodeParameterStatus,
  decodePasswordMessage,
  decodeQuery,
  decodeSaslInitialResponse,
  errorResponse,
  negotiateProtocolVersion,
  ProtocolViolation,
  parameterStatus,
  passwordMessage,
  query,
  saslInitialResponse,
} from '../src';

const bodyOf = (message: Buffer) => message.subarray(5);
const fromHex = (hex: string) => Buffer.from(hex, 'hex');
const noNul = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));

test('authentication requests of each kind', () => {
  expect(decodeAuthentication(fromHex('00000000'))).toEqual({ kind: 'ok' });
  expect(decodeAuthentication(fromHex('00000003'))).toEqual({ kind: 'cleartext' });
  expect(decodeAuthentication(fromHex('0000000501020304'))).toEqual({
    kind: 'md5',
    salt: Buffer.of(1, 2, 3, 4),
  });
  expect(decodeAuthentication(fromHex('0000000a4100424300' + '00'))).toEqual({
    kind: 'sasl',
    mechanisms: ['A', 'BC'],
  });
  expect(decodeAuthentication(fromHex('0000000a00'))).toEqual({ kind: 'sasl', mechanisms: [] });
  expect(decodeAuthentication(fromHex('0000000b78'))).toEqual({
    kind: 'saslContinue',
    data: Buffer.from('x'),
  });
  expect(decodeAuthentication(fromHex('0000000c'))).toEqual({
    kind: 'saslFinal',
    data: Buffer.alloc(0),
  });
});

test.each([2, 7, 8, 9, 13, -1])('authentication request %d is reported as unsupported', (code) => {
  const body = Buffer.alloc(10);
  body.writeInt32BE(code);
  expect(decodeAuthentication(body)).toEqual({ kind: 'unsupported', code });
});

test('the severity of an error is the untranslated one where there is one', () => {
  const text = 'SFEHLER\0VERROR\0C42601\0Mm\0Fscan.l\0L123\0\0';
  expect(decodeNotice(Buffer.from(text))).toEqual({
    severity: 'ERROR',
    code: '42601',
    message: 'm',
  });
  const old = 'SFEHLER\0C42601\0Mm\0\0';
  expect(decodeNotice(Buffer.from(old)).severity).toBe('FEHLER');
});

test('the version in a negotiation may come with or without the major one', () => {
  const withMajor = fromHex('0003000200000000');
  const bare = fromHex('0000000200000000');
  expect(decodeNegotiateProtocolVersion(withMajor)).toEqual({ minor: 2, unrecognized: [] });
  expect(decodeNegotiateProtocolVersion(bare)).toEqual({ minor: 2, unrecognized: [] });
});

test('no initial SASL data differs from empty data', () => {
  expect(decodeSaslInitialResponse(fromHex('4100ffffffff'))).toEqual({
    mechanism: 'A',
    data: undefined,
  });
  expect(decodeSaslInitialResponse(fromHex('410000000000'))).toEqual({
    mechanism: 'A',
    data: Buffer.alloc(0),
  });
});

test('an empty password is a password; whether it will do is for others to say', () => {
  expect(decodePasswordMessage(Buffer.of(0))).toBe('');
});

test('returned buffers are copies', () => {
  const key = bodyOf(backendKeyData(1, Buffer.alloc(4, 1)));
  const md5 = fromHex('0000000501020304');
  const sasl = fromHex('0000000b01020304');
  const initial = bodyOf(saslInitialResponse('A', Buffer.of(1, 2)));
  const decoded = {
    key: decodeBackendKeyData(key),
    md5: decodeAuthentication(md5),
    sasl: decodeAuthentication(sasl),
    initial: decodeSaslInitialResponse(initial),
  };
  for (const body of [key, md5, sasl, initial]) body.fill(0xee);
  expect(decoded).toMatchObject({
    key: { key: Buffer.alloc(4, 1) },
    md5: { salt: Buffer.of(1, 2, 3, 4) },
    sasl: { data: Buffer.of(1, 2, 3, 4) },
    initial: { data: Buffer.of(1, 2) },
  });
});

type Malformed = readonly [string, (body: Buffer) => unknown, string];
const malformed: readonly Malformed[] = [
  ['an authentication request without a code', decodeAuthentication, '000000'],
  ['an authentication request of no bytes', decodeAuthentication, ''],
  ['bytes behind AuthenticationOk', decodeAuthentication, '0000000000'],
  ['bytes behind a cleartext request', decodeAuthentication, '0000000300'],
  ['a short salt', decodeAuthentication, '00000005010203'],
  ['a long salt', decodeAuthentication, '000000050102030405'],
  ['mechanisms without an end', decodeAuthentication, '0000000a4100'],
  ['a mechanism without an end', decodeAuthentication, '0000000a41'],
  ['bytes behind the mechanisms', decodeAuthentication, '0000000a41000000'],
  ['a parameter without a value', decodeParameterStatus, '6100'],
  ['bytes behind a parameter', decodeParameterStatus, '6100620000'],
  ['a cancel key of 3 bytes', decodeBackendKeyData, '00000001010203'],
  ['no cancel key', decodeBackendKeyData, '00000001'],
  ['half a process id', decodeBackendKeyData, '0000'],
  ['a cancel key of 257 bytes', decodeBackendKeyData, `00000001${'00'.repeat(257)}`],
  ['an error of no bytes', decodeNotice, ''],
  ['an error without fields', decodeNotice, '00'],
  ['an error without an end', decodeNotice, '534500430000'],
  ['an error field without an end', decodeNotice, '5345'],
  ['bytes behind an error', decodeNotice, '5345004341004d41000000'],
  ['another major version', decodeNegotiateProtocolVersion, '0004000000000000'],
  ['a negative version', decodeNegotiateProtocolVersion, 'ffffffff00000000'],
  ['a negative count of options', decodeNegotiateProtocolVersion, '00030000ffffffff'],
  ['a huge count of options', decodeNegotiateProtocolVersion, '000300007fffffff00'],
  ['more options than named', decodeNegotiateProtocolVersion, '00030000000000016100' + '6200'],
  ['fewer options than named', decodeNegotiateProtocolVersion, '000300000000000261' + '00'],
  ['a password without an end', decodePasswordMessage, '61'],
  ['bytes behind a password', decodePasswordMessage, '610062'],
  ['SASL data of a negative length', decodeSaslInitialResponse, '4100fffffffe'],
  ['SASL data of a huge length', decodeSaslInitialResponse, '41007fffffff61'],
  ['SASL data of the least length', decodeSaslInitialResponse, '410080000000'],
  ['bytes behind SASL data', decodeSaslInitialResponse, '4100000000016161'],
  ['bytes behind absent SASL data', decodeSaslInitialResponse, '4100ffffffff61'],
  ['a mechanism and no length', decodeSaslInitialResponse, '4100'],
  ['a command tag without an end', decodeCommandTag, '534554'],
  ['bytes behind a command tag', decodeCommandTag, '53455400' + '00'],
  ['a query of no bytes', decodeQuery, ''],
  ['a query with a NUL inside', decodeQuery, '610062' + '00'],
];

test.each(malformed)('%s is a violation', (_, decode, hex) => {
  const body = fromHex(hex);
  expect(() => decode(body)).toThrow(ProtocolViolation);
  expect(() => decode(body)).toThrow(
    expect.objectContaining({ key: 'badMessage', sqlstate: '08P01', length: body.length }),
  );
});

test('a violation names the tag of its message', () => {
  expect(() => decodeQuery(Buffer.alloc(0))).toThrow(expect.objectContaining({ tag: 0x51 }));
  expect(() => decodeNotice(Buffer.alloc(0))).toThrow(expect.objectContaining({ tag: 0x45 }));
});

test('texts survive building and decoding', () => {
  fc.assert(
    fc.property(noNul, noNul, (a, b) => {
      expect(decodeQuery(bodyOf(query(a)))).toBe(a);
      expect(decodePasswordMessage(bodyOf(passwordMessage(a)))).toBe(a);
      expect(decodeCommandTag(bodyOf(commandComplete(a)))).toBe(a);
      expect(decodeParameterStatus(bodyOf(parameterStatus(a, b)))).toEqual({ name: a, value: b });
    }),
  );
});

test('errors survive building and decoding', () => {
  const fields = fc.record(
    {
      severity: fc.constantFrom('ERROR', 'FATAL', 'PANIC'),
      code: noNul,
      message: noNul,
      detail: noNul,
      hint: noNul,
    },
    { requiredKeys: ['severity', 'code', 'message'] },
  );
  fc.assert(
    fc.property(fields, (error) => {
      expect(decodeNotice(bodyOf(errorResponse(error)))).toEqual(error);
    }),
  );
});

test('keys, mechanisms, SASL data and options survive building and decoding', () => {
  const key = fc.uint8Array({ minLength: 4, maxLength: 256 }).map((bytes) => Buffer.from(bytes));
  const names = fc.array(noNul.filter((text) => text !== ''));
  const processIds = fc.integer({ min: -0x80000000, max: 0x7fffffff });
  const minors = fc.integer({ min: 0, max: 65535 });
  fc.assert(
    fc.property(key, names, processIds, minors, (bytes, list, processId, minor) => {
      expect(decodeBackendKeyData(bodyOf(backendKeyData(processId, bytes)))).toEqual({
        processId,
        key: bytes,
      });
      expect(decodeAuthentication(bodyOf(authenticationSasl(list)))).toEqual({
        kind: 'sasl',
        mechanisms: list,
      });
      expect(decodeSaslInitialResponse(bodyOf(saslInitialResponse('M', bytes)))).toEqual({
        mechanism: 'M',
        data: bytes,
      });
      expect(decodeNegotiateProtocolVersion(bodyOf(negotiateProtocolVersion(minor, list)))).toEqual(
        { minor, unrecognized: list },
      );
    }),
  );
});
