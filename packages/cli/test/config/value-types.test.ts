import fc from 'fast-check';
import { tlsProtocols } from '../../src/config/tls-protocols';
import {
  fraction,
  httpEndpoint,
  httpHeaders,
  httpUrls,
  list,
  oneOf,
  onOff,
  text,
  time,
  type ValueType,
  wholeNumber,
} from '../../src/config/value-types';

function parsed<T>(type: ValueType<T>, input: string): T | string {
  const result = type.parse(input);
  return result.kind === 'ok' ? result.value : result.kind;
}

test.each([
  ['0', 0],
  ['42', 42],
  ['+7', 7],
  ['0777', 0o777],
  ['0x1F', 31],
  ['2147483647', 2_147_483_647],
  ['2147483648', 'bad'],
  ['-1', 'bad'],
  ['08', 'bad'],
  ['1.5', 'bad'],
  ['1e3', 'bad'],
  ['10 ', 'bad'],
  ['', 'bad'],
  ['many', 'bad'],
])('a whole number: %j is %j', (input, expected) => {
  expect(parsed(wholeNumber(), input)).toBe(expected);
});

test('a whole number keeps to its limits', () => {
  const type = wholeNumber({ min: 1, max: 65_535 });
  expect(['0', '1', '65535', '65536'].map((input) => parsed(type, input))).toEqual([
    'bad',
    1,
    65_535,
    'bad',
  ]);
});

test.each([
  ['30', 30_000],
  ['0.5', 500],
  ['.5', 500],
  ['5.', 5000],
  ['1e3', 1_000_000],
  ['0.1', 100],
  ['500ms', 500],
  ['500 MS', 500],
  ['250us', 0.25],
  ['5s', 5000],
  ['2min', 120_000],
  ['1.5h', 5_400_000],
  ['1d', 86_400_000],
  ['5m', 'bad'],
  ['-1', 'bad'],
  ['1 2', 'bad'],
  ['', 'bad'],
  ['soon', 'bad'],
  ['1e99', 'bad'],
  ['Infinity', 'bad'],
])('a time: %j is %j ms', (input, expected) => {
  expect(parsed(time(), input)).toBe(expected);
});

test('times are shown in seconds, as short as they can be', () => {
  expect([0, 500, 5000, 3_600_000, 250].map((ms) => time().show(ms))).toEqual([
    '0',
    '0.5',
    '5',
    '3600',
    '0.25',
  ]);
});

test.each([
  ['1', true],
  ['YES', true],
  ['on', true],
  ['true', true],
  ['0', false],
  ['no', false],
  ['Off', false],
  ['false', false],
  ['2', 'bad'],
  ['', 'bad'],
])('a switch: %j is %j', (input, expected) => {
  expect(parsed(onOff, input)).toBe(expected);
});

test('a choice is taken in any case, and a known one that we lack is refused with a reason', () => {
  const type = oneOf(['md5', 'plain'], { pam: 'no PAM' });
  expect(parsed(type, 'MD5')).toBe('md5');
  expect(type.parse('Pam')).toEqual({ kind: 'refused', why: 'no PAM' });
  expect(type.parse('constructor')).toEqual({ kind: 'bad' });
});

test('a list drops blanks and empty items', () => {
  expect(parsed(list, ' a, b ,,c d, ')).toEqual(['a', 'b', 'c d']);
  expect(parsed(list, '')).toEqual([]);
});

test('text is limited in bytes, not in characters', () => {
  expect(parsed(text({ bytesMax: 4 }), 'éé')).toBe('éé');
  expect(parsed(text({ bytesMax: 4 }), 'ééé')).toBe('bad');
});

test('addresses of HTTP servers: with a login or without, which is never shown', () => {
  const login = 'https://we%40r:a%2Cb@[::1]:8008/patroni';
  expect(parsed(httpUrls, `http://db1:8008, ${login}`)).toEqual(['http://db1:8008/', login]);
  expect(httpUrls.show([login])).toBe('https://[::1]:8008');
});

test.each([
  '',
  'db1',
  'db1:8008',
  'ftp://db1',
  'http://',
  'http://a,',
  'http://u:%zz@a',
  'http://a?x',
])('"%s" is no address of an HTTP server', (input) => {
  expect(parsed(httpUrls, input)).toBe('bad');
});

test.each([
  ['secure', 'TLSv1.2', 'TLSv1.3'],
  ['all', 'TLSv1', 'TLSv1.3'],
  ['tlsv1.3', 'TLSv1.3', 'TLSv1.3'],
  ['TLSv1.1, tlsv1.2', 'TLSv1.1', 'TLSv1.2'],
])('TLS versions: %s means %s to %s', (input, min, max) => {
  expect(tlsProtocols.parse(input)).toMatchObject({ kind: 'ok', value: { min, max } });
});

test('TLS versions with a gap are refused, since the runtime knows only ranges', () => {
  expect(tlsProtocols.parse('tlsv1.1,tlsv1.3').kind).toBe('refused');
  expect(tlsProtocols.parse('sslv3').kind).toBe('bad');
});

test('whatever number or time is written out reads back as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (value) => {
      expect(parsed(wholeNumber(), wholeNumber().show(value))).toBe(value);
      expect(parsed(time(), `${value}ms`)).toBe(value);
    }),
  );
});

test.each([
  ['0', 0],
  ['0.01', 0.01],
  ['.5', 0.5],
  ['1', 1],
  ['1.0', 1],
  ['1.01', 'bad'],
  ['-0.1', 'bad'],
  ['1e-3', 'bad'],
  ['10%', 'bad'],
  ['', 'bad'],
])('a fraction: %j is %j', (input, expected) => {
  expect(parsed(fraction, input)).toBe(expected);
});

test.each([
  ['', ''],
  ['http://127.0.0.1:4318/v1/traces', 'http://127.0.0.1:4318/v1/traces'],
  ['https://otel.example.org', 'https://otel.example.org/'],
  ['http://[::1]:4318/v1/traces', 'refused'],
  ['http://ann:secret@host/v1/traces', 'bad'],
  ['http://host/v1/traces?key=secret', 'bad'],
  ['ftp://host/', 'bad'],
  ['host:4318', 'bad'],
])('an endpoint: %j is %j', (input, expected) => {
  expect(parsed(httpEndpoint, input)).toBe(expected);
});

test('headers: names in lower case, values percent-decoded', () => {
  const text = 'Authorization=Bearer%20a%3Db, x-scope = 1,';
  expect(parsed(httpHeaders, text)).toEqual({ authorization: 'Bearer a=b', 'x-scope': '1' });
  expect(parsed(httpHeaders, '')).toEqual({});
  const bad = ['a', '=a', 'a b=c', 'a=%0d%0ab', 'a=%', 'a=ü', `${'a=b,'.repeat(33)}`];
  expect(bad.map((each) => parsed(httpHeaders, each))).toEqual(bad.map(() => 'bad'));
  const read = { authorization: 'Bearer a,b' };
  expect(parsed(httpHeaders, httpHeaders.show(read))).toEqual(read);
});
