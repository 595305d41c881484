import { query } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard, ONE, Stage, TWO } from './stage';

async function asks(stage: Stage, client: TestClient, text: string): Promise<string> {
  client.forget();
  client.send(query(text));
  await stage.rig.settle();
  return heard(client);
}

test('a transaction that is open on a banned primary goes on, and its link is not lent again', async () => {
  const stage = await Stage.open();
  const [inside, outside] = await stage.rig.clients(2);
  if (inside === undefined || outside === undefined) throw new Error('two clients');
  await asks(stage, inside, 'BEGIN');
  await stage.ban();
  expect(await asks(stage, inside, 'INSERT 1')).toBe('C(SELECT 0) ZT');
  expect(await asks(stage, outside, 'SELECT 1')).toBe('');
  await stage.rig.pass(5000);
  expect(await asks(stage, inside, 'COMMIT')).toBe('C(COMMIT) ZI');
  expect(stage.rig.server.liveAt(ONE)).toEqual([]);
  expect(heard(outside)).toBe('');
  await stage.promote();
  expect(heard(outside)).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
  expect(stage.counts).toEqual([0, 0, 0]);
});

test('its idle links are closed at once', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await asks(stage, client, 'SELECT 1');
  await stage.ban();
  expect(stage.rig.server.liveAt(ONE)).toEqual([]);
});

test('what is open there is lost when another one is primary', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await asks(stage, client, 'BEGIN');
  await stage.ban();
  await stage.promote();
  expect(await asks(stage, client, 'INSERT 1')).toBe('E08006 ZE');
});

test('a ban that is taken back lets work go on there', async () => {
  const stage = await Stage.open();
  const [inside, outside] = await stage.rig.clients(2);
  if (inside === undefined || outside === undefined) throw new Error('two clients');
  await asks(stage, inside, 'BEGIN');
  await stage.ban();
  expect(await asks(stage, outside, 'SELECT 1')).toBe('');
  await stage.unban();
  await stage.rig.settle();
  expect(heard(outside)).toBe('C(SELECT 0) ZI');
  expect(await asks(stage, inside, 'COMMIT')).toBe('C(COMMIT) ZI');
});
