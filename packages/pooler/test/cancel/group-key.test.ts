import {
  groupLocator,
  groupWorkerOf,
  newGroupKey,
  peerOf,
  TTL_MAX,
  ttlOf,
  withTtl,
} from '../../src/cancel/group-key';
import { WORKER_NUMBERS_APART } from '../../src/cancel/worker-bits';

const SECRET = Buffer.from('a secret of all workers');
const PEERS = [1, 2, 255, 256, 257, 0x1234, 16_383];
const WORKERS = [undefined, 1, 2, 3, WORKER_NUMBERS_APART - 1, WORKER_NUMBERS_APART, 5_000_001];
const LENGTHS = [4, 32];

const place = (peerId: number, number: number | undefined) => ({
  peerId,
  worker: number === undefined ? undefined : { number, cancelSecret: SECRET },
});

/** As they travel: the process id and the key. */
function bytesOf({ processId, key }: ReturnType<typeof newGroupKey>): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(processId);
  return Buffer.concat([head, key]);
}

describe.each(LENGTHS)('a key of %d bytes', (length) => {
  test('has the peer where PgBouncer looks for it, all its TTL, and no sign', () => {
    for (const peerId of PEERS) {
      for (const worker of WORKERS) {
        for (let i = 0; i < 50; i++) {
          const identity = newGroupKey(place(peerId, worker), length);
          const bytes = bytesOf(identity);
          expect(identity.key).toHaveLength(length);
          expect(bytes.readUInt16LE(1)).toBe(peerId);
          expect((bytes[7] ?? 0) & 3).toBe(3);
          expect((bytes[0] ?? 0) & 0x80).toBe(0);
          expect(identity.processId).toBeGreaterThan(0);
          expect(peerOf(identity)).toBe(peerId);
          expect(ttlOf(identity.key)).toBe(TTL_MAX);
        }
      }
    }
  });

  test('says which worker gave it out, at any TTL, to those who have the secret alone', () => {
    let guessed = 0;
    for (const peerId of PEERS) {
      for (const worker of WORKERS) {
        if (worker === undefined) continue;
        for (let i = 0; i < 20; i++) {
          const { processId, key } = newGroupKey(place(peerId, worker), length);
          for (let ttl = 0; ttl <= TTL_MAX; ttl++) {
            const passedOn = { processId, key: withTtl(key, ttl) };
            expect(groupWorkerOf(passedOn, SECRET)).toBe(worker % WORKER_NUMBERS_APART);
          }
          const other = groupWorkerOf({ processId, key }, Buffer.from('another'));
          if (other === worker % WORKER_NUMBERS_APART) guessed++;
        }
      }
    }
    expect(guessed).toBeLessThan(20);
  });

  test.each([undefined, 1])('has every bit random that is not fixed, of worker %s', (worker) => {
    const count = 4000;
    const ones = new Array<number>((4 + length) * 8).fill(0);
    const distinct = new Set<string>();
    for (let i = 0; i < count; i++) {
      const bytes = bytesOf(newGroupKey(place(0x1234, worker), length));
      distinct.add(bytes.toString('hex'));
      for (const bit of ones.keys()) {
        if (((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) ones[bit] = (ones[bit] ?? 0) + 1;
      }
    }
    const random = ones.filter((one) => Math.abs(one - count / 2) < count / 10).length;
    // The sign, two bytes of the peer and two bits of TTL.
    expect(random).toBe((4 + length) * 8 - 19);
    expect(ones.filter((one) => one === 0 || one === count)).toHaveLength(19);
    expect(distinct.size).toBe(count);
  });
});

test('requests whose key is too short or too long for a group name no peer', () => {
  for (const length of [0, 1, 3, 257]) {
    expect(peerOf({ processId: 1, key: Buffer.alloc(length) })).toBeUndefined();
  }
});

test('a TTL is changed in a copy, and nothing else of the key is', () => {
  const key = Buffer.from([1, 2, 3, 0xff, 5]);
  expect([...withTtl(key, 1)]).toEqual([1, 2, 3, 0xfd, 5]);
  expect(key[3]).toBe(0xff);
});

test('locators are safe numbers above all process ids, and differ wherever their bytes do', () => {
  const processIds = [1, 0x100, 0x7fffffff];
  const keys = ['00000000', '00010000', '01000000', 'ffff0000'];
  const all = processIds.flatMap((processId) =>
    keys.map((key) => groupLocator({ processId, key: Buffer.from(key, 'hex') })),
  );
  expect(new Set(all).size).toBe(all.length);
  for (const locator of all) {
    expect(Number.isSafeInteger(locator)).toBe(true);
    expect(locator).toBeGreaterThan(0xffffffff);
  }
  expect(groupLocator({ processId: -1, key: Buffer.alloc(4) })).toBeUndefined();
  expect(groupLocator({ processId: 1, key: Buffer.alloc(1) })).toBeUndefined();
});
