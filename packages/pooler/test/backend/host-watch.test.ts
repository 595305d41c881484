import { query } from '../kit/messages';
import { Rig } from '../kit/rig';

/** A name that leads to what the test says. */
async function named(...first: readonly string[]) {
  let answer: { addresses: readonly string[] } | { error: Error } = { addresses: first };
  const rig = await Rig.open(
    { poolSize: 2 },
    { resolver: { resolve: (_host, done) => done(answer) } },
  );
  const leads = async (to: readonly string[] | Error): Promise<void> => {
    answer = to instanceof Error ? { error: to } : { addresses: to };
    await rig.pass(1500);
  };
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  client.forget();
  const hosts = () => [...rig.pool().links].map(({ address }) => Object(address).host);
  return { rig, client, leads, hosts };
}

test('a name that leads elsewhere closes idle links, and new ones go there', async () => {
  const { rig, client, leads, hosts } = await named('10.0.0.2');
  await leads(['10.0.0.3']);
  expect(hosts()).toEqual([]);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(hosts()).toEqual(['10.0.0.3']);
});

test('a transaction that is open when the name changes is finished where it began', async () => {
  const { rig, client, leads, hosts } = await named('10.0.0.2');
  client.send(query('BEGIN'));
  await rig.settle();
  await leads(['10.0.0.3']);
  expect(hosts()).toEqual(['10.0.0.2']);
  client.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toBe('CZCZ');
  expect(hosts()).toEqual([]);
});

test('an answer that fails, or is the same as before, closes nothing', async () => {
  const { leads, hosts } = await named('10.0.0.2');
  await leads(new Error('no such name'));
  await leads(['10.0.0.2']);
  expect(hosts()).toEqual(['10.0.0.2']);
});

test('of several addresses one is gone when three answers in a row have been without it', async () => {
  const { leads, hosts } = await named('10.0.0.2', '10.0.0.3');
  await leads(['10.0.0.3', '10.0.0.4']);
  await leads(['10.0.0.4', '10.0.0.5']);
  expect(hosts()).toEqual(['10.0.0.2']);
  await leads(['10.0.0.2', '10.0.0.5']);
  await leads(['10.0.0.3', '10.0.0.4']);
  await leads(['10.0.0.4', '10.0.0.5']);
  expect(hosts()).toEqual(['10.0.0.2']);
  await leads(['10.0.0.5', '10.0.0.6']);
  expect(hosts()).toEqual([]);
});
