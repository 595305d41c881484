import { createHmac } from 'node:crypto';
import { randomText } from '@pgweir/protocol';
import type { CancelIdentity, WorkerIdentity } from '../ports/worker-identity';
import { WORKER_NUMBERS_APART } from './worker-bits';

/**
 * Cancel keys in a group of instances, laid out as PgBouncer has it, so that both find each other's
 * clients. Of the eight bytes of process id and short key (long keys go on behind them):
 *
 * | byte | holds |
 * | --- | --- |
 * | 0 | 7 random bits; the top one is 0 |
 * | 1, 2 | the peer id, low byte first |
 * | 3 | random |
 * | 4 to 6 | random |
 * | 7 | 6 random bits; below them how many times the request may still be passed on |
 *
 * That leaves 45 random bits of a short key, all of which have to be guessed. Where there are workers,
 * the number of the one that gave the key out takes none of them away: it lies in ten of these bits
 * encrypted, with the others as nonce, and looks random to whoever does not have the workers' secret.
 */

/** The most that there is room for, and what keys are given out with. */
export const TTL_MAX = 0b11;
/** Which byte of the key has it, in its lowest bits. */
const TTL_AT = 3;
/** Bytes of the key that a request must have for any of this. No protocol has longer ones. */
const KEY_BYTES_MIN = 4;
const KEY_BYTES_MAX = 256;

/** The bits of the worker: byte 0 below the top bit, and the top three of byte 3. */
const TAG_BITS = Math.log2(WORKER_NUMBERS_APART);
const LOW_TAG_BITS = 3;
const LOW_TAG_SHIFT = 8 - LOW_TAG_BITS;
const WITHOUT_TAG = 0x00ffff1f;

interface Origin {
  readonly peerId: number;
  /** undefined: there is only one. */
  readonly worker: Pick<WorkerIdentity, 'number' | 'cancelSecret'> | undefined;
}

/** A fresh key of a client of this process. */
export function newGroupKey({ peerId, worker }: Origin, keyBytes: number): CancelIdentity {
  const key = Buffer.from(randomText(keyBytes), 'latin1');
  key[TTL_AT] = (key[TTL_AT] ?? 0) | TTL_MAX;
  const random = Buffer.from(randomText(2), 'latin1').readUInt16BE(0);
  const peer = ((peerId & 0xff) << 16) | (peerId & 0xff00);
  const free = peer | (random & 0x1f);
  const tag =
    worker === undefined
      ? random >>> (16 - TAG_BITS)
      : (worker.number % WORKER_NUMBERS_APART) ^ mask(worker.cancelSecret, free, key);
  const low = (tag & ((1 << LOW_TAG_BITS) - 1)) << LOW_TAG_SHIFT;
  return { processId: ((tag >>> LOW_TAG_BITS) << 24) | free | low, key };
}

/** Which instance has given a key out; undefined: it cannot come from a group. */
export function peerOf({ processId, key }: CancelIdentity): number | undefined {
  if (key.length < KEY_BYTES_MIN || key.length > KEY_BYTES_MAX) return undefined;
  return ((processId >>> 16) & 0xff) | (processId & 0xff00);
}

/**
 * The number, modulo `WORKER_NUMBERS_APART`, of the worker that may have given a key out. Any number at
 * all where the key is another instance's.
 */
export function groupWorkerOf({ processId, key }: CancelIdentity, secret: Buffer): number {
  const high = (processId >>> 24) & 0x7f;
  const tag = (high << LOW_TAG_BITS) | ((processId & 0xff) >>> LOW_TAG_SHIFT);
  return tag ^ mask(secret, processId & WITHOUT_TAG, withTtl(key, TTL_MAX));
}

/** `key` has all its TTL. */
function mask(secret: Buffer, free: number, key: Buffer): number {
  const nonce = Buffer.alloc(4);
  nonce.writeInt32BE(free);
  const digest = createHmac('sha256', secret).update(nonce).update(key).digest();
  return digest.readUInt16BE(0) % WORKER_NUMBERS_APART;
}

/** How many times a request with this key may still be passed on. */
export function ttlOf(key: Buffer): number {
  return (key[TTL_AT] ?? 0) & TTL_MAX;
}

/** A copy. */
export function withTtl(key: Buffer, ttl: number): Buffer {
  const copy = Buffer.from(key);
  copy[TTL_AT] = ((copy[TTL_AT] ?? 0) & ~TTL_MAX) | ttl;
  return copy;
}

/** Above every process id, so that both kinds of keys go into one map. */
const LOCATORS_FROM = 2 ** 48;

/**
 * Tells the keys of one process apart: the process id alone has too few bits of its own for that. The
 * rest of the key remains to be compared.
 */
export function groupLocator({ processId, key }: CancelIdentity): number | undefined {
  if (key.length < KEY_BYTES_MIN || processId < 0) return undefined;
  return LOCATORS_FROM + processId * 0x10000 + key.readUInt16BE(0);
}
