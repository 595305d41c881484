import { availableMajors, type Cluster, type Server, startCluster, waitFor } from '@pgweir/testkit';
import type { Observation } from '../../src/observation';
import type { ServerProber } from '../../src/probe/server-prober';
import { ask, observe, proberOf } from './kit/probing';

let cluster: Cluster | undefined;
const probers: ServerProber[] = [];

afterEach(async () => {
  for (const prober of probers.splice(0)) prober.close();
  await cluster?.stop();
  cluster = undefined;
});

function prober(server: Server, user = 'postgres'): ServerProber {
  const login = { database: 'postgres', user, password: undefined, tls: undefined };
  const made = proberOf(server, { login });
  probers.push(made);
  return made;
}

function onlyReplica(of: Cluster): Server {
  const [replica] = of.replicas;
  if (replica === undefined) throw new Error('no replica');
  return replica;
}

async function start(options: Parameters<typeof startCluster>[0]): Promise<[Cluster, Server]> {
  // What is committed is flushed then.
  const settings = { synchronous_commit: 'on', ...options?.settings };
  cluster = await startCluster({ replicas: 1, users: [{ name: 'plain' }], ...options, settings });
  return [cluster, onlyReplica(cluster)];
}

/** Until the replica has replayed what has been committed by now. */
async function caughtUp(primary: ServerProber, replica: ServerProber): Promise<Observation> {
  const { flushed } = await observe(primary);
  return waitFor(
    async () => {
      const seen = await observe(replica);
      const { replayed } = seen;
      return replayed !== undefined && flushed !== undefined && replayed >= flushed && seen;
    },
    { what: 'the replica to replay' },
  );
}

