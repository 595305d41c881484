import { errorResponse, readyForQuery } from '@pgweir/protocol';
import { query } from '../kit/messages';
import { TransactionLog } from '../kit/transaction-log';
import { A, ALL, B, Stage } from './stage';

const EVERY = { sampleRatio: 1, perSecondMax: 1000 };
const comment = (number: number): string =>
  `/*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b${number}-01'*/`;
const read = (number: number): Buffer => query(`SELECT a FROM t ${comment(number)}`);
const write = (number: number): Buffer => query(`INSERT INTO t VALUES (1) ${comment(number)}`);

async function open(): Promise<{ stage: Stage; log: TransactionLog }> {
  const log = new TransactionLog();
  return { stage: await Stage.open({}, { tracing: EVERY }, ALL, { observer: log }), log };
}

/** The last digit of the parent, and where it ran. */
function told({ all }: TransactionLog): readonly string[] {
  return all.splice(0).map(({ parent, server, statements }) => {
    expect(statements).toBe(1);
    return `${parent?.spanId.slice(-1)} ${server?.role}`;
  });
}

test('a span says which kind of server has run it, also of what is sent ahead and kept', async () => {
  const { stage, log } = await open();
  const client = await stage.rig.client();
  for (const message of [read(1), write(2)]) {
    client.send(message);
    await stage.rig.settle();
  }
  expect(told(log)).toEqual(['1 replica', '2 primary']);
  stage.positions.sample();
  client.send(read(3), write(4), read(5));
  await stage.rig.pass(5000);
  const [third, fourth, fifth] = told(log);
  expect([third?.[0], fourth, fifth?.[0]]).toEqual(['3', '4 primary', '5']);
});

test('a read that a replica refuses is one transaction, of the primary, without an error', async () => {
  const { stage, log } = await open();
  for (const port of [A, B])
    stage.at(port, (backend) => {
      backend.answer = () =>
        Buffer.concat([
          errorResponse({ severity: 'ERROR', code: '40001', message: 'no' }),
          readyForQuery('I'),
        ]);
    });
  const client = await stage.rig.client();
  client.send(read(1));
  await stage.rig.settle();
  expect(stage.counts.rerouted).toBe(1);
  expect(log.all.map(({ sqlstate }) => sqlstate)).toEqual([undefined]);
  expect(told(log)).toEqual(['1 primary']);
});
