import {
  type Cluster,
  frontend,
  makeScratch,
  RawClient,
  type RawTarget,
  type Scratch,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { RUNTIMES } from './support/crew';
import { cancelBy, Group, instanceOf } from './support/group';
import { noPeering, PgBouncer } from './support/pgbouncer';
import { entry, untilError, untilRuns } from './support/stage';

const missing = noPeering();
const suite = missing === undefined ? describe : describe.skip;
const because = missing === undefined ? '' : ` (skipped: ${missing})`;

suite(`PgBouncer among the peers${because}`, () => {
  let cluster: Cluster;
  let group: Group;
  let scratch: Scratch;
  let bouncer: PgBouncer;

  beforeAll(async () => {
    cluster = await startCluster({ users: [{ name: 'app' }] });
  });

  afterAll(() => cluster.stop());

  describe.each(RUNTIMES)('of a pgweir with workers on %s', (runtime) => {
    beforeAll(async () => {
      scratch = makeScratch();
      const other = { id: 300, host: scratch.dir };
      group = await Group.start(cluster.primary, [{ runtime, workers: 2 }], [other]);
      const { dir } = group.daemon(1);
      const { port } = group;
      const peers = `[peers]\n1 = host=${dir} port=${port}\n300 = host=${scratch.dir} port=${port}`;
      const database = `[databases]\n${entry(cluster.primary, 'app')}`;
      const config = `${database}\n${peers}\n[pgbouncer]\npeer_id = 300`;
      bouncer = await PgBouncer.start(scratch.dir, { port, config });
    });

    afterAll(async () => {
      await bouncer.stop();
      await group.stop();
      scratch.remove();
    });

    /** Has a statement of a new client of `home` cancelled by a request that goes to `to`. */
    async function cancels(home: RawTarget, to: RawTarget): Promise<number> {
      const client = await RawClient.connect(home);
      try {
        const login = await client.login({ user: 'app', database: 'app' });
        const marker = `'${login.cancelKey.toString('hex')}'`;
        client.send(frontend.query(`SELECT pg_sleep(60), ${marker}`));
        await untilRuns(cluster.primary, marker);
        await cancelBy(to, login);
        expect(await untilError(client)).toBe(
          'ERROR 57014 canceling statement due to user request',
        );
        return instanceOf(login);
      } finally {
        client.destroy();
      }
    }

    test('a client of pgweir is cancelled by a request that PgBouncer gets', async () => {
      const home = { path: group.daemon(1).socketPath };
      for (let i = 0; i < 6; i++) {
        expect(await cancels(home, { path: bouncer.socketPath })).toBe(1);
      }
    });

    test('a client of PgBouncer is cancelled by a request that any worker of pgweir gets', async () => {
      const to = { path: group.daemon(1).socketPath };
      for (let i = 0; i < 6; i++) {
        expect(await cancels({ path: bouncer.socketPath }, to)).toBe(300);
      }
    });

    test('a key that its instance does not have fails there', async () => {
      const [ours, theirs] = [group.daemon(1), bouncer];
      const cancelKey = Buffer.of(1, 2, 3, 3);
      await cancelBy({ path: ours.socketPath }, { processId: 0x2c0100, cancelKey });
      await waitFor(() => theirs.log().includes('failed cancel request'), { what: 'a line there' });
      await cancelBy({ path: theirs.socketPath }, { processId: 0x010000, cancelKey });
      await ours.logged('failed cancel request');
    });
  });
});
