import type { BudgetAnswer, CancelTarget, Permit } from '../../src/ports/link-budget';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';

/** A rig whose permits tell when they are called, and may say no. */
async function rigWithPermits(accepts: () => boolean) {
  const rig = await Rig.open({ poolSize: 1 });
  const calls: string[] = [];
  const targets: CancelTarget[] = [];
  const request = rig.budget.request.bind(rig.budget);
  const watched = (permit: Permit): Permit => ({
    ...permit,
    connected: () => {
      calls.push(`connected after ${rig.server.backends.length} startup packets`);
      return accepts();
    },
    leadsTo: (server) => permit.leadsTo(server),
    serverAllows: (maxConnections) => permit.serverAllows(maxConnections),
    established: (target) => {
      calls.push('established');
      targets.push(target);
    },
    release: () => {
      calls.push('released');
      permit.release();
    },
  });
  rig.budget.request = (want, answer) =>
    request(want, (said: BudgetAnswer) => {
      answer(said.kind === 'granted' ? { ...said, permit: watched(said.permit) } : said);
    });
  return { rig, calls, targets };
}

test('a permit hears of the connection before anything is sent on it, and of the login after', async () => {
  const { rig, calls, targets } = await rigWithPermits(() => true);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(calls).toEqual(['connected after 0 startup packets', 'established']);
  const { processId, key } = rig.server.backend;
  const address = { kind: 'tcp', host: '10.0.0.2', port: 5432 };
  expect(targets).toEqual([
    { address, hostName: 'db.test', tls: false, database: 'app', processId, key },
  ]);
  await rig.stop();
  expect(calls.at(-1)).toBe('released');
});

test('where nobody could watch over a connection, nothing is sent on it, and it is tried again', async () => {
  let accepts = false;
  const { rig, calls } = await rigWithPermits(() => accepts);
  const client = rig.caller();
  await rig.pass(100);
  expect(rig.server.dials).toBe(0);
  expect(calls).toEqual(['connected after 0 startup packets', 'released']);
  expect(client.errors).toEqual([]);
  accepts = true;
  await rig.pass(1000);
  expect(client.tags).toMatch(/Z$/);
  expect(rig.server.dials).toBe(1);
  await rig.stop();
});
