import { cancelRequestPacket } from '@pgweir/protocol';
import { randomProcessId, WORKER_NUMBERS_APART, workerOf } from '../src/cancel/worker-bits';
import type { CancelIdentity, WorkerIdentity } from '../src/ports/worker-identity';
import { query } from './kit/messages';
import { Rig } from './kit/rig';

/** A worker of which the others are a list of what was asked of them. */
class Among implements WorkerIdentity {
  readonly asked: {
    worker: number;
    identity: CancelIdentity;
    answer: (found: boolean) => void;
  }[] = [];
  readonly cancelSecret = Buffer.from('shared');
  changes = 0;
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  cancelElsewhere(
    worker: number,
    identity: CancelIdentity,
    answer: (found: boolean) => void,
  ): void {
    this.asked.push({ worker, identity, answer });
  }

  clientsChanged(): void {
    this.changes++;
  }
}

test('process ids say which worker they come from, and are never 0 or negative', () => {
  for (const worker of [1, 2, WORKER_NUMBERS_APART - 1, WORKER_NUMBERS_APART, 5_000_001]) {
    for (let i = 0; i < 1000; i++) {
      const processId = randomProcessId(worker);
      expect(processId).toBeGreaterThan(0);
      expect(processId).toBeLessThan(2 ** 31);
      expect(workerOf(processId)).toBe(worker % WORKER_NUMBERS_APART);
    }
  }
});

test('a cancel request with a key of another worker goes there, and the client waits for that', async () => {
  const worker = new Among(7);
  const rig = await Rig.open({}, { worker });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  const messenger = rig.stranger();
  messenger.send(cancelRequestPacket(randomProcessId(8), Buffer.from('1234')));
  await rig.settle();
  expect(messenger.closed).toBe(false);
  expect(rig.server.cancels).toBe(0);
  expect(worker.asked).toMatchObject([{ worker: 8, identity: { key: Buffer.from('1234') } }]);
  worker.asked[0]?.answer(true);
  await rig.settle();
  expect(messenger.closed).toBe(true);
  expect(rig.log.count('failed cancel request')).toBe(0);
});

test('a key that nobody knows is a failed request where it came in', async () => {
  const worker = new Among(7);
  const rig = await Rig.open({}, { worker });
  const messenger = rig.stranger();
  messenger.send(cancelRequestPacket(randomProcessId(8), Buffer.from('1234')));
  await rig.settle();
  worker.asked[0]?.answer(false);
  await rig.settle();
  expect(messenger.closed).toBe(true);
  expect(rig.log.count('failed cancel request')).toBe(1);
});

test('a request from another worker cancels for its right key alone', async () => {
  const rig = await Rig.open({}, { worker: new Among(7) });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  const { processId, key } = client.identity;
  const answers: boolean[] = [];
  const wrong = Buffer.from(key).fill(0);
  rig.pooler.cancelFromElsewhere({ processId, key: wrong }, (found) => answers.push(found));
  expect(answers).toEqual([false]);
  rig.pooler.cancelFromElsewhere({ processId, key }, (found) => answers.push(found));
  await rig.settle();
  expect(answers).toEqual([false, true]);
  expect(client.sqlState).toBe('57014');
});

test('ids of clients begin with the number of the worker', async () => {
  const rig = await Rig.open({}, { worker: new Among(7) });
  await rig.clients(2);
  const { clients } = await rig.pooler.snapshot(['clients', 'pins']);
  expect(clients.map(({ id }) => id)).toEqual([7 * 2 ** 21 + 1, 7 * 2 ** 21 + 2]);
});

test('caps on clients count those of other workers', async () => {
  const worker = new Among(1);
  const caps = { clientsMax: 5, userClientsMax: 3, databaseClientsMax: 4 };
  const rig = await Rig.open(caps, { worker });
  await rig.client();
  expect(worker.changes).toBeGreaterThan(0);
  expect(rig.pooler.clientTotals()).toEqual({
    total: 1,
    perUser: [['alice', 1]],
    perDatabase: [['app', 1]],
  });
  const refusal = async (others: Parameters<typeof rig.pooler.setOtherClients>[0]) => {
    rig.pooler.setOtherClients(others);
    const caller = rig.caller();
    await rig.settle();
    const refused = caller.closed;
    caller.finished();
    await rig.settle();
    return refused;
  };
  expect(await refusal({ total: 3, perUser: [], perDatabase: [] })).toBe(false);
  expect(await refusal({ total: 4, perUser: [], perDatabase: [] })).toBe(true);
  expect(await refusal({ total: 2, perUser: [['alice', 2]], perDatabase: [] })).toBe(true);
  expect(await refusal({ total: 2, perUser: [['bob', 2]], perDatabase: [['app', 3]] })).toBe(true);
  expect(await refusal({ total: 2, perUser: [['bob', 2]], perDatabase: [['app', 2]] })).toBe(false);
});

test('one that retires keeps its clients, logins under way included, and is done when they leave', async () => {
  const rig = await Rig.open();
  const client = await rig.client();
  const late = rig.stranger();
  await rig.settle();
  let done = false;
  const retired = rig.pooler.retire().then(() => {
    done = true;
  });
  await rig.settle();
  late.start({ user: 'alice', database: 'app' });
  await rig.settle();
  expect(late.tags.endsWith('Z')).toBe(true);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  client.finished();
  await rig.settle();
  expect(done).toBe(false);
  late.finished();
  await rig.settle();
  await retired;
});

test('a client is welcomed without a link when another worker knows, and links are told of', async () => {
  const told: (readonly [pool: string, version: string | undefined])[] = [];
  const welcomes = {
    known: () => [['server_version', '17.9']] as const,
    reported(pool: string, values: ReadonlyMap<string, string>) {
      told.push([pool, values.get('server_version')]);
    },
  };
  const worker = Object.assign(new Among(7), { welcomes });
  const rig = await Rig.open({}, { worker });
  const client = rig.caller();
  await rig.settle();
  expect(client.tags.endsWith('Z')).toBe(true);
  expect(rig.server.dials).toBe(0);
  expect(told).toEqual([]);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(told).toHaveLength(1);
  expect(told[0]?.[1]).not.toBe('17.9');
});

test('who waits for a first link is welcomed when another worker has one', async () => {
  const rig = await Rig.open({}, { worker: new Among(7) });
  rig.server.dialling = { kind: 'mute' };
  const client = rig.caller();
  await rig.settle();
  expect(client.tags.endsWith('Z')).toBe(false);
  const [pool] = rig.pooler.pools.values();
  pool?.welcomeKnown([['server_version', '17.9']]);
  await rig.settle();
  expect(client.tags.endsWith('Z')).toBe(true);
});
