import { waitFor } from '@pgweir/testkit';
import type { Client } from 'pg';
import { SwitchoverStage, whereIs } from './support/switchover-stage';

let stage: SwitchoverStage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(
  options: Parameters<typeof SwitchoverStage.open>[0] = {},
): Promise<SwitchoverStage> {
  stage = await SwitchoverStage.open(options);
  return stage;
}

test.each([1, 2])(
  'with %i worker(s): there and back under load, without any error',
  async (workers) => {
    const on = await open({ settings: { workers } });
    const { primary } = on.cluster;
    const { target } = on;
    await on.startLoad();
    const reports = await on.client('report');
    for (const [to, from] of [
      [target, primary],
      [primary, target],
    ] as const) {
      await on.untilWorked();
      expect(await on.switchOver(to)).toBeUndefined();
      await on.untilWorked();
      expect(on.desk.asked.at(-1)).toEqual({
        ...{ DATABASE: 'app', PRIMARY_HOST: '127.0.0.1', PRIMARY_PORT: `${from.port}` },
        ...{ TARGET_HOST: '127.0.0.1', TARGET_PORT: `${to.port}` },
      });
      await on.untilKnown();
      expect(await whereIs(reports)).toBe(from.port);
    }
    expect(await on.stopLoad(primary)).toEqual([]);
    expect(on.load.longestMs).toBeLessThan(5_000);
    const planned = { outcome: 'switched over', moved: '0', failed: '0' };
    expect(await on.planned()).toMatchObject([
      { ...planned, seen: `switchover to 127.0.0.1:${target.port}` },
      { ...planned, seen: `switchover to 127.0.0.1:${primary.port}` },
    ]);
  },
);

test('transactions of all databases on the primary are waited for, and others wait for them', async () => {
  const on = await open();
  const [app, other] = [await on.client('app'), await on.client('app')];
  await app.query('BEGIN');
  const any = await untilOn(on, on.cluster.primary.port);
  const outcome = on.switchOver();
  await on.untilFailoverIs('switching');
  const waits = other.query("INSERT INTO ledger VALUES ('waited')");
  await app.query("INSERT INTO ledger VALUES ('begun')");
  await app.query('COMMIT');
  expect(await any.query('SELECT 1')).toMatchObject({ rowCount: 1 });
  expect(on.desk.asked).toEqual([]);
  await any.query('COMMIT');
  expect(await outcome).toBeUndefined();
  await waits;
  const found = await on.target.query('SELECT entry FROM ledger ORDER BY entry');
  expect(found).toEqual([{ entry: 'begun' }, { entry: 'waited' }]);
  expect(on.load.wrong).toEqual([]);
});

/** A client of the entry `any` in a transaction on the server with this port. */
async function untilOn(on: SwitchoverStage, port: number): Promise<Client> {
  return await waitFor(
    async () => {
      const client = await on.client('any');
      await client.query('BEGIN READ ONLY');
      return (await whereIs(client)) === port && client;
    },
    { what: 'a transaction on the primary' },
  );
}
