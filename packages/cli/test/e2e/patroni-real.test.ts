import { findPatroni } from '@pgweir/testkit';
import { PatroniStage } from './support/patroni-stage';

const programs = findPatroni();
const suite = typeof programs === 'string' ? describe.skip : describe;
const because = typeof programs === 'string' ? ` (skipped: ${programs})` : '';
// A suite that is skipped as a whole is not named in the report.
if (because !== '') process.stderr.write(`The real Patroni is not tried${because}\n`);

/** Patroni takes its time: to find a loss, to make a leader, and to be healthy again. */
jest.setTimeout(60_000);

suite(`under the real Patroni and etcd${because}`, () => {
  let stage: PatroniStage;

  beforeAll(async () => {
    stage = await PatroniStage.open();
  });

  afterEach(() => stage.abandon());

  afterAll(() => stage.close());

  test('SWITCHOVER has Patroni hand over, and no client sees an error', async () => {
    const scene = await stage.begin();
    const { leader, successor, load } = scene;
    await stage.console.query(`SWITCHOVER app TO ${successor.host}:${successor.port}`);
    expect((await stage.cluster.leader()).name).toBe(successor.name);
    expect(await stage.end(scene, successor)).toEqual([]);
    expect(load.errors).toEqual([]);
    expect(await stage.lastFailover()).toMatchObject({
      ...{ planned: 1, outcome: 'switched over', failed: '0' },
      old_primary: `${leader.host}:${leader.port}`,
      new_primary: `${successor.host}:${successor.port}`,
    });
  });

  test('a switchover that Patroni is told to make is followed as a failover: nothing lost, and few errors', async () => {
    const scene = await stage.begin();
    const { leader, successor } = scene;
    const answer = await stage.cluster.switchOver({ from: leader, to: successor });
    expect(answer).toMatchObject({ status: 200 });
    expect(await stage.end(scene, successor)).toEqual([]);
    expect(await stage.lastFailover()).toMatchObject({ planned: 0, outcome: 'promoted' });
  });

  test('one that Patroni has scheduled is taken back: work goes on at once, and no client sees an error', async () => {
    const scene = await stage.begin();
    const { leader, successor, load } = scene;
    const at = new Date(Date.now() + 4_000);
    await stage.cluster.switchOver({ from: leader, to: successor, at });
    await stage.untilFailoverIs('switching');
    expect(await stage.cluster.callOffSwitchover()).toMatchObject({ status: 200 });
    await stage.untilFailoverIs('steady');
    expect(Date.now()).toBeLessThan(at.getTime());
    expect(await stage.end(scene, leader)).toEqual([]);
    expect(load.errors).toEqual([]);
    expect(await stage.lastFailover()).toMatchObject({ planned: 1, outcome: 'called off' });
  });

  test('a switchover that Patroni has scheduled is seen coming, and no client sees an error', async () => {
    const scene = await stage.begin();
    const { leader, successor, load } = scene;
    const at = new Date(Date.now() + 4_000);
    const answer = await stage.cluster.switchOver({ from: leader, to: successor, at });
    expect(answer).toMatchObject({ status: 202 });
    await stage.untilFailoverIs('switching');
    expect(Date.now()).toBeLessThan(at.getTime());
    await stage.untilRoleIs(successor, 'primary');
    expect(await stage.end(scene, successor)).toEqual([]);
    expect(load.errors).toEqual([]);
    expect(await stage.lastFailover()).toMatchObject({
      ...{ planned: 1, outcome: 'switched over', failed: '0' },
      seen: `scheduled switchover to ${successor.host}:${successor.port}`,
    });
  });

  test('kill -9 of its Patroni alone: the old leader lives on as a primary, and gets no work', async () => {
    const scene = await stage.begin();
    const { leader, successor } = scene;
    await leader.killPatroni();
    await stage.untilRoleIs(successor, 'primary');
    expect(await leader.query('SELECT pg_is_in_recovery()')).toEqual([
      { pg_is_in_recovery: false },
    ]);
    expect(await stage.lineOf(leader)).toMatchObject({
      out_of_service: expect.stringMatching(/^fenced: claims to be primary, but another server is/),
    });
    expect(await stage.end(scene, successor)).toEqual([]);
    expect(await stage.lineOf(leader)).toMatchObject({ role: 'unknown' });
    // To follow it would take its time; the others are enough for what comes next.
    await leader.kill();
    expect(await stage.lastFailover()).toMatchObject({ planned: 0, outcome: 'promoted' });
  });

  test('kill -9 of the leader and its Patroni: nothing acknowledged is lost, nothing is there twice', async () => {
    const scene = await stage.begin();
    const { leader, successor } = scene;
    await leader.kill();
    await stage.untilRoleIs(successor, 'primary');
    expect(await stage.end(scene, successor)).toEqual([]);
    expect(await stage.lastFailover()).toMatchObject({ planned: 0, outcome: 'promoted' });
  });
});
