import { ScramClient, ScramMechanism, saslInitialResponse } from '@pgweir/protocol';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';

test('a client that leaves while its settings are tried leaves none to the next', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const first = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  const leaver = rig.caller({ search_path: 'evil' });
  await rig.settle();
  expect(backend.queries).toHaveLength(1);
  leaver.hangUp();
  await rig.settle();
  backend.answers = true;
  backend.wrote(Buffer.alloc(0));
  await rig.settle();
  first.send(query('SELECT 1'));
  await rig.settle();
  expect(first.tags).toBe('CZ');
  expect(backend.queries[1]).toMatch(/RESET (ALL|"search_path")/);
});

test('scram_iterations is how often a plain password is hashed for a SCRAM login', async () => {
  const rig = await Rig.open(
    { authType: 'scram-sha-256', scramIterations: 5000 },
    { credentials: { lookup: () => ({ kind: 'plain', password: 'tea' }) } },
  );
  const client = rig.caller();
  await rig.settle();
  const { mechanism, data } = new ScramClient({
    mechanism: ScramMechanism.plain,
    credentials: { kind: 'password', password: 'tea' },
    channelBinding: undefined,
  }).first();
  client.send(saslInitialResponse(mechanism, data));
  await rig.settle();
  expect(client.messages.at(-1)?.body.toString('latin1', 4)).toMatch(/^r=.+,s=.+,i=5000$/);
});
