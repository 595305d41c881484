import { cancelRequestPacket } from '@pgweir/protocol';
import { newGroupKey, ttlOf, withTtl } from '../../src/cancel/group-key';
import type { Resolver } from '../../src/ports/resolver';
import type { CancelIdentity, WorkerIdentity } from '../../src/ports/worker-identity';
import type { PeerSettings, PoolerSettings } from '../../src/settings/settings';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';

const SECRET = Buffer.from('a secret of all workers');

function group(peerId: number, changes: Partial<PeerSettings> = {}): Partial<PoolerSettings> {
  const peers = [1, 2, 3].map((id): readonly [number, PeerSettings] => [
    id,
    { id, host: `/run/peer${id}`, port: 6432, poolSize: 2, ...changes },
  ]);
  return { peerId, peers: new Map(peers) };
}

/** A key of an instance that is not here. */
const keyOf = (peerId: number, keyBytes = 4) =>
  newGroupKey({ peerId, worker: undefined }, keyBytes);

async function ask(rig: Rig, { processId, key }: CancelIdentity): Promise<TestClient> {
  const messenger = rig.stranger();
  messenger.send(cancelRequestPacket(processId, key));
  await rig.settle();
  return messenger;
}

describe.each([
  ['3.0', 0],
  ['3.2', 2],
])('with keys of protocol %s', (_, minor) => {
  async function client(rig: Rig): Promise<TestClient> {
    const found = rig.stranger();
    found.start({ user: 'alice', database: 'app' }, minor);
    await rig.settle();
    return found;
  }

  test('a cancel request that another instance gets cancels what it should, and only that', async () => {
    const [here, there] = [await Rig.open(group(1)), await Rig.open(group(2))];
    const [victim, bystander] = [await client(there), await client(there)];
    victim.send(query('hang 1'));
    bystander.send(query('hang 2'));
    await there.settle();
    bystander.forget();
    await ask(here, victim.identity);
    expect(here.server.addresses.at(-1)).toEqual({
      kind: 'unix',
      path: '/run/peer2/.s.PGSQL.6432',
    });
    const [passedOn] = here.server.cancelRequests;
    if (passedOn === undefined) throw new Error('nothing was passed on');
    expect(passedOn.processId).toBe(victim.identity.processId);
    expect(ttlOf(passedOn.key)).toBe(2);
    const messenger = await ask(there, passedOn);
    expect(messenger.closed).toBe(true);
    expect(victim.sqlState).toBe('57014');
    expect(bystander.tags).toBe('');
  });

  test('a client of our own is cancelled without a peer', async () => {
    const rig = await Rig.open(group(1));
    const own = await client(rig);
    own.send(query('hang'));
    await rig.settle();
    await ask(rig, own.identity);
    expect(own.sqlState).toBe('57014');
    expect(rig.server.addresses.every(({ kind }) => kind === 'tcp')).toBe(true);
  });

  test('a wrong byte anywhere cancels nothing', async () => {
    const rig = await Rig.open(group(1, { host: '/nobody' }));
    const own = await client(rig);
    own.send(query('hang'));
    await rig.settle();
    const { processId, key } = own.identity;
    for (let at = 0; at < key.length; at++) {
      const wrong = Buffer.from(key);
      wrong[at] = (wrong[at] ?? 0) ^ 4;
      expect((await ask(rig, { processId, key: wrong })).closed).toBe(true);
    }
    for (const bit of [1, 0x10, 1 << 24, 1 << 30]) {
      expect((await ask(rig, { processId: processId ^ bit, key })).closed).toBe(true);
    }
    expect(rig.server.cancels).toBe(0);
    expect(rig.log.count('failed cancel request')).toBeGreaterThan(0);
  });

  test('keys that were given out before there was a group, or under another id, go on', async () => {
    const rig = await Rig.open();
    const clients: TestClient[] = [];
    for (const settings of [group(1), group(2), group(0)]) {
      clients.push(await client(rig));
      const { pooler } = rig;
      pooler.reload({ ...pooler.settings, ...settings }, pooler.credentials);
    }
    for (const one of clients) {
      one.forget();
      one.send(query('hang'));
      await rig.settle();
      await ask(rig, one.identity);
      expect(one.sqlState).toBe('57014');
    }
  });
});

test('many clients of one process have keys of their own', async () => {
  const rig = await Rig.open({ ...group(1), clientsMax: 0 });
  const clients = await rig.clients(1000);
  const seen = clients.map(
    ({ identity: { processId, key } }) => `${processId} ${key.toString('hex')}`,
  );
  expect(new Set(seen).size).toBe(1000);
});

