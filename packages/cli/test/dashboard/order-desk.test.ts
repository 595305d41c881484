import { CollectingLogger } from '@pgweir/testkit';
import { OrderDesk, orderText } from '../../src/dashboard/order-desk';
import type { Order } from '../../src/operator';

function stage(order: (order: Order) => Promise<string | undefined>, reloads = true) {
  const log = new CollectingLogger();
  const commands = { order, reload: async () => reloads };
  const changed = jest.fn();
  const desk = new OrderDesk({ log, commands, changed, wallMs: () => 42 });
  return { log, desk, changed };
}

test('an order is carried out as on the console, and the log says who gave it', async () => {
  const given: Order[] = [];
  const { changed, desk, log } = stage(async (order) => {
    given.push(order);
    return undefined;
  });
  const result = await desk.give({ kind: 'ban', host: 'db1:5432' }, '10.0.0.9');
  expect(result).toEqual({
    ...{ id: 1, text: 'BAN db1:5432', givenAtMs: 42, state: 'done', problem: undefined },
  });
  expect(given).toEqual([{ kind: 'ban', host: 'db1:5432' }]);
  expect(changed).toHaveBeenCalledTimes(1);
  expect(log.texts.join('\n')).toMatch(/order from the web page.*BAN db1:5432.*10\.0\.0\.9/);
});

test('what is refused says why', async () => {
  const { desk } = stage(async () => 'no such database: x', false);
  expect(await desk.give({ kind: 'disable', database: 'x' }, 'a')).toMatchObject({
    ...{ state: 'refused', problem: 'no such database: x' },
  });
  expect(await desk.give({ kind: 'reload' }, 'a')).toMatchObject({
    ...{ state: 'refused', problem: 'RELOAD failed: the log says why' },
  });
});

test('one that waits is answered soon, stays under way, and so many of them are enough', async () => {
  const ends: ((problem: string | undefined) => void)[] = [];
  const { desk } = stage(
    () =>
      new Promise((resolve) => {
        ends.push(resolve);
      }),
  );
  const [first, ...others] = await Promise.all(
    Array.from({ length: 16 }, () => desk.give({ kind: 'pause' }, 'a')),
  );
  expect(first).toMatchObject({ id: 1, text: 'PAUSE', state: 'under way' });
  expect(others).toHaveLength(15);
  expect(await desk.give({ kind: 'pause' }, 'a')).toBeUndefined();
  expect(await desk.give({ kind: 'ban', host: 'db1' }, 'a')).toBeUndefined();
  // What ends them is not kept out.
  expect(await desk.give({ kind: 'resume' }, 'a')).toMatchObject({ text: 'RESUME' });
  for (const end of ends) end(undefined);
  await new Promise(setImmediate);
  expect(desk.orders[0]).toMatchObject({ text: 'RESUME', state: 'done' });
  expect(await desk.give({ kind: 'reload' }, 'a')).toMatchObject({ state: 'done' });
});

test('an order that fails in an unforeseen way is refused, and only the last ones are kept', async () => {
  const { desk } = stage(async () => {
    throw new Error('no worker answers');
  });
  for (let n = 0; n < 60; n++) await desk.give({ kind: 'resume', database: 'app' }, 'a');
  expect(desk.orders).toHaveLength(50);
  expect(desk.orders[0]).toMatchObject({ id: 60, problem: 'no worker answers' });
});

test('orders read as on the console', () => {
  expect(orderText({ kind: 'reconnect', database: 'app' })).toBe('RECONNECT app');
  expect(orderText({ kind: 'resume' })).toBe('RESUME');
});
