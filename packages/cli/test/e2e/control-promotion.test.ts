import { waitFor } from '@pgweir/testkit';
import { onOwnStage } from './support/own-stage';
import { PromotionStage } from './support/promotion-stage';
import './support/all-loaded';

const alone = onOwnStage(PromotionStage.open);

test.concurrent(
  'fence_command that fails: nobody is promoted, an alarm says what to do, and it is tried again',
  alone(async (open) => {
    const on = await open({ fence: () => Promise.reject(new Error('no power switch')) });
    const { primary } = on.cluster;
    await primary.kill();
    const rows = await on.until('an alarm', ([row]) => row?.alarm !== null);
    expect(rows[0]?.alarm).toMatch(
      /may not be fenced: fence_command ended with 1\. Nobody was promoted: make sure that it is stopped/,
    );
    expect(on.daemon.log()).toMatch(/WARNING fence_command says line="Error: no power switch"/);
    expect(on.daemon.log()).toMatch(/ERROR .*may not be fenced/);
    expect(await on.replica().query('SELECT pg_is_in_recovery() AS is')).toEqual([{ is: true }]);
    on.fence = async () => undefined;
    await on.untilPrimary(on.replica());
    expect(on.desk.asked.length).toBeGreaterThanOrEqual(2);
    await on.until('the end of the alarm', (all) => all.every(({ alarm }) => alarm === null));
  }),
);

test.concurrent(
  'fence_timeout ends a command that does not come back, and nobody is promoted',
  alone(async (open) => {
    const on = await open({
      fence: () => new Promise(() => undefined),
      settings: { fence_timeout: 0.5 },
    });
    await on.cluster.primary.kill();
    const rows = await on.until('an alarm', ([row]) => row?.alarm !== null);
    expect(rows[0]?.alarm).toMatch(/fence_command took longer than 0.5 s and was ended/);
    expect(await on.replica().query('SELECT pg_is_in_recovery() AS is')).toEqual([{ is: true }]);
  }),
);

test.concurrent(
  'a fence_command that says it has worked is not believed while the primary answers',
  alone(async (open) => {
    const on = await open({ fence: async () => undefined });
    const { primary } = on.cluster;
    // It hangs as long as anybody looks, and goes on when it is said to be fenced.
    on.fence = async () => primary.thaw();
    primary.freeze();
    const from = on.daemon.log().length;
    await on.daemon.logged(/fence_command has ended with 0, but .* answers as a primary/, {
      ...{ from, deadlineMs: 20_000 },
    });
    expect(await on.replica().query('SELECT pg_is_in_recovery() AS is')).toEqual([{ is: true }]);
    await on.untilPrimary(primary);
  }),
);

test.concurrent(
  'failover_after: a primary that is back in time is not replaced',
  alone(async (open) => {
    const on = await open({ settings: { failover_after: 3 } });
    const { primary } = on.cluster;
    await primary.kill();
    await on.until('it to be lost', ([row]) => row?.promotion === 'in 2 s');
    await primary.start();
    await on.untilPrimary(primary);
    expect(on.desk.asked).toEqual([]);
    await primary.kill();
    await on.untilPrimary(on.replica());
    const failovers = await on.show('FAILOVERS');
    expect(failovers.slice(-2)).toMatchObject([
      { outcome: 'came back', promoted_by: null },
      { outcome: 'promoted', promoted_by: 'pgweir' },
    ]);
    expect(Number(failovers.at(-1)?.held_ms)).toBeGreaterThan(3_000);
  }),
);

test.concurrent(
  'whoever asks the servers has to be allowed to promote, or nobody is even fenced',
  alone(async (open) => {
    const on = await open();
    const { primary } = on.cluster;
    await primary.query('REVOKE EXECUTE ON FUNCTION pg_promote FROM app');
    const may = "SELECT has_function_privilege('app', 'pg_promote(bool, int)', 'execute') AS may";
    await waitFor(async () => (await on.replica().query(may))[0]?.may === false, {
      what: 'that to reach the replica',
    });
    await primary.kill();
    const rows = await on.until('an alarm', ([row]) => row?.alarm !== null);
    expect(rows[0]?.alarm).toMatch(/may not promote .*: GRANT EXECUTE ON FUNCTION pg_promote/);
    expect(on.desk.asked).toEqual([]);
  }),
);

