import { WORKER_NUMBERS_APART } from '../src/cancel/worker-bits';
import { Ids, isIdOfWorker } from '../src/ids';

const free = (): boolean => false;

test('ids have four bytes, and those of workers that live at the same time differ', () => {
  const workers = [0, 1, 2, 7, WORKER_NUMBERS_APART - 1];
  for (const worker of workers) {
    const ids = new Ids(worker);
    const given = [ids.next(free), ids.next(free)];
    expect(new Set(given).size).toBe(2);
    for (const id of given) {
      expect(id).toBeGreaterThan(0);
      expect(id).toBeLessThanOrEqual(0x7fffffff);
      expect(workers.filter((each) => isIdOfWorker(id, each))).toEqual([worker]);
      expect(isIdOfWorker(id, worker + WORKER_NUMBERS_APART)).toBe(true);
    }
  }
});

test('they come round again, past those that are taken', () => {
  const ids = new Ids(3);
  const first = ids.next(free);
  const all = new Set([first]);
  for (let id = ids.next(free); id !== first; id = ids.next(free)) all.add(id);
  expect(all.size).toBe(2 ** 21 - 1);
  expect(new Ids(3).next((id) => id === first)).toBe(first + 1);
});

test('without workers there are as many as four bytes hold', () => {
  expect(new Ids(undefined).next((id) => id < 2 ** 20)).toBe(2 ** 20);
});
