import { type PromotionOptions, PromotionStage } from './support/promotion-stage';
import './support/all-loaded';

/** For one test, which the others need not wait for. */
async function onStage(
  options: PromotionOptions,
  play: (on: PromotionStage) => Promise<void>,
): Promise<void> {
  const stage = await PromotionStage.open(options);
  try {
    await play(stage);
  } finally {
    await stage.close();
  }
}

const IN_ETCD = { lease: 'etcd', workers: 2 } as const;
/** What differs on Bun are sockets and commands. */
const LEASES =
  process.env.PGWEIR_TEST_RUNTIME === 'bun'
    ? [IN_ETCD]
    : [IN_ETCD, { lease: 'file', workers: 1 } as const];

test.concurrent.each(LEASES)(
  'failover_mode = promote, a lease in $lease, $workers worker(s): killed under load, the primary is replaced and nothing is lost',
  ({ lease, workers }) =>
    onStage({ lease, replicas: 2, settings: { workers } }, async (on) => {
      const { primary } = on.cluster;
      await on.startLoad();
      await on.untilWorked();
      await primary.kill();
      await on.untilWorked();
      const [first] = on.cluster.replicas;
      const { new_primary: target } = (await on.show('FAILOVERS')).at(-1) ?? {};
      const leader =
        on.cluster.replicas.find(({ port }) => target === `127.0.0.1:${port}`) ?? first;
      if (leader === undefined) throw new Error('the replica is missing');
      expect(on.desk.asked).toMatchObject([
        { DATABASE: 'app', PRIMARY_HOST: '127.0.0.1', PRIMARY_PORT: `${primary.port}` },
      ]);
      expect(await on.stopLoad(leader)).toEqual([]);
      expect((await on.show('FAILOVERS')).at(-1)).toMatchObject({
        ...{ outcome: 'promoted', promoted_by: 'pgweir', planned: 0 },
        old_primary: `127.0.0.1:${primary.port}`,
      });
      const [row] = await on.show('TOPOLOGY');
      expect(row).toMatchObject({ promoter: 'this pgweir', promotion: null });
      // One, and not both.
      const states = await Promise.all(
        on.cluster.replicas.map((each) => each.query('SELECT pg_is_in_recovery() AS is')),
      );
      expect(states.filter(([state]) => state?.is === false)).toHaveLength(1);
    }),
  60_000,
);

test.concurrent.each([1, 2])(
  'with %i worker(s): a process that takes over (-R) gets the lease from the one before',
  (workers) =>
    onStage({ settings: { workers, failover_after: 1 } }, async (on) => {
      const before = on.daemon;
      const client = await on.client();
      await client.query('SELECT 1');
      const after = await on.takeOver();
      await on.until('it to have the lease', ([row]) => row?.promoter === 'this pgweir', after);
      expect(before.hasEnded).toBe(false);
      await on.untilKnown(after);
      await on.cluster.primary.kill();
      await on.untilPrimary(on.replica(), after);
      expect(on.desk.asked).toHaveLength(1);
      expect((await on.show('FAILOVERS', after)).at(-1)).toMatchObject({ promoted_by: 'pgweir' });
      // The one before follows, and so does its client.
      expect((await client.query('SELECT pg_is_in_recovery() AS is')).rows).toEqual([
        { is: false },
      ]);
    }),
  60_000,
);
