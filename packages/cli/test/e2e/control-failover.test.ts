import { waitFor } from '@pgweir/testkit';
import { entryOf } from './support/cluster-stage';
import { IN_RECOVERY, replicaOf, rolesStage, said, untilProven } from './support/roles-stage';

const { open, enter } = rolesStage();

test('target_session_attrs leads to the server that it names', async () => {
  const on = await open('target_session_attrs=primary');
  const places = [
    ['primary', false],
    ['read-write', false],
    ['standby', true],
    ['read-only', true],
    ['prefer-standby', true],
  ] as const;
  const entries = places.map(([role]) =>
    entryOf(on.cluster, `to_${role}`, `target_session_attrs=${role}`),
  );
  await on.daemon.reload(
    on.daemon.configText().replace('[users]', `${entries.join('\n')}\n[users]`),
  );
  for (const [role, isReplica] of places) {
    const answers: unknown[] = [];
    for (let at = 0; at < 3; at++) {
      answers.push(await said(await enter(on, `to_${role}`), IN_RECOVERY));
    }
    expect([role, ...answers]).toEqual([role, isReplica, isReplica, isReplica]);
  }
});

test('prefer-standby goes to the primary as long as there is no standby, any goes everywhere', async () => {
  const on = await open('target_session_attrs=prefer-standby');
  const replica = replicaOf(on);
  expect(await on.order(`BAN 127.0.0.1:${replica.port}`)).toBeUndefined();
  expect(await said(await enter(on), IN_RECOVERY)).toBe(false);
  expect(await on.order(`UNBAN 127.0.0.1:${replica.port}`)).toBeUndefined();
  await on.daemon.reload(
    on.daemon
      .configText()
      .replace('target_session_attrs=prefer-standby', 'target_session_attrs=any'),
  );
  const both = new Set<unknown>();
  for (let at = 0; at < 4; at++) {
    const client = await enter(on);
    await client.query('BEGIN');
    both.add(await said(client, IN_RECOVERY));
  }
  expect(both).toEqual(new Set([true, false]));
});

test('BAN lets open transactions end, and nothing new begins there', async () => {
  const on = await open('target_session_attrs=primary');
  const { primary } = on.cluster;
  const [inside, outside] = [await enter(on), await enter(on)];
  await inside.query('BEGIN; INSERT INTO things VALUES (1)');
  await outside.query('SELECT 1');
  expect(await on.order(`BAN 127.0.0.1:${primary.port}`)).toBeUndefined();
  const waits = said(outside, IN_RECOVERY);
  const ours =
    "SELECT FROM pg_stat_activity WHERE usename = 'app' AND application_name <> 'pgweir health'";
  await waitFor(async () => (await primary.query(ours)).length === 1, { what: 'one link' });
  expect(await said(inside, 'INSERT INTO things VALUES (2)')).toBe('INSERT');
  expect(await said(inside, 'COMMIT')).toBe('COMMIT');
  await waitFor(async () => (await primary.query(ours)).length === 0, { what: 'no link' });
  expect(await primary.query('SELECT FROM things')).toHaveLength(2);
  expect(await on.order(`UNBAN 127.0.0.1:${primary.port}`)).toBeUndefined();
  expect(await waits).toBe(false);
});

test('retry_reads = 0: a read that is lost is reported, and not run again', async () => {
  const on = await open('target_session_attrs=primary', { retry_reads: 0 });
  const { primary } = on.cluster;
  const client = await enter(on);
  await client.query('SELECT id FROM others WHERE id = 5');
  await untilProven(on);
  const lock = await primary.connect();
  lock.on('error', () => undefined);
  await lock.query('BEGIN; LOCK TABLE others IN ACCESS EXCLUSIVE MODE');
  const read = said(client, 'SELECT id FROM others WHERE id = 5');
  const waiting = "SELECT FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type = 'Lock'";
  await waitFor(async () => (await primary.query(waiting)).length === 1, { what: 'it to wait' });
  await primary.kill();
  expect(await read).toBe('08006');
});

test('failover_hold_timeout ends the wait for another primary with 57P03', async () => {
  const on = await open('target_session_attrs=primary', { failover_hold_timeout: 0.5 });
  const client = await enter(on);
  await client.query('SELECT 1');
  await on.cluster.primary.kill();
  expect(await said(client, 'SELECT 1')).toBe('57P03');
});

test('entries of one cluster change over together', async () => {
  const on = await open('target_session_attrs=primary', { failover_hold_timeout: 1 });
  const more = entryOf(on.cluster, 'reports', 'target_session_attrs=standby');
  await on.daemon.reload(on.daemon.configText().replace('[users]', `${more}\n[users]`));
  const client = await enter(on, 'reports');
  expect(await said(client, IN_RECOVERY)).toBe(true);
  await on.cluster.primary.kill();
  await replicaOf(on).promote();
  const writer = await enter(on);
  expect(await said(writer, IN_RECOVERY)).toBe(false);
  expect(await said(client, IN_RECOVERY)).toBe('57P03');
});
