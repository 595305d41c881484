import { query } from './kit/messages';
import { Rig } from './kit/rig';

test('a client logs in, asks, is answered, and its link goes back to the pool', async () => {
  const rig = await Rig.open();
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.backend.queries).toEqual(['SELECT 1']);
  expect(rig.pool().idleCount).toBe(1);
  await rig.stop();
  expect(client.closed).toBe(true);
  expect(rig.server.open).toBe(0);
  expect(rig.budget.total).toBe(0);
});
