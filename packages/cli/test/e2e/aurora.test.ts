import { waitFor } from '@pgweir/testkit';
import { auroraStage } from './support/aurora-stage';
import { said } from './support/roles-stage';

const open = auroraStage();

const WHO = "SELECT current_setting('aurora.name')";
const WRITE = 'INSERT INTO things VALUES (1) RETURNING id';

test('topology = aurora: one endpoint is enough to find the members, their roles and their lag', async () => {
  const on = await open();
  const rows = await on.untilServing({ 11: 'primary', 12: 'replica' });
  expect(rows).toMatchObject([
    { host: '127.0.0.11', port: on.aurora.endpoint.port, member: '11', lag_ms: null, alarm: null },
    { host: '127.0.0.12', port: on.aurora.endpoint.port, member: '12', lag_ms: '3', alarm: null },
  ]);
  const client = await on.enter();
  expect(await said(client, WHO)).toBe('11');
});

test.each([1, 2])(
  'a reader becomes the writer: work that waits goes on there before DNS has changed, %d worker(s)',
  async (workers) => {
    const on = await open({ settings: { workers } });
    await on.untilServing({ 11: 'primary', 12: 'replica' });
    const client = await on.enter();
    expect(await said(client, WRITE)).toBe(1);
    await on.aurora.member('11').server.kill();
    const write = client.query(WRITE);
    await on.aurora.promote(on.aurora.member('12'));
    // The first one may have been under way; whoever asks again is served.
    await write.catch((error: unknown) => error);
    expect(await said(client, WRITE)).toBe(1);
    expect(await said(client, WHO)).toBe('12');
    await on.aurora.follow(on.aurora.member('11'));
    await on.untilServing({ 11: 'replica', 12: 'primary' });
    expect(await said(client, WHO)).toBe('12');
    on.aurora.moveEndpoint(on.aurora.member('12'));
    expect(await said(client, WRITE)).toBe(1);
    expect(on.daemon.log()).not.toContain('invariant');
  },
);

test('while two claim to be the writer nobody is, and BAN of one decides', async () => {
  const on = await open();
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  const client = await on.enter();
  expect(await said(client, WHO)).toBe('11');
  await on.aurora.member('12').server.promote();
  await waitFor(
    async () => String((await on.topology())[0]?.alarm).includes('claim to be primary'),
    {
      what: 'the alarm',
    },
  );
  let isAnswered = false;
  const write = client.query(WRITE).then(() => {
    isAnswered = true;
  });
  const rows = await on.topology();
  expect(rows.filter(({ role }) => role === 'primary')).toEqual([]);
  expect(isAnswered).toBe(false);
  await on.order("BAN '127.0.0.11'");
  await write;
  expect(await said(client, WHO)).toBe('12');
});

test('reads that may be late go to readers as they come and go; those that lag are left out', async () => {
  const on = await open({
    attributes: 'read_write_split=on consistency=eventual max_replica_lag=1',
  });
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  const client = await on.enter();
  const read = async () => await said(client, 'SELECT aurora_db_instance_identifier()');
  const untilReads = async (name: string) =>
    await waitFor(async () => (await read()) === name, { what: `reads to go to ${name}` });
  await untilReads('12');
  const third = await on.aurora.addReader();
  await on.untilServing({ 11: 'primary', 12: 'replica', 13: 'replica' });
  await untilReads('13');
  await on.cluster.primary.query("UPDATE aurora.members SET lag = 5000 WHERE name = '12'");
  await waitFor(async () => (await on.topology())[1]?.lag_ms === '5000', { what: 'the lag' });
  const threeReads = async () => [await read(), await read(), await read()];
  await waitFor(async () => (await threeReads()).every((name) => name === '13'), {
    what: '12 to be left out',
  });
  for (let i = 0; i < 10; i++) expect(await read()).toBe('13');
  await on.aurora.removeReader(third);
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  await untilReads('11');
  await on.cluster.primary.query("UPDATE aurora.members SET lag = 5 WHERE name = '12'");
  await untilReads('12');
});

test('reads that must see what was written go to the writer', async () => {
  const on = await open({ attributes: 'read_write_split=on' });
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  expect(on.daemon.log()).toContain('consistency = session no read can go to a reader');
  const client = await on.enter();
  for (let i = 0; i < 5; i++) {
    expect(await said(client, WRITE)).toBe(1);
    expect(await said(client, 'SELECT aurora_db_instance_identifier()')).toBe('11');
  }
});

test('all members are lost and come back, the writer is another one', async () => {
  const on = await open();
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  const client = await on.enter();
  expect(await said(client, WHO)).toBe('11');
  const [old, next] = [on.aurora.member('11'), on.aurora.member('12')];
  await old.server.kill();
  await next.server.kill();
  await waitFor(async () => (await on.topology()).every(({ health }) => health === 'down'), {
    what: 'all to be down',
  });
  const write = client.query(WRITE);
  await next.server.start();
  await on.aurora.promote(next);
  expect((await write).rowCount).toBe(1);
  await on.aurora.follow(old);
  await on.untilServing({ 11: 'replica', 12: 'primary' });
});

test('the network to the writer is cut: another one takes over, and stays it when that heals', async () => {
  const on = await open();
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  const client = await on.enter();
  const [old, next] = [on.aurora.member('11'), on.aurora.member('12')];
  old.door.cut();
  await on.aurora.promote(next);
  await waitFor(async () => (await said(client, WHO)) === '12', { what: '12 to serve' });
  await on.aurora.follow(old);
  old.door.heal();
  await on.untilServing({ 11: 'replica', 12: 'primary' });
  expect(await said(client, WRITE)).toBe(1);
});

test('instance_host_pattern can be changed by RELOAD: members are looked for there, and found again', async () => {
  const on = await open();
  await on.untilServing({ 11: 'primary', 12: 'replica' });
  const client = await on.enter();
  const right = on.daemon.configText();
  await on.daemon.reload(right.replace('127.0.0.?', '127.0.1.?'));
  const isAt = (host: string) => async () => (await on.topology())[0]?.host === host;
  await waitFor(isAt('127.0.1.11'), { what: 'members to be looked for elsewhere' });
  const write = client.query(WRITE);
  await on.daemon.reload(right);
  expect((await write).rowCount).toBe(1);
  await on.untilServing({ 11: 'primary', 12: 'replica' });
});

test('a client that wants a reader waits until the members are known', async () => {
  const on = await open({ attributes: 'target_session_attrs=standby' });
  const client = await on.enter();
  expect(await said(client, WHO)).toBe('12');
});
