import { PassThrough } from 'node:stream';
import { parse } from 'pg-protocol';
import {
  authenticationCleartext,
  authenticationMd5,
  authenticationOk,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  backendKeyData,
  commandComplete,
  dataRow,
  emptyQueryResponse,
  errorResponse,
  negotiateProtocolVersion,
  noticeResponse,
  parameterStatus,
  readyForQuery,
  rowDescription,
} from '../src';

/** What an independent decoder makes of the bytes. */
async function readBack(...messages: readonly Buffer[]): Promise<readonly unknown[]> {
  const stream = new PassThrough();
  const seen: unknown[] = [];
  const done = parse(stream, (message) => seen.push(message));
  stream.end(Buffer.concat(messages));
  await done;
  return seen;
}

test('each message says its own size', () => {
  const all = [
    authenticationOk(),
    authenticationCleartext(),
    authenticationMd5(Buffer.alloc(4)),
    authenticationSasl(['SCRAM-SHA-256']),
    authenticationSaslContinue('r=x'),
    authenticationSaslFinal(Buffer.from('v=x')),
    parameterStatus('a', 'é'),
    backendKeyData(1, Buffer.alloc(256)),
    readyForQuery('I'),
    negotiateProtocolVersion(2, ['_pq_.x']),
    errorResponse({ severity: 'ERROR', code: '08P01', message: 'm' }),
    noticeResponse({ severity: 'NOTICE', code: '00000', message: 'm' }),
    commandComplete('SET'),
    emptyQueryResponse(),
    rowDescription([]),
    dataRow([]),
  ];
  for (const bytes of all) expect(bytes.readInt32BE(1)).toBe(bytes.length - 1);
});

test('bytes are those of the protocol', () => {
  const hex = (bytes: Buffer) => bytes.toString('hex');
  expect(hex(authenticationOk())).toBe('520000000800000000');
  expect(hex(authenticationCleartext())).toBe('520000000800000003');
  expect(hex(authenticationMd5(Buffer.from('01020304', 'hex')))).toBe('520000000c0000000501020304');
  expect(hex(authenticationSasl(['A', 'BC']))).toBe('520000000e0000000a410042430000');
  expect(hex(authenticationSaslContinue('x'))).toBe('52000000090000000b78');
  expect(hex(authenticationSaslFinal('x'))).toBe('52000000090000000c78');
  expect(hex(parameterStatus('a', 'b'))).toBe('530000000861006200');
  expect(hex(backendKeyData(0x81020304, Buffer.of(1, 2, 3, 4)))).toBe('4b0000000c8102030401020304');
  expect(hex(readyForQuery('T'))).toBe('5a0000000554');
  expect(hex(negotiateProtocolVersion(2, ['a']))).toBe('760000000e00030002000000016100');
  expect(hex(commandComplete('A'))).toBe('43000000064100');
  expect(hex(emptyQueryResponse())).toBe('4900000004');
  expect(hex(dataRow(['é', null, '']))).toBe('4400000014000300000002c3a9ffffffff00000000');
});

test('messages are new each time', () => {
  readyForQuery('I').fill(0);
  authenticationOk().fill(0);
  expect(readyForQuery('I').toString('hex')).toBe('5a0000000549');
  expect(authenticationOk()[0]).toBe(0x52);
});

test('login messages read back', async () => {
  const salt = Buffer.of(1, 2, 3, 4);
  const seen = await readBack(
    authenticationSasl(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']),
    authenticationSaslContinue('r=abc'),
    authenticationSaslFinal('v=abc'),
    authenticationMd5(salt),
    authenticationCleartext(),
    authenticationOk(),
    parameterStatus('TimeZone', 'Europe/Zürich'),
    backendKeyData(42, Buffer.of(0, 0, 1, 0)),
    readyForQuery('E'),
  );
  expect(seen).toMatchObject([
    { name: 'authenticationSASL', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] },
    { name: 'authenticationSASLContinue', data: 'r=abc' },
    { name: 'authenticationSASLFinal', data: 'v=abc' },
    { name: 'authenticationMD5Password', salt },
    { name: 'authenticationCleartextPassword' },
    { name: 'authenticationOk' },
    { name: 'parameterStatus', parameterName: 'TimeZone', parameterValue: 'Europe/Zürich' },
    { name: 'backendKeyData', processID: 42, secretKey: 256 },
    { name: 'readyForQuery', status: 'E' },
  ]);
});

test('rows read back', async () => {
  const seen = await readBack(
    rowDescription([
      { name: 'naïve', typeOid: 4_000_000_000, typeLength: -1 },
      { name: '', typeOid: 23, typeLength: 4 },
    ]),
    dataRow(['grüße', null]),
    commandComplete('SELECT 1'),
    emptyQueryResponse(),
  );
  expect(seen).toMatchObject([
    {
      name: 'rowDescription',
      fields: [
        {
          name: 'naïve',
          tableID: 0,
          columnID: 0,
          dataTypeSize: -1,
          dataTypeModifier: -1,
          format: 'text',
        },
        { name: '', dataTypeID: 23, dataTypeSize: 4 },
      ],
    },
    { name: 'dataRow', fields: ['grüße', null] },
    { name: 'commandComplete', text: 'SELECT 1' },
    { name: 'emptyQuery' },
  ]);
});

test('errors and notices read back, with the fields that are given', async () => {
  const seen = await readBack(
    errorResponse({ severity: 'FATAL', code: '53300', message: 'no more', detail: 'd', hint: 'h' }),
    noticeResponse({ severity: 'WARNING', code: '01000', message: 'careful' }),
  );
  expect(seen).toMatchObject([
    { severity: 'FATAL', code: '53300', message: 'no more', detail: 'd', hint: 'h' },
    { name: 'notice', severity: 'WARNING', code: '01000', message: 'careful' },
  ]);
  expect(seen[1]).toMatchObject({ detail: undefined, hint: undefined });
});

test('error fields come as PostgreSQL orders them, severity in both forms', () => {
  const bytes = errorResponse({
    severity: 'ERROR',
    code: '08P01',
    message: 'm',
    detail: 'd',
    hint: 'h',
  });
  expect(bytes.subarray(5).toString()).toBe('SERROR\0VERROR\0C08P01\0Mm\0Dd\0Hh\0\0');
});

test('a NUL in an error text cannot forge a field', () => {
  const bytes = errorResponse({ severity: 'ERROR', code: '42000', message: 'a\0C00000' });
  expect(bytes.subarray(5).toString()).toBe('SERROR\0VERROR\0C42000\0Ma\ufffdC00000\0\0');
});

test('a NUL in a name or a salt of another length is refused', () => {
  expect(() => parameterStatus('a\0b', 'c')).toThrow(RangeError);
  expect(() => commandComplete('a\0')).toThrow(RangeError);
  expect(() => authenticationMd5(Buffer.alloc(5))).toThrow(RangeError);
});