describe.each(availableMajors())('PostgreSQL %i', (major) => {
  test('a primary and its replica, as an ordinary role sees them', async () => {
    const [{ primary }, replica] = await start({ major });
    await primary.query('CREATE TABLE t AS SELECT 1; CHECKPOINT');
    const [above, below] = [prober(primary, 'plain'), prober(replica, 'plain')];
    const standby = await caughtUp(above, below);
    const seen = await observe(above);
    expect(seen).toMatchObject({ inRecovery: false, readOnly: false, timeline: 1 });
    expect(seen).toMatchObject({ received: undefined, replayed: undefined });
    expect(seen.replayLagMs).toBeUndefined();
    expect(seen.inserted).toBeGreaterThanOrEqual(seen.flushed ?? Number.NaN);
    expect(seen.askedAtMs).toBeLessThanOrEqual(seen.answeredAtMs);
    expect(standby).toMatchObject({ inRecovery: true, readOnly: true, timeline: 1 });
    expect(standby).toMatchObject({ flushed: undefined, inserted: undefined, replayLagMs: 0 });
    expect(standby.received).toBeGreaterThanOrEqual(standby.replayed ?? Number.NaN);
    const [row] = await primary.query(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    expect([seen.systemIdentifier, standby.systemIdentifier]).toEqual([row?.id, row?.id]);
  });

  test('a standby that follows to a new timeline says so at once to a role of pg_monitor', async () => {
    const [made, next] = await start({ major });
    const third = await made.addReplica();
    await made.primary.query('CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher');
    await caughtUp(prober(made.primary), prober(third));
    const [watching, ordinary] = [prober(third, 'watcher'), prober(third, 'plain')];
    expect(await observe(watching)).toMatchObject({ timeline: 1, inRecovery: true });
    await made.primary.kill();
    await next.promote();
    await third.configure({ primary_conninfo: conninfo(next), primary_slot_name: '' });
    const seen = await waitFor(
      async () => {
        const now = await observe(watching);
        return now.timeline === 2 && now;
      },
      { what: 'the new timeline' },
    );
    expect(seen.inRecovery).toBe(true);
    // An ordinary role hears of it later, and never of a timeline that is not there yet.
    expect([1, 2]).toContain((await observe(ordinary)).timeline);
    await next.query('CHECKPOINT');
    await caughtUp(prober(next), watching);
    await third.query('CHECKPOINT');
    expect(await observe(ordinary)).toMatchObject({ timeline: 2, inRecovery: true });
  });

  test('connections are counted as max_connections counts them, whoever asks', async () => {
    const settings = { max_connections: '20', superuser_reserved_connections: '4' };
    const more = major >= 16 ? { reserved_connections: '5' } : {};
    const [{ primary }] = await start({ major, settings: { ...settings, ...more } });
    await primary.query('CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher');
    const [plain, watching] = [prober(primary, 'plain'), prober(primary, 'watcher')];
    await observe(plain);
    await observe(watching);
    const others = await Promise.all([primary.connect(), primary.connect({ user: 'plain' })]);
    const most = major >= 16 ? 11 : 16;
    for (const one of [plain, watching]) {
      expect(await observe(one)).toMatchObject({ connections: 4, connectionsMax: most });
    }
    await Promise.all(others.map((client) => client.end()));
  });
});

/** What no release in between does in a way of its own. */
const ENDS = availableMajors().filter((_, at, all) => at === 0 || at === all.length - 1);

describe.each(ENDS)('PostgreSQL %i', (major) => {
  test('a promotion is seen at once, in recovery and in timeline', async () => {
    const [{ primary }, replica] = await start({ major });
    const below = prober(replica, 'plain');
    const before = await caughtUp(prober(primary), below);
    await primary.kill();
    await replica.promote();
    // One look: neither is late, as the control file would be.
    const after = await observe(below);
    expect(after).toMatchObject({ inRecovery: false, readOnly: false, timeline: 2 });
    expect(after.systemIdentifier).toBe(before.systemIdentifier);
    expect(after.flushed).toBeGreaterThanOrEqual(before.replayed ?? Number.NaN);
    expect(after).toMatchObject({ received: undefined, replayed: undefined });
  });

  test('a standby that has lost its primary is still on the timeline that it followed', async () => {
    const [made, next] = await start({ major });
    const third = await made.addReplica();
    const watching = prober(third);
    await caughtUp(prober(made.primary), watching);
    await made.primary.kill();
    await next.promote();
    await third.configure({ primary_conninfo: conninfo(next), primary_slot_name: '' });
    await waitFor(async () => (await observe(watching)).timeline === 2, { what: 'timeline 2' });
    await next.kill();
    const receivers = "SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'";
    await waitFor(async () => (await third.query(receivers)).length === 0, { what: 'the end' });
    // What came last may still have to be replayed. No commit was among it whose age could tell the lag.
    const seen = await waitFor(
      async () => {
        const now = await observe(watching);
        return now.replayed === now.received && now;
      },
      { what: 'all that was received to be replayed' },
    );
    expect(seen).toMatchObject({ inRecovery: true, timeline: 2, replayLagMs: 0 });
    // A restart may change everything, so that nothing is remembered beyond it.
    await third.restart();
    expect(await observe(prober(third))).toMatchObject(await stable(watching));
  });
});

test('a server that hangs is late, one that dies is lost and then refuses', async () => {
  const [{ primary }] = await start({});
  const asked = prober(primary);
  await observe(asked);
  primary.freeze();
  expect(await ask(asked, 300)).toMatchObject({ kind: 'failed', why: 'timeout' });
  // A new connection finds the same: the machine accepts it, and nobody answers.
  const login = await ask(asked, 300);
  expect(login).toMatchObject({ why: 'timeout', reason: 'no end of the login in 300 ms' });
  primary.thaw();
  expect(await observe(asked)).toMatchObject({ timeline: 1 });
  const running = ask(asked);
  await primary.kill();
  const atDeath = await running;
  if (atDeath.kind === 'failed') expect(['lost', 'refused']).toContain(atDeath.why);
  expect(await ask(asked)).toMatchObject({ kind: 'failed', why: 'refused' });
  await primary.start();
  expect(await observe(asked)).toMatchObject({ timeline: 1, inRecovery: false });
});

async function stable(of: ServerProber): Promise<Partial<Observation>> {
  const { timeline, inRecovery, systemIdentifier } = await observe(of);
  return { timeline, inRecovery, systemIdentifier };
}

function conninfo(server: Server): string {
  return `host=${server.socketDir} port=${server.port} user=postgres application_name=third`;
}
