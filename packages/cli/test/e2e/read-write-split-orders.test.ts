import { frontend, waitFor } from '@pgweir/testkit';
import type { Shown } from './support/cluster-stage';
import { SplitStage, serverOf, writesAndSees } from './support/split-stage';
import { untilError, untilRuns, untilStops } from './support/stage';

let stage: SplitStage;

beforeAll(async () => {
  stage = await SplitStage.open();
});

afterAll(() => stage?.close());
afterEach(() => stage.leave());

/** Links as SHOW SERVERS has them, of the replica. */
async function replicaLinks(): Promise<readonly Shown[]> {
  return (await stage.show('SERVERS')).filter(
    ({ database, port }) => database === 'app' && port === stage.replica.port,
  );
}

async function isWaiting(count: number): Promise<void> {
  await waitFor(
    async () => {
      const clients = await stage.show('CLIENTS');
      return (
        clients.filter(({ state, database }) => database === 'app' && state === 'waiting')
          .length === count
      );
    },
    { what: `${count} clients to wait` },
  );
}

describe.each([[1], [2]])('with workers = %i', (workers) => {
  beforeAll(() => stage.start({ settings: { workers } }));
  afterAll(() => stage.clear());

  test('PAUSE waits for reads on the replica, leaves no link there, and RESUME serves who waited', async () => {
    const [open, client] = [await stage.reader(), await stage.reader()];
    const admin = await stage.admin();
    await open.query('BEGIN READ ONLY');
    expect(await serverOf(open)).toBe(stage.replica.port);
    let isPaused = false;
    const pause = admin.query('PAUSE app').then(() => {
      isPaused = true;
    });
    await waitFor(async () => (await replicaLinks()).length === 1, {
      what: 'all links to the replica but one to be closed',
    });
    expect(await serverOf(open)).toBe(stage.replica.port);
    expect(isPaused).toBe(false);
    await open.query('COMMIT');
    await pause;
    expect(await replicaLinks()).toEqual([]);
    const reads = [serverOf(client), serverOf(open)];
    await isWaiting(2);
    await admin.query('RESUME app');
    await Promise.all(reads);
    for (const each of [open, client]) {
      await writesAndSees(each, 1);
      await stage.untilReadsAt(each, stage.replica);
    }
  });

  test('KILL drops clients on the replica as well, and whoever comes waits until RESUME', async () => {
    const [reading, idle] = [await stage.reader(), await stage.reader()];
    const admin = await stage.admin();
    await reading.query('BEGIN READ ONLY');
    await serverOf(reading);
    await admin.query('KILL app');
    for (const each of [reading, idle]) await expect(each.query('SELECT 1')).rejects.toThrow();
    await waitFor(async () => (await replicaLinks()).length === 0, { what: 'no link to be left' });
    const late = stage.enter().then(async (client) => {
      await serverOf(client);
      return client;
    });
    await admin.query('RESUME app');
    await stage.untilReadsAt(await late, stage.replica);
  });

  test('RECONNECT replaces the links to both servers', async () => {
    const client = await stage.reader();
    await writesAndSees(client, 2);
    await stage.untilReadsAt(client, stage.replica);
    const ids = async () =>
      (await stage.show('SERVERS')).flatMap(({ database, remote_pid: pid }) =>
        database === 'app' ? [pid] : [],
      );
    const before = await ids();
    await client.query('BEGIN READ ONLY');
    await serverOf(client);
    const admin = await stage.admin();
    await admin.query('RECONNECT app');
    expect(await serverOf(client)).toBe(stage.replica.port);
    await client.query('COMMIT');
    await admin.query('WAIT_CLOSE app');
    await writesAndSees(client, 3);
    await stage.untilReadsAt(client, stage.replica);
    const after = await ids();
    expect(after.length).toBeGreaterThanOrEqual(2);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  test('DISABLE keeps new clients out, and those that are there read on', async () => {
    const client = await stage.reader();
    const admin = await stage.admin();
    await admin.query('DISABLE app');
    await expect(stage.enter()).rejects.toMatchObject({ code: '57P03' });
    expect(await serverOf(client)).toBe(stage.replica.port);
    await writesAndSees(client, 4);
    await admin.query('ENABLE app');
    await stage.reader();
  });

  test('KILL_CLIENT ends what the client has running on the replica, and SUSPEND loses nothing', async () => {
    const reader = await stage.reader();
    const { client } = await stage.enterRaw();
    client.send(frontend.query('/* pgweir: replica */ SELECT pg_sleep(60) AS killed'));
    await untilRuns(stage.replica, 'AS killed');
    const busy = (await stage.show('CLIENTS')).filter(
      ({ state, database }) => database === 'app' && state === 'active',
    );
    expect(busy).toHaveLength(1);
    const admin = await stage.admin();
    await admin.query(`KILL_CLIENT ${busy[0]?.id}`);
    await untilStops(stage.replica, 'AS killed');
    await admin.query('SUSPEND');
    const later = serverOf(reader);
    await admin.query('RESUME');
    expect(await later).toBe(stage.replica.port);
  });

  test('query_timeout and idle_transaction_timeout count on the replica, too', async () => {
    const admin = await stage.admin();
    const slow = (await stage.enterRaw()).client;
    const resting = (await stage.enterRaw()).client;
    try {
      await admin.query('SET query_timeout = 0.5');
      slow.send(frontend.query('/* pgweir: replica */ SELECT pg_sleep(60) AS too_long'));
      expect(await untilError(slow)).toMatch(/^FATAL 57014 /);
      await untilStops(stage.replica, 'AS too_long');
      await admin.query('SET query_timeout = 0');
      await admin.query('SET idle_transaction_timeout = 0.5');
      await resting.query('BEGIN READ ONLY');
      expect(await untilError(resting)).toMatch(/^FATAL 25P03 /);
    } finally {
      for (const name of ['query_timeout', 'idle_transaction_timeout'])
        await admin.query(`SET ${name} = 0`);
    }
    await stage.reader();
  });

  test('server_reset_query_always and checks of idle links are for links to the replica as well', async () => {
    const admin = await stage.admin();
    await admin.query('SET server_reset_query_always = 1');
    await admin.query('SET server_check_delay = 0');
    try {
      const client = await stage.reader();
      for (let i = 0; i < 10; i++) expect(await serverOf(client)).toBe(stage.replica.port);
      await writesAndSees(client, 9);
    } finally {
      await admin.query('SET server_reset_query_always = 0');
      await admin.query('SET server_check_delay = 30');
    }
  });

  test('what SHOW has: pools with the links to both, servers with their ports, replicas, routing, times', async () => {
    const clients = [await stage.reader(), await stage.reader({ user: 'ann' })];
    for (const client of clients) {
      await writesAndSees(client, 5);
      await stage.untilReadsAt(client, stage.replica);
    }
    const ofApp = async (what: string) =>
      (await stage.show(what)).filter(({ database }) => database === 'app');
    let links = await ofApp('SERVERS');
    // Until links that others have left are gone, and each question is about another moment.
    await waitFor(
      async () => {
        const pools = await ofApp('POOLS');
        expect(pools.map(({ user }) => user)).toEqual(['ann', 'app']);
        links = await ofApp('SERVERS');
        return pools.every(
          ({ sv_idle: idle, user }) => idle === links.filter((link) => link.user === user).length,
        );
      },
      { what: 'pools to have the links that there are' },
    );
    const ports = links.map(({ port }) => port);
    expect(new Set(ports)).toEqual(new Set([stage.replica.port, stage.primary.port]));
    const [replica, ...more] = await stage.show('REPLICAS');
    expect(more).toEqual([]);
    expect(replica).toMatchObject({ database: 'app', host: '127.0.0.1', port: stage.replica.port });
    expect(replica).toMatchObject({ sv_active: 0, sv_login: 0, cl_waiting: 0 });
    expect(replica?.sv_idle).toBe(ports.filter((port) => port === stage.replica.port).length);
    const [routing] = await stage.show('ROUTING');
    expect(routing?.replica_xacts).toBe(replica?.transactions);
    const times = (await stage.show('HISTOGRAMS')).filter(({ database }) => database === 'app');
    const of = (name: string) => times.find(({ what }) => what === name);
    const [stats] = (await stage.show('STATS_TOTALS')).filter(({ database }) => database === 'app');
    expect(of('transaction')?.count).toBe(stats?.xact_count);
    expect(Number(of('lease_wait')?.count)).toBeGreaterThan(4);
    expect(of('failover_pause')).toBeUndefined();
    expect(await stage.show('WAITS')).toHaveLength(2);
  });

  test('server_lifetime replaces links to the replica without anybody noticing', async () => {
    await (await stage.admin()).query('SET server_lifetime = 1');
    const client = await stage.reader();
    const processes = new Set<unknown>();
    await waitFor(
      async () => {
        expect(await serverOf(client)).toBe(stage.replica.port);
        for (const { remote_pid: pid } of await replicaLinks()) processes.add(pid);
        return processes.size >= 3;
      },
      { what: 'three links after each other', everyMs: 50 },
    );
  });
});

describe('with replica_fallback = wait', () => {
  beforeAll(() => stage.start({ attributes: 'replica_fallback=wait' }));
  afterAll(() => stage.clear());

  test('a paused database on which reads wait for a replica loses none of them', async () => {
    const client = await stage.reader();
    const admin = await stage.admin();
    await stage.replica.query('SELECT pg_wal_replay_pause()');
    let read: Promise<unknown>;
    try {
      await client.query('UPDATE t SET a = 70 WHERE id = 1');
      read = serverOf(client);
      await isWaiting(1);
      await admin.query('PAUSE app');
    } finally {
      await stage.replica.query('SELECT pg_wal_replay_resume()');
    }
    await isWaiting(1);
    await admin.query('RESUME app');
    expect(await read).toBe(stage.replica.port);
    const waits = (await stage.show('HISTOGRAMS')).filter(({ what }) => what === 'replica_wait');
    expect(waits).toMatchObject([{ database: 'app' }]);
  });
});
