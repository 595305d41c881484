import { databaseName, ReplicaPositions, SessionFloor } from '@pgweir/pooler';
import {
  type Cluster,
  CollectingLogger,
  type Server,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { Control } from '../../src/control';
import { ServerProber } from '../../src/probe/server-prober';
import { CONTROL_DEFAULTS } from '../../src/settings';
import { CountingPermits } from '../probe/kit/counting-permits';
import { realClock } from '../probe/kit/real-clock';

const APP = databaseName('app');
const LOGIN = { database: 'postgres', user: 'postgres', password: undefined, tls: undefined };

let cluster: Cluster | undefined;
let control: Control | undefined;
const permits = new CountingPermits();

afterEach(async () => {
  control?.close();
  await cluster?.stop();
  cluster = undefined;
  control = undefined;
  await waitFor(() => permits.held === 0, { what: 'all permits to be given back' });
});

/** A primary and a replica that are watched, and what is known of how far they are. */
async function open(): Promise<{
  readonly primary: Server;
  readonly replica: Server;
  readonly positions: ReplicaPositions;
}> {
  const settings = { synchronous_commit: 'on' };
  cluster = await startCluster({ replicas: 1, durable: true, settings });
  const { primary, replicas } = cluster;
  const [replica] = replicas;
  if (replica === undefined) throw new Error('no replica');
  const servers = [primary, replica].map(({ host, port }) => ({ host, port }));
  const log = new CollectingLogger();
  const watching = new Control({
    ...{ settings: CONTROL_DEFAULTS, clock: realClock, log },
    entries: [{ database: APP, servers, targetSessionAttrs: 'read-write', readWriteSplit: false }],
    prober: {
      open: (address, disturbed) =>
        new ServerProber({ address, disturbed, permits, login: LOGIN, clock: realClock }),
    },
  });
  control = watching;
  const positions = new ReplicaPositions({
    ...{ source: watching.positions, entry: APP },
    settings: { consistency: 'session', maxReplicaLagMs: 0 },
  });
  await primary.query('CREATE TABLE t (session int PRIMARY KEY, n int)');
  await waitFor(() => positions.find(endpoint(replica)) !== undefined, { what: 'the replica' });
  return { primary, replica, positions };
}

const endpoint = ({ host, port }: Server) => ({ host, port, role: 'replica' as const });

test('sessions read what they have written from a replica that is slow, as soon as it has it', async () => {
  const { primary, replica, positions } = await open();
  await replica.configure({ recovery_min_apply_delay: '300ms' });
  const [writer, reader] = [await primary.connect(), await replica.connect()];
  const counts = { replica: 0, primary: 0 };
  for (let session = 0; session < 6; session++) {
    const floor = new SessionFloor(positions);
    await writer.query(`INSERT INTO t VALUES (${session}, 0)`);
    floor.sawPrimary(positions);
    const startedAtMs = realClock.nowMs();
    let isFit = false;
    while (!isFit && realClock.nowMs() - startedAtMs < 20_000) {
      isFit = floor.isReachedBy(positions, endpoint(replica));
      if (isFit) {
        const { rows } = await reader.query(`SELECT n FROM t WHERE session = ${session}`);
        expect(rows).toEqual([{ n: 0 }]);
        floor.sawReplica(positions, endpoint(replica));
        counts.replica++;
      } else {
        // A statement that takes a moment: the primary answers instead.
        await writer.query('SELECT pg_sleep(0.01)');
        counts.primary++;
      }
    }
    expect(isFit).toBe(true);
    expect(realClock.nowMs() - startedAtMs).toBeGreaterThan(200);
  }
  expect(counts).toEqual({ replica: 6, primary: expect.any(Number) });
  await writer.end();
  await reader.end();
});

test('an open transaction that is idle does not keep reads on the primary', async () => {
  const { primary, replica, positions } = await open();
  const idle = await primary.connect();
  await idle.query('BEGIN; INSERT INTO t VALUES (100, 0)');
  const floor = new SessionFloor(positions);
  await primary.query('INSERT INTO t VALUES (1, 1)');
  await idle.query('INSERT INTO t VALUES (101, 0)');
  floor.sawPrimary(positions);
  const isFit = () => floor.isReachedBy(positions, endpoint(replica));
  await waitFor(isFit, { what: 'the replica to be fit', everyMs: 1 });
  expect(await replica.query('SELECT n FROM t')).toEqual([{ n: 1 }]);
  await idle.end();
});

test('a failover: what was written before and after it is read from a replica of the new primary', async () => {
  const { primary, replica, positions } = await open();
  const floor = new SessionFloor(positions);
  await primary.query('INSERT INTO t VALUES (1, 1)');
  floor.sawPrimary(positions);
  await waitFor(() => floor.isReachedBy(positions, endpoint(replica)), { what: 'the replica' });
  await primary.kill();
  await replica.promote();
  await waitFor(() => positions.timeline === 2, { what: 'the new primary', deadlineMs: 20_000 });
  expect(floor.isReachedBy(positions, endpoint(replica))).toBe(false);
  await cluster?.rejoin(primary, replica);
  await replica.query('INSERT INTO t VALUES (2, 2)');
  floor.sawPrimary(positions);
  const isFit = () => floor.isReachedBy(positions, endpoint(primary));
  await waitFor(isFit, { what: 'the old primary to be a replica', deadlineMs: 30_000 });
  expect(await primary.query('SELECT n FROM t ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
  expect(floor.token(positions)).toMatch(/^\d+\/2\//);
});
