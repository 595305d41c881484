import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { commonName } from '../../src';

const SEQUENCE = 0x30;
const SET = 0x31;
const UTF8 = 0x0c;
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const ORGANIZATION = Buffer.from('060355040a', 'hex');

function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), body]);
}

function attribute(type: Buffer, value: string | Buffer, tag = UTF8): Buffer {
  return element(SEQUENCE, type, element(tag, Buffer.from(value)));
}

/** A certificate as far as its subject is concerned; each argument is one RelativeDistinguishedName. */
function certificate(...sets: readonly (readonly Buffer[])[]): Buffer {
  const empty = element(SEQUENCE);
  const subject = element(SEQUENCE, ...sets.map((set) => element(SET, ...set)));
  const version = element(0xa0, element(0x02, Buffer.of(2)));
  const issuer = element(SEQUENCE, element(SET, attribute(COMMON_NAME, 'authority')));
  const signed = element(
    SEQUENCE,
    ...[version, element(0x02, Buffer.of(1)), empty, issuer, empty, subject, empty],
  );
  return element(SEQUENCE, signed, empty, element(0x03, Buffer.of(0)));
}

const named = (value: string | Buffer, tag?: number) =>
  certificate([attribute(COMMON_NAME, value, tag)]);

const real = readFileSync(join(__dirname, 'certificates.txt'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split(' '));

test.each(real)('the name of a real certificate: %s', (name, _digest, der) => {
  expect(commonName(Buffer.from(der ?? '', 'base64'))).toEqual({ kind: 'name', name });
});

test.each([
  ['UTF-8', UTF8, 'Zoë'],
  ['printable', 0x13, 'alice'],
  ['IA5', 0x16, 'alice@example.test'],
])('a name as %s text is read', (_kind, tag, name) => {
  expect(commonName(named(name, tag))).toEqual({ kind: 'name', name });
});

test('other parts of the subject do not count', () => {
  const organization = attribute(ORGANIZATION, 'root');
  const name = attribute(COMMON_NAME, 'alice');
  for (const sets of [[[organization], [name]], [[name, organization]], [[name], [organization]]]) {
    expect(commonName(certificate(...sets))).toEqual({ kind: 'name', name: 'alice' });
  }
});

const bob = attribute(COMMON_NAME, 'bob');
const alice = attribute(COMMON_NAME, 'alice');

test.each([
  ['a NUL', named('alice\0.evil'), 'control character'],
  ['a line end', named('alice\nCN=bob'), 'control character'],
  ['two names', certificate([alice], [bob]), 'several'],
  ['the same name twice', certificate([alice], [alice]), 'several'],
  ['two names in one part', certificate([alice, bob]), 'several'],
  ['no name', certificate([attribute(ORGANIZATION, 'alice')]), 'no common name'],
  ['an empty subject', certificate(), 'no common name'],
  ['an empty name', named(''), 'empty'],
  ['bytes that are not UTF-8', named(Buffer.of(0x61, 0xff)), 'not UTF-8'],
  ['two bytes a character', named(Buffer.from('\0a'), 0x1e), 'outdated'],
  ['T.61 text', named('alice', 0x14), 'outdated'],
  ['no certificate', Buffer.from('alice'), 'cannot be read'],
  ['nothing', Buffer.alloc(0), 'cannot be read'],
  ['more behind it', Buffer.concat([named('alice'), Buffer.of(0)]), 'cannot be read'],
])('a certificate with %s names nobody', (_what, der, why) => {
  expect(commonName(der)).toEqual({ kind: 'none', why: expect.stringContaining(why) });
});

test('a certificate that is cut short names nobody', () => {
  const whole = named('alice');
  for (let length = 0; length < whole.length; length++) {
    expect(commonName(whole.subarray(0, length)).kind).toBe('none');
  }
});

test('any bytes give a name or none, without an exception', () => {
  const whole = named('alice');
  const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[at] = byte;
      expect(['name', 'none']).toContain(commonName(bytes).kind);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(commonName(Buffer.from(bytes)).kind).toBe('none');
    }),
  );
});
