import { availableMajors, type Cluster, type Server, startCluster, waitFor } from '@pgweir/testkit';
import type { ProbeLogin } from '../../src/probe/probe-connection';
import { ServerHand } from '../../src/probe/server-hand';
import { CountingPermits } from './kit/counting-permits';
import { realClock } from './kit/real-clock';

const LATE_MS = 10_000;
let cluster: Cluster | undefined;
const hands: ServerHand[] = [];

afterEach(async () => {
  for (const hand of hands.splice(0)) hand.close();
  await cluster?.stop();
  cluster = undefined;
});

const login = (user: string): ProbeLogin => ({
  ...{ database: 'postgres', user, password: undefined, tls: undefined },
});

function handOf(
  { host, port }: Server,
  { users = ['plain'], permits = new CountingPermits(), closed = () => undefined } = {},
): ServerHand {
  const made = new ServerHand({
    ...{ address: { host, port }, logins: users.map(login), permits, clock: realClock, closed },
  });
  hands.push(made);
  return made;
}

async function pair(major: Parameters<typeof startCluster>[0] = {}): Promise<[Server, Server]> {
  cluster = await startCluster({ replicas: 1, users: [{ name: 'plain' }], ...major });
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  return [cluster.primary, replica];
}

describe.each(availableMajors())('PostgreSQL %i', (major) => {
  test('a replica is asked, allowed and told to become primary', async () => {
    const [primary, replica] = await pair({ major });
    const [above, below] = [handOf(primary), handOf(replica)];
    await primary.query('CREATE TABLE t AS SELECT 1');
    const { inRecovery, reached, written } = await above.logEnd(LATE_MS);
    expect(inRecovery).toBe(false);
    expect(written).toBeGreaterThanOrEqual(reached);
    await waitFor(async () => (await below.logEnd(LATE_MS)).reached >= reached, {
      what: 'the replica to replay',
    });
    const end = await below.logEnd(LATE_MS);
    expect(end).toMatchObject({ inRecovery: true, receives: true });
    expect(end.written).toBeGreaterThanOrEqual(end.reached);
    expect(await below.mayPromote(LATE_MS)).toBe(false);
    await expect(below.promote(LATE_MS)).rejects.toThrow(/permission denied/);
    await primary.query('GRANT EXECUTE ON FUNCTION pg_promote TO plain');
    await waitFor(() => below.mayPromote(LATE_MS), { what: 'the right to reach the replica' });
    await expect(below.promoteWithin(0, LATE_MS)).rejects.toThrow('it came too late');
    await below.promote(LATE_MS);
    await waitFor(async () => !(await below.logEnd(LATE_MS)).inRecovery, { what: 'a promotion' });
  });
});

test('a word that comes too late, by the clock of the server, promotes nobody', async () => {
  const [primary, replica] = await pair();
  await primary.query('GRANT EXECUTE ON FUNCTION pg_promote TO plain');
  const hand = handOf(replica);
  await waitFor(() => hand.mayPromote(LATE_MS), { what: 'the right to reach the replica' });
  await expect(hand.promoteWithin(0, LATE_MS)).rejects.toThrow('it came too late');
  // Told in time, and held up on the way.
  const told = hand.promoteWithin(1_000, LATE_MS);
  replica.freeze();
  const startMs = performance.now();
  await waitFor(() => performance.now() - startMs > 1_200, { what: 'that time to pass' });
  replica.thaw();
  await expect(told).rejects.toThrow('it came too late');
  expect(await hand.logEnd(LATE_MS)).toMatchObject({ inRecovery: true });
  await hand.promoteWithin(LATE_MS, LATE_MS);
  await waitFor(async () => !(await hand.logEnd(LATE_MS)).inRecovery, { what: 'a promotion' });
});

test('a server that says nothing is given up, and asked anew later', async () => {
  const [, replica] = await pair();
  const permits = new CountingPermits();
  const hand = handOf(replica, { permits });
  await hand.logEnd(LATE_MS);
  replica.freeze();
  await expect(hand.logEnd(200)).rejects.toThrow('no answer in 200 ms');
  replica.thaw();
  expect(await hand.logEnd(LATE_MS)).toMatchObject({ inRecovery: true });
  expect(permits.granted).toBe(2);
  hand.close();
  await waitFor(() => permits.held === 0, { what: 'all permits to be given back' });
});

test('one that is rejected tries the next login; none is left: the reason', async () => {
  const [primary] = await pair();
  await expect(handOf(primary, { users: ['nobody'] }).logEnd(LATE_MS)).rejects.toThrow(/nobody/);
  await expect(handOf(primary, { users: [] }).logEnd(LATE_MS)).rejects.toThrow(/nobody is config/);
  const hand = handOf(primary, { users: ['nobody', 'plain'] });
  expect(await hand.logEnd(LATE_MS)).toMatchObject({ inRecovery: false });
});

test('a new connection shows what the old one does not: that the server lets nobody in', async () => {
  const [primary] = await pair();
  const hand = handOf(primary);
  await hand.logEnd(LATE_MS);
  // Smart: it ends when the last connection has.
  await primary.kill('SIGTERM');
  await waitFor(async () => (await primary.log()).includes('smart shutdown'), { what: 'the word' });
  expect(await hand.logEnd(LATE_MS)).toMatchObject({ inRecovery: false });
  hand.reconnect();
  await expect(hand.logEnd(LATE_MS)).rejects.toThrow();
});

test('without room under the cap nobody waits longer than he wanted', async () => {
  const [primary] = await pair();
  const permits = new CountingPermits(1);
  const [one, other] = [handOf(primary, { permits }), handOf(primary, { permits })];
  await one.logEnd(LATE_MS);
  await expect(other.logEnd(100)).rejects.toThrow('no answer in 100 ms');
  expect(permits.waiting).toBe(0);
  one.close();
  expect(await other.logEnd(LATE_MS)).toMatchObject({ inRecovery: false });
});

test('what is asked when it is closed fails, and closing says so once', async () => {
  const [primary] = await pair();
  const closed = jest.fn(() => undefined);
  const hand = handOf(primary, { closed });
  const asked = hand.logEnd(LATE_MS);
  await expect(hand.logEnd(LATE_MS)).rejects.toThrow('it is being asked something else');
  hand.close();
  hand.close();
  await expect(asked).rejects.toThrow('the connection was given up');
  await expect(hand.logEnd(LATE_MS)).rejects.toThrow('closed');
  expect(closed).toHaveBeenCalledTimes(1);
});
