import * as fc from 'fast-check';
import { type Waiter, WaitQueue } from '../../src/pool/wait-queue';

interface Numbered extends Waiter {
  readonly id: number;
}

function waiter(id: number): Numbered {
  return {
    id,
    waitingSinceMs: 0,
    queueNext: undefined,
    queuePrevious: undefined,
    queue: undefined,
  };
}

const ids = (queue: WaitQueue<Numbered>): readonly number[] => [...queue].map(({ id }) => id);

test('the first to come is the first to be served', () => {
  const queue = new WaitQueue<Numbered>();
  for (const id of [1, 2, 3]) queue.push(waiter(id));
  expect([queue.shift()?.id, queue.shift()?.id, queue.shift()?.id]).toEqual([1, 2, 3]);
  expect(queue.shift()).toBeUndefined();
  expect(queue.length).toBe(0);
});

test.each([0, 1, 2])('a waiter leaves from place %d and the others keep their order', (place) => {
  const queue = new WaitQueue<Numbered>();
  const waiters = [waiter(0), waiter(1), waiter(2)];
  for (const one of waiters) queue.push(one);
  const leaver = waiters[place];
  if (leaver !== undefined) queue.remove(leaver);
  expect(ids(queue)).toEqual([0, 1, 2].filter((id) => id !== place));
});

test('leaving twice, or a queue that one does not stand in, changes nothing', () => {
  const queue = new WaitQueue<Numbered>();
  const other = new WaitQueue<Numbered>();
  const [first, second] = [waiter(1), waiter(2)];
  queue.push(first);
  other.push(second);
  queue.remove(second);
  queue.remove(first);
  queue.remove(first);
  expect([queue.length, other.length]).toEqual([0, 1]);
  expect(other.head).toBe(second);
});

test('a waiter may leave while the queue is walked', () => {
  const queue = new WaitQueue<Numbered>();
  for (const id of [1, 2, 3, 4]) queue.push(waiter(id));
  const seen: number[] = [];
  for (const one of queue) {
    seen.push(one.id);
    queue.remove(one);
  }
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(queue.length).toBe(0);
});

test('behaves like an array, whatever comes and goes', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ kind: fc.constant('push' as const) }),
          fc.record({ kind: fc.constant('shift' as const) }),
          fc.record({ kind: fc.constant('remove' as const), nth: fc.nat(30) }),
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const queue = new WaitQueue<Numbered>();
        const model: Numbered[] = [];
        const everybody: Numbered[] = [];
        for (const step of steps) {
          if (step.kind === 'push') {
            const one = waiter(everybody.length);
            everybody.push(one);
            model.push(one);
            queue.push(one);
          } else if (step.kind === 'shift') {
            expect(queue.shift()).toBe(model.shift());
          } else {
            const one = everybody[step.nth];
            if (one === undefined) continue;
            if (model.includes(one)) model.splice(model.indexOf(one), 1);
            queue.remove(one);
          }
          expect([...queue]).toEqual(model);
          expect(queue.length).toBe(model.length);
          expect(queue.head).toBe(model[0]);
        }
      },
    ),
  );
});
