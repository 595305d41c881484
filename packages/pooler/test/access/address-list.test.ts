import { type AddressList, isListed, NO_ADDRESSES } from '../../src/access/address-list';

const MASK_8 = [255, 0, 0, 0];
const LIST: AddressList = {
  unixSockets: false,
  networks: [
    { address: [10, 0, 0, 0], mask: MASK_8 },
    {
      address: [0xfd, ...new Array<number>(15).fill(0)],
      mask: [255, ...new Array<number>(15).fill(0)],
    },
  ],
};

const tcp = (host: string) => ({ kind: 'tcp', host, port: 1 }) as const;
const UNIX = { kind: 'unix', path: '/tmp/.s.PGSQL.6432' } as const;

test.each([
  ['10.0.0.1', true],
  ['10.255.255.255', true],
  ['11.0.0.1', false],
  ['::ffff:10.0.0.1', true],
  ['::ffff:11.0.0.1', false],
  ['fd12::1', true],
  ['fd12::1%eth0', true],
  ['fe80::1', false],
  ['::a00:1', false],
  ['', false],
  ['nonsense', false],
])('"%s" is listed: %s', (host, listed) => {
  expect(isListed(LIST, tcp(host))).toBe(listed);
});

test('Unix sockets are listed by their own word only', () => {
  expect(isListed(LIST, UNIX)).toBe(false);
  expect(isListed({ ...NO_ADDRESSES, unixSockets: true }, UNIX)).toBe(true);
  expect(isListed({ ...NO_ADDRESSES, unixSockets: true }, tcp('10.0.0.1'))).toBe(false);
});

test('an empty list has nobody', () => {
  expect(isListed(NO_ADDRESSES, tcp('10.0.0.1'))).toBe(false);
  expect(isListed(NO_ADDRESSES, UNIX)).toBe(false);
});
