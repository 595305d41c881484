import type { History, PoolColumn, Sparks, TimeColumn } from '@pgweir/dashboard';
import type { Picture } from '../admin/show/item';
import { NOT_ANSWERING } from '../workers/not-answering';
import { ALL, type Before, poolKey, sampleOf, takenAt } from './samples';
import { SeriesBook } from './series-book';

export const SAMPLE_EVERY_MS = 5_000;
/** A quarter of an hour. */
const SAMPLES_MAX = 180;
/** Of more pools, and of more databases, than that the later ones have no history. */
export const KEYS_MAX = 500;
/** Of a small chart: five minutes. */
const SPARK_SAMPLES_MAX = 60;

const POOL: readonly PoolColumn[] = [
  ...(['clients', 'waiting', 'linksActive', 'linksIdle', 'linksOther', 'pinned'] as const),
  'waitP95Us',
];
const TIME: readonly TimeColumn[] = [
  ...(['queue', 'postgres', 'application', 'transactions', 'queries'] as const),
];
const SPARK: readonly ('linksActive' | 'waiting')[] = ['linksActive', 'waiting'];

/**
 * The last quarter of an hour, in samples. At its most it takes 4.3 MB: 500 pools and 500 databases with
 * 180 samples of 12 numbers of 4 bytes.
 */
export class HistoryBook {
  /** Tells the numbers of these samples from those of another book. */
  readonly #epoch: number;
  readonly #limits = { samplesMax: SAMPLES_MAX, keysMax: KEYS_MAX + 1 };
  readonly #pools = new SeriesBook(POOL, this.#limits);
  readonly #time = new SeriesBook(TIME, this.#limits);
  readonly #atMs: number[] = [];
  #before: Before | undefined;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Two pictures make the first sample. Of one in which a worker is missing there is none. */
  add(picture: Picture, at: { readonly nowMs: number; readonly wallMs: number }): void {
    if (picture.workers.some(({ state }) => state === NOT_ANSWERING)) return;
    const now = takenAt(picture, at.nowMs);
    const before = this.#before;
    this.#before = now;
    if (before === undefined) return;
    const { pools, time } = sampleOf(picture, before, now);
    this.#pools.add(pools);
    this.#time.add(time);
    this.#atMs.push(at.wallMs);
    if (this.#atMs.length > SAMPLES_MAX) this.#atMs.shift();
  }

  /** Of one pool, or of all. */
  history(
    since: number,
    pool: { readonly database: string; readonly user: string } | undefined,
  ): History {
    const count = this.#pools.countSince(since);
    return {
      last: this.#pools.last,
      epoch: this.#epoch,
      intervalMs: SAMPLE_EVERY_MS,
      atMs: count === 0 ? [] : this.#atMs.slice(-count),
      pools: this.#pools.read(pool === undefined ? ALL : poolKey(pool), count, POOL),
      time: this.#time.read(pool?.database ?? ALL, count, TIME),
    };
  }

  sparks(since: number): Sparks {
    const count = Math.min(SPARK_SAMPLES_MAX, this.#pools.countSince(since));
    const keys = this.#pools.keys.filter((key) => key !== ALL);
    return {
      last: this.#pools.last,
      epoch: this.#epoch,
      pools: keys.map((key) => {
        const [database = '', user = ''] = key.split('\0');
        return { database, user, ...this.#pools.read(key, count, SPARK) };
      }),
    };
  }
}
