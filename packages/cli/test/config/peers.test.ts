import { loaded, problems, warnings } from '../support/config-files';

const USERS = { '/etc/pgweir/userlist.txt': '"app" "secret"\n' };
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';

test('peers are known by their ids, with the port and the pool size of PgBouncer', () => {
  const { pooler, listen } = loaded(
    `${BASE}peer_id = 2\nso_reuseport = 1\ndefault_pool_size = 7\n[peers]\n` +
      '3 = host=/run/b port=7000 pool_size=3\n1 = host=/run/a\n2 = host=10.0.0.1\n3 = host=@c\n',
    USERS,
  );
  expect(listen.reusePort).toBe(true);
  expect(pooler.peerId).toBe(2);
  expect([...pooler.peers]).toEqual([
    [1, { id: 1, host: '/run/a', port: 6432, poolSize: 7 }],
    [2, { id: 2, host: '10.0.0.1', port: 6432, poolSize: 7 }],
    [3, { id: 3, host: '@c', port: 6432, poolSize: 7 }],
  ]);
});

test('without any of it there is no group, and nothing to warn of', () => {
  for (const ini of [BASE, `${BASE}peer_id = 0\nso_reuseport = 0\n`, `${BASE}[peers]\n`]) {
    const { pooler, listen } = loaded(ini, USERS);
    expect([pooler.peerId, pooler.peers.size, listen.reusePort]).toEqual([0, 0, false]);
    expect(warnings(ini, USERS)).toEqual([]);
  }
});

test('what has no effect alone is warned of once; an id without peers is fine', () => {
  expect(warnings(`${BASE}peer_id = 3\n`, USERS)).toEqual([]);
  expect(warnings(`${BASE}so_reuseport = 1\npeer_id = 3\n`, USERS)).toEqual([]);
  expect(warnings(`${BASE}so_reuseport = 1\n`, USERS)).toEqual([
    '5: so_reuseport without peer_id: a cancel request that another instance gets is lost',
  ]);
  expect(warnings(`${BASE}[peers]\n1 = host=a\n2 = host=b\n`, USERS)).toEqual([
    '6: [peers] has no effect without peer_id: cancel requests are not passed on',
  ]);
});

test.each([
  ['0 = host=a', 'the name of a peer is a number from 1 to 16383'],
  ['16384 = host=a', 'the name of a peer is a number from 1 to 16383'],
  ['one = host=a', 'the name of a peer is a number from 1 to 16383'],
  ['1 = port=6432', 'host is missing'],
  ['1 = host=a port=0', '0'],
  ['1 = host=a user=b', 'user'],
  [`1 = host=/${'a'.repeat(100)}`, 'longer than 107 bytes'],
])('%s is a problem', (entry, reason) => {
  const found = problems(`${BASE}peer_id = 1\n[peers]\n${entry}\n`, USERS);
  expect(found).toEqual([expect.stringContaining(reason)]);
  expect(found[0]).toMatch(/^7: peer "/);
});

test('peer_id can be reloaded, so_reuseport cannot', () => {
  const before = loaded(`${BASE}peer_id = 1\n`, USERS);
  const after = loaded(`${BASE}peer_id = 2\nso_reuseport = 1\n`, USERS, { running: before });
  expect([after.pooler.peerId, after.listen.reusePort]).toEqual([2, false]);
});

test('peer_id = 16384 is a problem', () => {
  expect(problems(`${BASE}peer_id = 16384\n`, USERS)).toEqual([
    expect.stringContaining('5: peer_id = "16384"'),
  ]);
});
