import { NameWatch } from '../../src/probe/name-watch';

/** A name that leads to what the test says; what is asked is answered by `answer`. */
function named() {
  const waiting: (() => void)[] = [];
  let answer: { addresses: readonly string[] } | { error: Error } = { addresses: ['10.0.0.1'] };
  const watch = new NameWatch('db', {
    resolve: (_host, done) => void waiting.push(() => done(answer)),
  });
  let nowMs = 0;
  const look = (to: readonly string[] | Error): void => {
    answer = to instanceof Error ? { error: to } : { addresses: to };
    nowMs += 1000;
    watch.look(nowMs);
    for (const say of waiting.splice(0)) say();
  };
  watch.answeredAt('10.0.0.1');
  return { watch, waiting, look };
}

test('a name that leads to another address, and nowhere else, is elsewhere at once', () => {
  const { watch, look } = named();
  look(['10.0.0.1']);
  expect(watch.isElsewhere).toBe(false);
  look(['10.0.0.2']);
  expect(watch.isElsewhere).toBe(true);
  watch.answeredAt('10.0.0.2');
  expect(watch).toMatchObject({ isElsewhere: false, moves: 1 });
});

test('one with several addresses is elsewhere when three answers in a row were without the one', () => {
  const { watch, look } = named();
  const others = ['10.0.0.2', '10.0.0.3'];
  look(others);
  look(others);
  look(['10.0.0.1', '10.0.0.3']);
  look(others);
  look(others);
  expect(watch.isElsewhere).toBe(false);
  look(others);
  expect(watch.isElsewhere).toBe(true);
});

test('another address of the same name is no other machine', () => {
  const { watch, look } = named();
  look(['10.0.0.1', '::1']);
  watch.answeredAt('::1');
  expect(watch.moves).toBe(0);
});

test('an answer that fails, is empty or does not come says nothing', () => {
  const { watch, look, waiting } = named();
  look(new Error('SERVFAIL'));
  look([]);
  expect(watch.isElsewhere).toBe(false);
  watch.look(10_000);
  watch.look(20_000);
  watch.resolve('db', () => undefined);
  expect(waiting).toHaveLength(1);
  expect(watch.isElsewhere).toBe(false);
});

test('it is asked at most once a second', () => {
  const { watch, waiting } = named();
  for (const nowMs of [0, 100, 999]) {
    watch.look(nowMs);
    for (const say of waiting.splice(0)) say();
  }
  watch.look(999);
  expect(waiting).toHaveLength(0);
  watch.look(1000);
  expect(waiting).toHaveLength(1);
});
