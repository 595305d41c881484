import { Channel, type ChannelEnd } from '../../src/workers/channel';
import type { Question } from '../../src/workers/messages';

interface Questions {
  readonly double: Question<{ readonly value: number }, number>;
  readonly fail: Question<Record<string, never>, never>;
  readonly never: Question<Record<string, never>, never>;
}

type Nothing = Record<never, never>;

/** Two ends in one process: what one sends, the other gets as JSON, a moment later. */
function pair(): { readonly here: ChannelEnd; readonly there: ChannelEnd; cut(): void } {
  const receivers: ((message: unknown) => void)[] = [];
  let connected = true;
  const end = (own: number, other: number): ChannelEnd => ({
    get connected() {
      return connected;
    },
    send(message, sent) {
      const text = JSON.stringify(message);
      queueMicrotask(() => {
        receivers[other]?.(JSON.parse(text));
        sent();
      });
    },
    onMessage(received) {
      receivers[own] = received;
    },
  });
  return {
    here: end(0, 1),
    there: end(1, 0),
    cut() {
      connected = false;
    },
  };
}

function channels() {
  const { here, there, cut } = pair();
  const heard: unknown[] = [];
  let signs = 0;
  const asking = new Channel<Questions, Nothing, { readonly kind: string }, never>(here, {
    answers: {},
    told: (told) => heard.push(told),
  });
  const answering = new Channel<Nothing, Questions, never, { readonly kind: string }>(there, {
    answers: {
      double: async ({ value }) => value * 2,
      fail: () => Promise.reject(new Error('no such luck')),
      never: () => new Promise(() => undefined),
    },
    told: (told) => heard.push(told),
    alive: () => {
      signs++;
    },
  });
  return { asking, answering, heard, cut, signs: () => signs };
}

test('a question gets its own answer, however many are asked at once', async () => {
  const { asking } = channels();
  const answers = await Promise.all(
    [1, 2, 3].map((value) => asking.ask('double', { value }, 1000)),
  );
  expect(answers).toEqual([2, 4, 6]);
});

test('what is told arrives in order, and everything is a sign of life', async () => {
  const { asking, heard, signs } = channels();
  asking.tell({ kind: 'a' });
  await new Promise<void>((resolve) => asking.tell({ kind: 'b' }, resolve));
  expect(heard).toEqual([{ kind: 'a' }, { kind: 'b' }]);
  expect(signs()).toBe(2);
});

test('a failure comes back with its reason', async () => {
  await expect(channels().asking.ask('fail', {}, 1000)).rejects.toThrow('no such luck');
});

test('no answer in time is a failure', async () => {
  await expect(channels().asking.ask('never', {}, 5)).rejects.toThrow('no answer to never in 5 ms');
});

test('when the other end is gone, nobody waits any longer, and nobody is asked', async () => {
  const { asking, cut } = channels();
  const waiting = asking.ask('never', {}, 10_000);
  cut();
  asking.closed();
  await expect(waiting).rejects.toThrow('the process is gone');
  await expect(asking.ask('double', { value: 1 }, 10_000)).rejects.toThrow('nobody there');
});

test('what still arrives from an end that is gone is not heard: it may speak of what was reused', async () => {
  const { asking, answering, heard, signs } = channels();
  asking.tell({ kind: 'first' });
  await new Promise(setImmediate);
  answering.closed();
  asking.tell({ kind: 'late' });
  await new Promise(setImmediate);
  expect(heard).toEqual([{ kind: 'first' }]);
  expect(signs()).toBe(1);
});
