import { readFileSync } from 'node:fs';
import { type Cluster, waitFor } from '@pgweir/testkit';
import { FakePatroni } from './support/fake-patroni';
import { SwitchoverStage } from './support/switchover-stage';

let stage: SwitchoverStage | undefined;
let patroni: FakePatroni | undefined;

afterEach(async () => {
  await stage?.close();
  await patroni?.close();
  stage = undefined;
  patroni = undefined;
});

async function open(): Promise<{ on: SwitchoverStage; fake: FakePatroni }> {
  const attributes = async (cluster: Cluster): Promise<string> => {
    patroni = new FakePatroni(cluster);
    return `patroni=${await patroni.open()}`;
  };
  stage = await SwitchoverStage.open({ hasNoCommand: true, attributes });
  if (patroni === undefined) throw new Error('Patroni is missing');
  return { on: stage, fake: patroni };
}

test('patroni makes the switchover: no command, no right to promote, no error under load', async () => {
  const { on, fake } = await open();
  await on.cluster.primary.query('REVOKE EXECUTE ON FUNCTION pg_promote FROM app');
  await on.startLoad();
  await on.untilWorked();
  const old = fake.leader.name;
  // It has to be heard first.
  await waitFor(
    async () =>
      (await on.switchOver()) !== 'switchover called off: Patroni has no leader at the moment',
    {
      what: 'Patroni to be heard',
    },
  );
  expect(fake.leader).toBe(on.target);
  expect(fake.posted).toEqual([{ leader: old, candidate: on.target.name }]);
  await on.untilWorked();
  expect(await on.stopLoad(on.target)).toEqual([]);
  expect(await on.planned()).toMatchObject([{ outcome: 'switched over' }]);
});

test('a switchover that Patroni refuses is called off, with its reason', async () => {
  const { on, fake } = await open();
  fake.refusal = { status: 412, body: 'candidate is not healthy' };
  const reason = await waitFor(
    async () => {
      const said = await on.switchOver();
      return said?.includes('no leader') === true ? undefined : said;
    },
    { what: 'Patroni to be heard' },
  );
  expect(reason).toBe('switchover called off: Patroni says 412: candidate is not healthy');
  const app = await on.client('app');
  expect((await app.query('SELECT 1')).rowCount).toBe(1);
});

test('switchover_lead: one that patroni has scheduled is seen coming, and no client sees an error', async () => {
  const { on, fake } = await open();
  await on.startLoad();
  await on.untilWorked();
  const handOver = fake.handOverIn(3_500, on.target);
  await on.untilFailoverIs('switching');
  expect(fake.leader).toBe(on.cluster.primary);
  await handOver;
  await on.untilWorked();
  expect(await on.stopLoad(on.target)).toEqual([]);
  const [planned] = await on.planned();
  expect(planned).toMatchObject({
    ...{ outcome: 'switched over', failed: '0' },
    seen: `scheduled switchover to 127.0.0.1:${on.target.port}`,
  });
});

test('the login of Patroni is nowhere to be seen, also when it is wrong', async () => {
  const { on } = await open();
  const { configFile } = on.daemon;
  const text = readFileSync(configFile, 'utf8').replaceAll('seven%20seals', 'eight-seals');
  await on.daemon.reload(text);
  await waitFor(() => on.daemon.log().includes('HTTP status 401'), { what: 'the complaint' });
  const console = await on.client('pgweir');
  const shown = [];
  for (const what of ['CONFIG', 'DATABASES', 'TOPOLOGY']) {
    shown.push((await console.query(`SHOW ${what}`)).rows);
  }
  expect(on.daemon.log() + JSON.stringify(shown)).not.toMatch(/seven|eight/);
  await on.daemon.reload(text.replace(/ patroni=\S+/g, ''));
  expect(await on.switchOver()).toMatch(/nobody could demote the primary/);
});
