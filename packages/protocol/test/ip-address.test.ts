import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { addressBytes, ipAddressText, withoutMapping } from '../src';

test.each([
  ['1.2.3.4', [1, 2, 3, 4]],
  ['255.255.255.0', [255, 255, 255, 0]],
  ['::', new Array(16).fill(0)],
  ['::1', [...new Array(15).fill(0), 1]],
  ['fe80::1:2', [0xfe, 0x80, ...new Array(11).fill(0), 1, 0, 2]],
  ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ['::ffff:10.0.0.1', [...new Array(10).fill(0), 255, 255, 10, 0, 0, 1]],
])('%s', (text, bytes) => {
  expect(addressBytes(text)).toEqual(bytes);
});

test.each([
  ...['', '1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', '1.2.3.4:5', ':', ':::', '1::2::3'],
  ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4::5:6:7:8', '12345::', 'fe80::1%eth0', '::g'],
  ...['1.2.3.4::', 'host', ' 1.2.3.4'],
])('%p is no address', (text) => {
  expect(addressBytes(text)).toBeUndefined();
});

test('what is an address agrees with the runtime', () => {
  const piece = fc.constantFrom('0', '1', 'ff', 'ffff', ':', '::', '.', '1.2.3.4', '255', '256');
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(piece, { maxLength: 16 }).map((p) => p.join('')),
  );
  fc.assert(
    fc.property(text, (address) => {
      const length = { 0: undefined, 4: 4, 6: 16 }[isIP(address)];
      expect(addressBytes(address)?.length).toBe(length);
    }),
    { numRuns: 2000 },
  );
});

test('an IPv4 address mapped into IPv6 is that IPv4 address, and nothing else is', () => {
  const plain = (text: string) => withoutMapping(addressBytes(text) ?? []);
  expect(plain('::ffff:1.2.3.4')).toEqual([1, 2, 3, 4]);
  expect(plain('::ffff:102:304')).toEqual([1, 2, 3, 4]);
  expect(plain('1.2.3.4')).toEqual([1, 2, 3, 4]);
  expect(plain('::fffe:1.2.3.4')).toHaveLength(16);
  expect(plain('::1.2.3.4')).toHaveLength(16);
});

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['0:0:1:2:3:4:5:0', '::1:2:3:4:5:0'],
])('%s is shown as %s', (text, shown) => {
  expect(ipAddressText(addressBytes(text) ?? [])).toBe(shown);
});

test('an address that is shown can be read back, as the same', () => {
  const byte = fc.constantFrom(0, 0, 0, 1, 16, 255);
  const lengths = [4, 16].map((length) => ({ minLength: length, maxLength: length }));
  const address = fc.oneof(...lengths.map((length) => fc.array(byte, length)));
  fc.assert(
    fc.property(address, (bytes) => {
      const text = ipAddressText(bytes);
      expect(isIP(text)).toBe(bytes.length === 4 ? 4 : 6);
      expect(addressBytes(text)).toEqual(bytes);
    }),
  );
});
