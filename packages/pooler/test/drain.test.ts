import { query } from './kit/messages';
import { Rig } from './kit/rig';

async function draining(rig: Rig): Promise<{ done: boolean; readonly end: Promise<void> }> {
  const state = { done: false, end: Promise.resolve() };
  state.end = rig.pooler.drain('clients-left').then(() => {
    state.done = true;
  });
  await rig.settle();
  return state;
}

test('a client that has connected before the ports were closed may log in, and is waited for', async () => {
  const rig = await Rig.open();
  const early = rig.stranger();
  const drain = await draining(rig);
  expect(drain.done).toBe(false);
  early.start({ user: 'alice', database: 'app' });
  await rig.settle();
  expect(early.tags.endsWith('Z')).toBe(true);
  await rig.pass(10_000);
  expect(drain.done).toBe(false);
  early.forget();
  early.send(query('SELECT 1'));
  await rig.settle();
  expect(early.tags).toBe('CZ');
  early.finished();
  await rig.settle();
  await drain.end;
});

test('one that says nothing is not waited for longer than five seconds, and comes too late then', async () => {
  const rig = await Rig.open();
  const [client] = await rig.clients(1);
  const silent = rig.stranger();
  const drain = await draining(rig);
  await rig.pass(5001);
  silent.start({ user: 'alice', database: 'app' });
  await rig.settle();
  expect(silent.sqlState).toBe('57P01');
  expect(drain.done).toBe(false);
  client?.finished();
  await rig.settle();
  await drain.end;
});

test('nobody is waited for who hangs up', async () => {
  const rig = await Rig.open();
  const silent = rig.stranger();
  const drain = await draining(rig);
  silent.finished();
  await rig.settle();
  await drain.end;
});

test('when links are to close, nobody logs in any more', async () => {
  const rig = await Rig.open();
  const early = rig.stranger();
  await rig.pooler.drain('links-closed');
  early.start({ user: 'alice', database: 'app' });
  await rig.settle();
  expect(early.sqlState).toBe('57P01');
});
