import * as fc from 'fast-check';
import { addressList } from '../../../src/config/access/address-list';
import { showConfig } from '../../../src/config/show-config';
import { loaded, problems, warnings } from '../../support/config-files';

const USERS = { '/etc/pgweir/userlist.txt': '"app" "secret"\n' };
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';
const setTo = (text: string): string => `${BASE}proxy_protocol = ${text}\n`;

function why(text: string): string {
  const read = addressList.parse(text);
  return read.kind === 'refused' ? read.why : read.kind;
}

test('without the setting nobody sends a header', () => {
  const { pooler } = loaded(BASE, USERS);
  expect(pooler.loadBalancers).toEqual({ unixSockets: false, networks: [] });
});

test('addresses, networks and Unix sockets reach the pooler as plain data', () => {
  const { pooler, values } = loaded(setTo('10.0.0.5, 10.1.0.0/16,unix , fd00::/8,'), USERS);
  expect(pooler.loadBalancers).toMatchObject({
    unixSockets: true,
    networks: [
      { address: [10, 0, 0, 5], mask: [255, 255, 255, 255] },
      { address: [10, 1, 0, 0], mask: [255, 255, 0, 0] },
      { address: [0xfd, ...new Array(15).fill(0)], mask: [255, ...new Array(15).fill(0)] },
    ],
  });
  expect(JSON.parse(JSON.stringify(pooler.loadBalancers))).toEqual(pooler.loadBalancers);
  expect(showConfig(values).filter(({ key }) => key === 'proxy_protocol')).toEqual([
    {
      key: 'proxy_protocol',
      value: '10.0.0.5, 10.1.0.0/16, fd00::/8, unix',
      default: '',
      changeable: 'yes',
    },
  ]);
});

test('an IPv4 address in the form of IPv6 is that IPv4 address', () => {
  expect(addressList.parse('::ffff:10.0.0.0/104')).toEqual({
    kind: 'ok',
    value: {
      unixSockets: false,
      networks: [{ address: [10, 0, 0, 0], mask: [255, 0, 0, 0] }],
    },
  });
});

test.each([
  ['lb.example.test', '"lb.example.test" is no IP address'],
  ['10.0.0.0/8/8', '"10.0.0.0/8/8" is no IP address'],
  ['10.0.0.5 10.0.0.6', '"10.0.0.5 10.0.0.6" is no IP address'],
  ['*', '"*" is no IP address'],
  ['Unix', '"Unix" is no IP address'],
  ['10.0.0.0/33', '/33 is no mask: accepted are /0 to /32'],
  ['fd00::/129', '/129 is no mask: accepted are /0 to /128'],
  ['10.0.0.0/', '/ is no mask'],
  ['10.1.0.0/8', '"10.1.0.0/8" has bits outside of its mask: is 10.0.0.0/8 meant?'],
  ['fd00:1::/16', 'is fd00::/16 meant?'],
  [new Array(1001).fill('10.0.0.1').join(), 'more than 1000 networks'],
])('%#: a list with a mistake is refused, and the mistake named', (text, message) => {
  expect(why(text)).toContain(message);
});

test('a mistake is a problem of its line', () => {
  expect(problems(setTo('10.0.0.5, lb'), USERS)).toEqual([
    expect.stringMatching(/^5: proxy_protocol = "10.0.0.5, lb" is refused: "lb" is no IP address/),
  ]);
});

test.each(['0.0.0.0/0', '10.0.0.1, ::/0'])('to trust everybody is warned about: %s', (text) => {
  expect(warnings(setTo(text), USERS)).toEqual([
    expect.stringContaining('5: proxy_protocol names every address'),
  ]);
  expect(warnings(setTo('unix, 0.0.0.0/1'), USERS)).toEqual([]);
});

test('what is shown is read back as the same', () => {
  const bits = fc.nat({ max: 32 });
  const address = fc.array(fc.nat({ max: 255 }), { minLength: 4, maxLength: 4 });
  const item = fc.tuple(address, bits).map(([bytes, count]) => {
    const inside = bytes.map((byte, at) => byte & (0xff00 >> Math.max(0, count - 8 * at)));
    return `${inside.map((byte) => byte & 0xff).join('.')}/${count}`;
  });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 5 }), fc.boolean(), (items, unix) => {
      const read = addressList.parse([...items, ...(unix ? ['unix'] : [])].join(', '));
      const shown = read.kind === 'ok' ? addressList.show(read.value) : read.kind;
      expect(addressList.parse(shown)).toEqual(read);
    }),
  );
});
