import { ConsoleClient, PICTURE } from '../support/console-client';

const INI =
  '[peers]\n3 = host=/run/c pool_size=5\n1 = host=a.test port=7000\n[pgbouncer]\npeer_id = 1\n';

test('SHOW PEERS lists what [peers] says, by id', async () => {
  const { rows } = await new ConsoleClient({ ini: INI }).ask('SHOW PEERS');
  expect(rows).toEqual([
    ['1', 'a.test', '7000', '20'],
    ['3', '/run/c', '6432', '5'],
  ]);
});

test('SHOW PEER_POOLS says how many requests are with a peer, and how many wait', async () => {
  const picture = { ...PICTURE, peerPools: [{ peer: 3, sent: 2, dialing: 1, queued: 4 }] };
  const { rows } = await new ConsoleClient({ ini: INI, picture }).ask('SHOW PEER_POOLS');
  expect(rows).toEqual([
    ['1', '0', '0', '0', '0'],
    ['3', '2', '5', '2', '1'],
  ]);
});

test('SHOW LISTS counts them', async () => {
  const { rows } = await new ConsoleClient({ ini: INI }).ask('SHOW LISTS');
  expect(rows).toContainEqual(['peers', '2']);
  expect(rows).toContainEqual(['peer_pools', '2']);
});