test.each([
  ['failed to forward cancel request because its TTL was exhausted', 2, 0],
  ['could not find peer to forward request to', 4, 3],
])('%s', async (message, peer, ttl) => {
  const rig = await Rig.open(group(1));
  const { processId, key } = keyOf(peer);
  for (let i = 0; i < 30; i++) {
    const messenger = await ask(rig, { processId, key: withTtl(key, ttl) });
    expect(messenger.closed).toBe(true);
  }
  expect(rig.log.count(message)).toBe(20);
  expect(rig.log.count('too many failed cancel requests')).toBe(1);
  expect(rig.server.addresses).toEqual([]);
});

test('a request is not passed round for ever', async () => {
  // Each of them takes the other one for a third.
  const rigs = [await Rig.open(group(1)), await Rig.open(group(2))];
  let request: CancelIdentity | undefined = keyOf(3);
  let hops = 0;
  while (request !== undefined) {
    const rig = rigs[hops++ % 2] ?? (await Rig.open());
    const before = rig.server.cancels;
    await ask(rig, request);
    request = rig.server.cancels > before ? rig.server.cancelRequests.at(-1) : undefined;
  }
  expect(hops).toBe(4);
});

test('without peer_id nothing is passed on', async () => {
  const rig = await Rig.open(group(0));
  expect((await ask(rig, keyOf(2))).closed).toBe(true);
  expect(rig.log.count('failed cancel request')).toBe(1);
  expect(rig.server.addresses).toEqual([]);
});

test("the client's connection stays until the peer has closed its own", async () => {
  const rig = await Rig.open(group(1));
  rig.server.answersCancels = false;
  const messenger = await ask(rig, keyOf(2));
  expect(messenger.closed).toBe(false);
  rig.server.answerCancels();
  await rig.settle();
  expect(messenger.closed).toBe(true);
  expect(messenger.output.length).toBe(0);
});

test('a client that does not wait is served all the same', async () => {
  const rig = await Rig.open(group(1));
  const { processId, key } = keyOf(2);
  const messenger = rig.stranger();
  messenger.send(cancelRequestPacket(processId, key));
  messenger.finished();
  await rig.settle();
  expect(rig.server.cancels).toBe(1);
});

test('pool_size requests are on their way to one peer at a time, others wait; peers are apart', async () => {
  const rig = await Rig.open(group(1));
  rig.server.answersCancels = false;
  const messengers: TestClient[] = [];
  for (let i = 0; i < 5; i++) messengers.push(await ask(rig, keyOf(2)));
  messengers.push(await ask(rig, keyOf(3)));
  expect(rig.server.cancels).toBe(3);
  const pools = async () => (await rig.pooler.snapshot([])).peerPools;
  expect(await pools()).toEqual([
    { peer: 2, sent: 2, dialing: 0, queued: 3 },
    { peer: 3, sent: 1, dialing: 0, queued: 0 },
  ]);
  rig.server.answerCancels();
  await rig.settle();
  expect(rig.server.cancels).toBe(5);
  rig.server.answerCancels();
  await rig.settle();
  rig.server.answerCancels();
  await rig.settle();
  expect(rig.server.cancels).toBe(6);
  expect(messengers.every(({ closed }) => closed)).toBe(true);
  expect(await pools()).toEqual([]);
});

test('requests for a peer that takes none do not gather without an end', async () => {
  const rig = await Rig.open(group(1));
  rig.server.dialling = { kind: 'silence' };
  for (let i = 0; i < 1010; i++) {
    const { processId, key } = keyOf(2);
    rig.stranger().send(cancelRequestPacket(processId, key));
  }
  await rig.settle();
  const { peerPools } = await rig.pooler.snapshot([]);
  expect(peerPools).toEqual([{ peer: 2, sent: 0, dialing: 2, queued: 1000 }]);
  expect(rig.log.count('failed to forward cancel request')).toBe(8);
});

test('a dead peer costs its requests cancel_wait_timeout, in the queue too, and others nothing', async () => {
  const rig = await Rig.open({ ...group(1), cancelWaitTimeoutMs: 5000 });
  rig.server.dialling = { kind: 'silence' };
  const stuck: TestClient[] = [];
  for (let i = 0; i < 4; i++) stuck.push(await ask(rig, keyOf(2)));
  rig.server.dialling = { kind: 'accept' };
  expect((await ask(rig, keyOf(3))).closed).toBe(true);
  expect(rig.server.cancels).toBe(1);
  await rig.pass(4900);
  expect(stuck.map(({ closed }) => closed)).toEqual([false, false, false, false]);
  await rig.pass(200);
  expect(stuck.map(({ closed }) => closed)).toEqual([true, true, true, true]);
  expect((await rig.pooler.snapshot([])).peerPools).toEqual([]);
  expect(rig.log.count('failed to forward cancel request')).toBe(4);
});

