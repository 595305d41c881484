import { databaseName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { databaseSettings, poolerSettings } from '../kit/settings';
import type { TestClient } from '../kit/test-client';
import { heard, notifications, Stage } from './stage';

let stage: Stage;
afterEach(() => stage.stop());

test('many listeners share one link, and others go on with the second one', async () => {
  stage = await Stage.open();
  const listeners: TestClient[] = [];
  for (let i = 0; i < 20; i++) listeners.push(await stage.listener('news', `own${i}`));
  expect(stage.pins).toBe(0);
  expect(stage.rig.server.open).toBe(2);
  const other = await stage.rig.client();
  await stage.run(other, 'BEGIN', 'SELECT 1', 'COMMIT');
  expect(other.tags).toBe('CZCZCZ');
  await stage.notify('news', 'a', 'b');
  await stage.notify('own7', 'mine');
  listeners.forEach((client, i) => {
    expect(heard(client)).toEqual(i === 7 ? ['a', 'b', 'mine'] : ['a', 'b']);
  });
  expect(heard(other)).toEqual([]);
});

test.each([
  ['a pool of one link', { poolSize: 1 }],
  ['a database of one link', { databaseLinksMax: 1 }],
  ['a user of one link', { userLinksMax: 1 }],
  ['two workers with two links', { workerSlot: { index: 0, count: 2 } }],
])('%s has none to listen with for all: the session keeps its own', async (_name, changes) => {
  stage = await Stage.open(changes);
  const client = await stage.listener('news');
  expect(stage.pins).toBe(1);
  expect(stage.server.listening).toBeUndefined();
  await stage.notify('news', 'a');
  expect(heard(client)).toEqual(['a']);
});

test('nothing comes inside a transaction, all of it before the ReadyForQuery after it', async () => {
  stage = await Stage.open({ poolSize: 3 });
  await stage.listener('first');
  const client = await stage.listener('news');
  await stage.run(client, 'BEGIN');
  await stage.notify('news', 'a', 'b');
  await stage.run(client, 'SELECT 1');
  expect(client.tags).toBe('CZCZ');
  client.forget();
  await stage.run(client, 'COMMIT');
  expect(client.tags).toBe('CAAZ');
  expect(heard(client)).toEqual(['a', 'b']);
});

test('a client that lets more than 8 MB wait is closed with 53200', async () => {
  stage = await Stage.open({ poolSize: 3 });
  const patient = await stage.listener('news');
  const client = await stage.listener('news');
  await stage.run(client, 'BEGIN');
  client.forget();
  const payload = 'x'.repeat(7000);
  for (let i = 0; i < 1250; i++) stage.server.notify('news', payload);
  await stage.rig.settle();
  expect(client.sqlState).toBe('53200');
  expect(client.closed).toBe(true);
  expect(patient.closed).toBe(false);
  expect(heard(patient)).toHaveLength(1250);
});

test('what nobody wants any more is given up, and after a while the link is', async () => {
  stage = await Stage.open();
  const leaver = await stage.listener('one', 'two');
  const stayer = await stage.listener('two');
  expect(stage.server.channelsOf(stage.listening).toSorted()).toEqual(['one', 'two']);
  leaver.hangUp();
  await stage.tick();
  expect(stage.server.channelsOf(stage.listening)).toEqual(['two']);
  await stage.notify('two', 'still');
  expect(heard(stayer)).toEqual(['still']);
  stayer.hangUp();
  await stage.tick();
  expect(stage.server.listening).toBeDefined();
  await stage.rig.pass(31_000);
  expect(stage.server.listening).toBeUndefined();
});

test('the link is given up at once when somebody waits for one and nobody listens', async () => {
  stage = await Stage.open();
  (await stage.listener('one')).hangUp();
  await stage.rig.settle();
  const [holder] = await stage.rig.holders(1);
  const waiter = await stage.rig.client();
  waiter.send(query('SELECT 1'));
  await stage.tick();
  expect(waiter.tags).toBe('CZ');
  expect(holder?.closed).toBe(false);
});

test('its own notifications come before ReadyForQuery, with the process that it was told', async () => {
  stage = await Stage.open({ poolSize: 3 });
  const first = await stage.listener('news');
  const second = await stage.listener('news');
  await stage.run(second, "NOTIFY news,'x'");
  expect(second.tags).toBe('CAZ');
  const sender = second.identity.processId;
  expect(notifications(second)).toEqual([{ sender, channel: 'news', payload: 'x' }]);
  expect(notifications(first)).toEqual([{ sender, channel: 'news', payload: 'x' }]);
});

test('listeners hear who sent something, although the link is another one’s by then', async () => {
  stage = await Stage.open();
  const listener = await stage.listener('news');
  const [sender, next] = await stage.rig.clients(2);
  if (sender === undefined || next === undefined) throw new Error('two clients');
  stage.server.hold(stage.listening);
  const listening = stage.listening;
  await stage.run(sender, "NOTIFY news,'x'");
  expect(sender.tags).toBe('CZ');
  await stage.run(next, 'BEGIN', "NOTIFY news,'y'");
  stage.server.release(listening);
  await stage.run(next, 'COMMIT');
  expect(notifications(listener)).toEqual([
    { sender: sender.identity.processId, channel: 'news', payload: 'x' },
    { sender: next.identity.processId, channel: 'news', payload: 'y' },
  ]);
});

test('a notification from elsewhere keeps its sender', async () => {
  stage = await Stage.open();
  const listener = await stage.listener('news');
  stage.server.notify('news', 'x', 4711);
  await stage.rig.settle();
  expect(notifications(listener)).toEqual([{ sender: 4711, channel: 'news', payload: 'x' }]);
});

test('a lost listening link is replaced, and each listener hears that it may have missed something', async () => {
  stage = await Stage.open({ poolSize: 3 });
  const quiet = await stage.listener('news');
  const busy = await stage.listener('news');
  await stage.run(busy, 'BEGIN');
  busy.forget();
  const before = stage.listening;
  before.terminate();
  await stage.tick();
  expect(stage.listening).not.toBe(before);
  expect(quiet.tags).toBe('N');
  expect(quiet.notices[0]?.message).toContain('may have been missed');
  expect(busy.tags).toBe('');
  await stage.notify('news', 'after');
  await stage.run(busy, 'COMMIT');
  expect(busy.tags).toBe('CNAZ');
  expect(heard(quiet)).toEqual(['after']);
  expect(stage.rig.log.count('listening connection lost')).toBe(1);
});

test('while no link can be opened it is tried again and again', async () => {
  stage = await Stage.open();
  const client = await stage.listener('news');
  stage.rig.server.dialling = { kind: 'refuse' };
  for (const backend of [...stage.rig.server.live]) backend.terminate();
  await stage.rig.pass(5000);
  expect(client.tags).toBe('');
  stage.rig.server.dialling = { kind: 'accept' };
  await stage.rig.pass(5000);
  expect(client.tags).toBe('N');
  await stage.notify('news', 'after');
  expect(heard(client)).toEqual(['after']);
});

test('a reload that leaves one link closes those who listen, so that the others have it', async () => {
  stage = await Stage.open();
  const listener = await stage.listener('news');
  const settings = poolerSettings({ poolSize: 1 });
  stage.rig.pooler.reload(settings, stage.rig.pooler.credentials);
  await stage.tick();
  expect(listener.sqlState).toBe('57P01');
  const other = await stage.rig.client();
  await stage.run(other, 'SELECT 1');
  expect(other.tags).toBe('CZ');
});

test('a reload that moves the database moves the listening link, and tells the listeners', async () => {
  stage = await Stage.open();
  const listener = await stage.listener('news');
  const before = stage.listening;
  const moved = poolerSettings({
    databases: new Map([[databaseName('app'), databaseSettings({ ports: [5433] })]]),
  });
  stage.rig.pooler.reload(moved, stage.rig.pooler.credentials);
  await stage.tick();
  expect(before.closed).toBe(true);
  expect(listener.tags).toBe('N');
  await stage.notify('news', 'there');
  expect(heard(listener)).toEqual(['there']);
});

test('a database that is removed takes its listening link with it', async () => {
  stage = await Stage.open();
  const listener = await stage.listener('news');
  const settings = poolerSettings({ databases: new Map() });
  stage.rig.pooler.reload(settings, stage.rig.pooler.credentials);
  await stage.tick();
  await stage.tick();
  expect(listener.closed).toBe(true);
  expect(stage.rig.server.open).toBe(0);
});

test('a pooler that waits for its links does not wait for the listening one', async () => {
  stage = await Stage.open();
  await stage.listener('news');
  const drained = stage.rig.pooler.drain('links-closed');
  await stage.tick();
  await drained;
  expect(stage.rig.server.open).toBe(0);
});