test.concurrent(
  'promoter_lease: of two, one promotes and the other one follows; when both are lost, the other one does',
  alone(async (open) => {
    const on = await open({
      ...{ lease: 'etcd', replicas: 2 },
      settings: { promoter_lease_ttl: 5, fence_timeout: 2, failover_min_interval: 0 },
    });
    const { primary } = on.cluster;
    const second = await on.start();
    const rows = await on.show('TOPOLOGY', second);
    expect(rows[0]?.promoter).toMatch(new RegExp(`\\(process ${on.daemon.pid}\\)$`));
    await primary.kill();
    const target = await waitFor(
      async () => {
        const to = (await on.show('FAILOVERS', second)).at(-1)?.new_primary;
        return on.cluster.replicas.find(({ port }) => to === `127.0.0.1:${port}`);
      },
      { what: 'the other one to follow' },
    );
    expect(on.desk.asked).toHaveLength(1);
    expect((await on.show('FAILOVERS', second)).at(-1)).toMatchObject({
      ...{ outcome: 'promoted', promoted_by: null },
    });
    const rest = on.cluster.replicas.find((each) => each !== target);
    if (rest === undefined) throw new Error('the replica is missing');
    await on.cluster.rejoin(rest, target);
    const isThere = (row: { port?: unknown; out_of_service?: unknown }) =>
      row.port === rest.port && row.out_of_service === null;
    await on.until('the other replica to follow', (all) => all.some(isThere), second);
    on.daemon.kill('SIGKILL');
    await target.kill();
    await on.untilPrimary(rest, second);
    expect((await on.show('FAILOVERS', second)).at(-1)).toMatchObject({ promoted_by: 'pgweir' });
    expect(on.desk.asked.map(({ PRIMARY_PORT }) => PRIMARY_PORT)).toEqual([
      `${primary.port}`,
      `${target.port}`,
    ]);
  }),
  60_000,
);

test.concurrent(
  'stopped while it holds the lease, it does not promote when it goes on: somebody else has',
  alone(async (open) => {
    const on = await open({
      ...{ lease: 'etcd', settings: { promoter_lease_ttl: 5, fence_timeout: 2 } },
    });
    const second = await on.start();
    on.daemon.kill('SIGSTOP');
    await on.cluster.primary.kill();
    await on.untilPrimary(on.replica(), second);
    on.daemon.kill('SIGCONT');
    await on.untilPrimary(on.replica());
    expect(on.desk.asked).toHaveLength(1);
    expect((await on.show('FAILOVERS')).at(-1)?.promoted_by).toBeNull();
  }),
  60_000,
);

test.concurrent(
  'a reload that is wrong keeps what was there, and one that turns it off gives the lease back',
  alone(async (open) => {
    const on = await open();
    const before = on.daemon.configText();
    await on.daemon.reload(before.replace(/^fence_command.*$/m, ''));
    expect(on.daemon.log()).toMatch(/failover_mode = promote needs fence_command: without one/);
    expect((await on.show('TOPOLOGY'))[0]?.promoter).toBe('this pgweir');
    const second = await on.start();
    expect((await on.show('TOPOLOGY', second))[0]?.promoter).toMatch(/\(process \d+\)$/);
    await on.daemon.reload(before.replace('failover_mode = promote', 'failover_mode = follow'));
    await on.until('it to follow', ([row]) => row?.promoter === null);
    await on.until(
      'the other one to have the lease',
      ([row]) => row?.promoter === 'this pgweir',
      second,
    );
    await expect((await on.client('pgweir')).query("SET fence_command = 'true'")).rejects.toThrow(
      'SET failed',
    );
  }),
);