test('a peer that is not there is told of at most twenty times in ten seconds', async () => {
  const rig = await Rig.open(group(1));
  rig.server.dialling = { kind: 'refuse' };
  for (let i = 0; i < 30; i++) {
    const messenger = rig.stranger(`10.1.0.${i}`);
    const { processId, key } = keyOf(2);
    messenger.send(cancelRequestPacket(processId, key));
    await rig.settle();
    expect(messenger.closed).toBe(true);
  }
  const lines = rig.log.lines.filter(({ message }) => message.startsWith('failed to forward'));
  expect(lines).toHaveLength(20);
  expect(lines[0]?.fields).toMatchObject({ peer: 2, reason: expect.stringContaining('REFUSED') });
});

test('the name of a peer is resolved, and its addresses are tried one after the other', async () => {
  const asked: string[] = [];
  const resolver: Resolver = {
    resolve(host, done) {
      asked.push(host);
      done({ addresses: ['10.0.0.3', '::1'] });
    },
  };
  const rig = await Rig.open(group(1, { host: 'peer.test', port: 7000 }), { resolver });
  Object.defineProperty(rig.server, 'dialling', {
    get: () => ({ kind: rig.server.addresses.length < 2 ? 'refuse' : 'accept' }),
  });
  expect((await ask(rig, keyOf(2))).closed).toBe(true);
  expect(asked).toEqual(['peer.test']);
  expect(rig.server.addresses).toEqual([
    { kind: 'tcp', host: '10.0.0.3', port: 7000 },
    { kind: 'tcp', host: '::1', port: 7000 },
  ]);
  expect(rig.server.cancels).toBe(1);
});

test('a peer whose name is not found is a failure, and its queue moves on', async () => {
  const resolver: Resolver = { resolve: (_, done) => done({ error: new Error('ENOTFOUND') }) };
  const rig = await Rig.open(group(1, { host: 'peer.test', poolSize: 1 }), { resolver });
  const messengers = [keyOf(2), keyOf(2), keyOf(2)].map(({ processId, key }) => {
    const messenger = rig.stranger();
    messenger.send(cancelRequestPacket(processId, key));
    return messenger;
  });
  await rig.pass(10);
  expect(messengers.every(({ closed }) => closed)).toBe(true);
  const lines = rig.log.lines.filter(({ message }) => message.startsWith('failed to forward'));
  expect(lines.map(({ fields }) => fields?.reason)).toEqual(
    Array.from({ length: 3 }, () => 'DNS lookup failed: ENOTFOUND'),
  );
});

describe('with workers', () => {
  function worker(number: number) {
    const asked: { readonly worker: number; readonly identity: CancelIdentity }[] = [];
    const identity: WorkerIdentity = {
      number,
      cancelSecret: SECRET,
      cancelElsewhere: (to, request, answer) => {
        asked.push({ worker: to, identity: request });
        answer(true);
      },
      clientsChanged: () => undefined,
    };
    return { asked, identity };
  }

  test('a key of another worker of ours goes there, with whatever TTL it has left', async () => {
    const seven = worker(7);
    const rig = await Rig.open(group(1), { worker: seven.identity });
    const place = { number: 8, cancelSecret: SECRET };
    const { processId, key } = newGroupKey({ peerId: 1, worker: place }, 4);
    const passedOn = { processId, key: withTtl(key, 1) };
    expect((await ask(rig, passedOn)).closed).toBe(true);
    expect(seven.asked).toEqual([{ worker: 8, identity: expect.objectContaining(passedOn) }]);
    expect(rig.server.addresses).toEqual([]);
  });

  test('a key of another instance is never taken for one of a worker', async () => {
    const seven = worker(7);
    const rig = await Rig.open(group(1), { worker: seven.identity });
    for (let i = 0; i < 2000; i++) await ask(rig, keyOf(2));
    expect(seven.asked).toEqual([]);
    expect(rig.server.cancels).toBe(2000);
  });

  test('a key of our own worker that nobody has any more fails here', async () => {
    const seven = worker(7);
    const rig = await Rig.open(group(1), { worker: seven.identity });
    await ask(rig, newGroupKey({ peerId: 1, worker: seven.identity }, 4));
    expect(seven.asked).toEqual([]);
    expect(rig.log.count('failed cancel request')).toBe(1);
  });
});

test('while an instance drains its Unix socket stays open, for cancel requests from peers', async () => {
  const rig = await Rig.open(group(1));
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  await rig.pooler.listen({ kind: 'unix', path: '/run/peer1/.s.PGSQL.6432' }, 128);
  const drained = rig.pooler.drain('clients-left');
  await rig.settle();
  await rig.cancel(client);
  expect(client.sqlState).toBe('57014');
  const late = rig.caller();
  await rig.settle();
  expect(late.sqlState).toBe('57P01');
  client.finished();
  await rig.settle();
  late.finished();
  await rig.settle();
  await drained;
  await rig.stop();
  expect(() => rig.stranger()).toThrow('nobody listens');
});
