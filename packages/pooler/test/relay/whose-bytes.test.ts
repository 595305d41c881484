import { commandComplete, errorResponse, noticeResponse, readyForQuery } from '@pgweir/protocol';
import { notification, query } from '../kit/messages';
import { Rig } from '../kit/rig';

const DONE = Buffer.concat([commandComplete('SELECT 1'), readyForQuery('I')]);

const NOTICE = noticeResponse({ severity: 'NOTICE', code: '00000', message: 'for nobody' });

test('a notice that is cut while the link is idle reaches no client in part', async () => {
  for (let cut = 1; cut < NOTICE.length; cut++) {
    const rig = await Rig.open({ poolSize: 1 });
    const client = await rig.client();
    const { backend } = rig.server;
    backend.send(NOTICE.subarray(0, cut));
    await rig.settle();
    client.send(query('hang'));
    await rig.settle();
    backend.send(NOTICE.subarray(cut));
    await rig.settle();
    backend.finish();
    await rig.settle();
    // A header that was cut is whole again for the client; a body that was cut is dropped.
    expect(client.tags).toMatch(/^N?CZ$/);
    expect(client.notices.every(({ message }) => message === 'for nobody')).toBe(true);
  }
});

test('a notice that is cut at the end of a lease reaches the next client in no part', async () => {
  for (let cut = 6; cut < NOTICE.length; cut++) {
    const rig = await Rig.open({ poolSize: 1 });
    const [first, second] = await rig.clients(2);
    first?.send(query('hang'));
    await rig.settle();
    second?.send(query('SELECT 2'));
    await rig.settle();
    const { backend } = rig.server;
    backend.answers = false;
    backend.send(DONE, NOTICE.subarray(0, cut));
    await rig.settle();
    backend.send(NOTICE.subarray(cut), DONE);
    await rig.settle();
    expect(first?.tags).toBe('CZ');
    expect(second?.tags).toBe('CZ');
    expect(second?.atBoundary).toBe(true);
  }
});

test.each([100, 65_530, 65_536 - 24, 65_536 - 23, 65_536, 100_000, 1_000_000])(
  'an error with a text of %d bytes passes and its link lives on',
  async (length) => {
    const rig = await Rig.open({ poolSize: 1 });
    const client = await rig.client();
    const { backend } = rig.server;
    const text = 'x'.repeat(length);
    backend.answer = () =>
      Buffer.concat([
        errorResponse({ severity: 'ERROR', code: 'P0001', message: text }),
        readyForQuery('I'),
      ]);
    client.send(query('SELECT 1'));
    await rig.settle();
    expect(client.tags).toBe('EZ');
    expect(client.errors[0]?.message).toBe(text);
    expect(rig.pool().idleCount).toBe(1);
  },
);

test('every length around the limit of what is kept of an error is understood', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const { backend } = rig.server;
  for (let length = 65_536 - 40; length < 65_536 + 10; length++) {
    backend.answer = () =>
      Buffer.concat([
        errorResponse({ severity: 'ERROR', code: 'P0001', message: 'é'.repeat(length / 2) }),
        readyForQuery('I'),
      ]);
    client.forget();
    client.send(query('SELECT 1'));
    await rig.settle();
    expect(client.tags).toBe('EZ');
  }
  expect(rig.pool().idleCount).toBe(1);
});

test.each(['transaction', 'statement'] as const)(
  'notifications do not reach a client in %s mode, whatever stands around them',
  async (poolMode) => {
    const rig = await Rig.open({ poolSize: 1, poolMode });
    const client = await rig.client();
    const { backend } = rig.server;
    backend.answer = () =>
      Buffer.concat([
        notification('a'),
        notification('b'),
        commandComplete('SELECT 1'),
        notification('c'),
        readyForQuery('I'),
        notification('d'),
      ]);
    client.send(query('SELECT 1'));
    await rig.settle();
    expect(client.tags).toBe('CZ');
    expect(rig.pool().idleCount).toBe(1);
  },
);

test('notifications reach a client in session mode', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session' });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  client.forget();
  rig.server.backend.send(notification('a'));
  await rig.settle();
  expect(client.tags).toBe('A');
});

test('a reply that nobody asked for costs the link, not the next client', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  rig.server.backend.send(DONE);
  await rig.settle();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.dials).toBe(2);
});

test('an unknown message from PostgreSQL costs the link and its client hears 08006', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  rig.server.backend.send(Buffer.from('0000000004', 'hex'));
  await rig.settle();
  expect(client.sqlState).toBe('08006');
  expect(client.closed).toBe(true);
});

test('the permit of a broken link comes back only with the end from PostgreSQL', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('stuck'));
  await rig.settle();
  const { backend } = rig.server;
  backend.send(Buffer.from('0000000004', 'hex'));
  await rig.settle();
  expect(rig.budget.total).toBe(1);
  backend.finish();
  await rig.settle();
  expect(rig.budget.total).toBe(0);
});
