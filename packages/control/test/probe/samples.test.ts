import { availableMajors, type Cluster, type Server, startCluster, waitFor } from '@pgweir/testkit';
import { parseLsn } from '../../src/lsn';
import type { Position } from '../../src/probe/position-query';
import type { ServerProber, ServerProberNeeds } from '../../src/probe/server-prober';
import { CountingPermits } from './kit/counting-permits';
import { FakePostgres, PRIMARY_ROW, rowAnswer } from './kit/fake-postgres';
import { ask, observe, proberAt } from './kit/probing';

let cluster: Cluster | undefined;
let fake: FakePostgres | undefined;
let permits = new CountingPermits();
const probers: ServerProber[] = [];

beforeEach(() => {
  permits = new CountingPermits();
});

afterEach(async () => {
  for (const prober of probers.splice(0)) prober.close();
  await fake?.stop();
  await cluster?.stop();
  fake = undefined;
  cluster = undefined;
  await waitFor(() => permits.held === 0, { what: 'all permits to be given back' });
});

function prober(port: number, needs: Partial<ServerProberNeeds> = {}): ServerProber {
  const made = proberAt(port, { permits, ...needs });
  probers.push(made);
  return made;
}

/** Of a server that has been probed once, as an ordinary role. */
async function probed(server: Server, user = 'plain'): Promise<ServerProber> {
  const login = { database: 'postgres', user, password: undefined, tls: undefined };
  const made = prober(server.port, { login });
  await observe(made);
  return made;
}

function sample(of: ServerProber): Promise<Position | undefined> {
  return new Promise((resolve, reject) => {
    let isWithin = true;
    const isAsked = of.sample((position) => {
      if (isWithin) reject(new Error('answered within the call'));
      resolve(position);
    });
    isWithin = false;
    if (!isAsked) reject(new Error('not asked'));
  });
}

async function ofPrimary(of: ServerProber): Promise<Extract<Position, { kind: 'primary' }>> {
  const position = await sample(of);
  if (position?.kind !== 'primary') throw new Error('no primary');
  return position;
}

async function flushed(server: Server): Promise<bigint> {
  const [row] = await server.query('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  return parseLsn(String(row?.lsn)) ?? -1n;
}

async function start(replicas = 0, major?: Cluster['primary']['major']) {
  const settings = { synchronous_commit: 'on' };
  const users = [{ name: 'plain' }, { name: 'other' }];
  const made = await startCluster({
    ...{ replicas, durable: true, users, settings },
    ...(major === undefined ? {} : { major }),
  });
  cluster = made;
  return made;
}

describe.each(availableMajors())('PostgreSQL %i', (major) => {
  test('a commit is covered by a sample that is asked for after it, and then replayed', async () => {
    const { primary, replicas } = await start(1, major);
    const [replica] = replicas;
    if (replica === undefined) throw new Error('no replica');
    await primary.query('CREATE TABLE t (n int)');
    const [above, below] = [await probed(primary), await probed(replica)];
    for (let n = 0; n < 10; n++) {
      await primary.query(`INSERT INTO t VALUES (${n})`);
      const committed = await flushed(primary);
      const position = await ofPrimary(above);
      expect(position).toMatchObject({ timeline: 1, commitsUnflushed: false });
      expect(position.flushed).toBeGreaterThanOrEqual(committed);
      await waitFor(
        async () => {
          const reached = await sample(below);
          if (reached?.kind !== 'replica') throw new Error('no replica');
          expect(reached.systemIdentifier).toBe(position.systemIdentifier);
          return reached.replayed >= position.flushed;
        },
        { what: 'the replica to replay', everyMs: 1 },
      );
      expect(await replica.query(`SELECT n FROM t WHERE n = ${n}`)).toEqual([{ n }]);
    }
  });
});

test('an idle open transaction holds up what is flushed less than what is inserted', async () => {
  const { primary } = await start();
  await primary.query('CREATE TABLE t (n int)');
  const asked = await probed(primary);
  const idle = await primary.connect();
  await idle.query('BEGIN; INSERT INTO t VALUES (1)');
  const ahead = await ofPrimary(asked);
  expect(ahead.flushed).toBeLessThan(ahead.inserted);
  await idle.query('COMMIT');
  expect((await ofPrimary(asked)).flushed).toBeGreaterThanOrEqual(ahead.inserted);
  await idle.end();
});

test.each([
  ['for a role that is somebody else', 'ALTER ROLE other SET synchronous_commit = off', true],
  [
    'for a role in a database',
    "ALTER ROLE other IN DATABASE postgres SET synchronous_commit = 'no'",
    true,
  ],
  ['for all in another database', 'ALTER DATABASE template1 SET synchronous_commit = off', true],
  ['on for who asks, which hides the rest', 'ALTER ROLE plain SET synchronous_commit = on', true],
  [
    'local for a role, which waits for the flush',
    'ALTER ROLE other SET synchronous_commit = local',
    false,
  ],
  ['of another name', 'ALTER ROLE other SET work_mem = 4096', false],
])('whether commits may be seen before they are flushed: set %s', async (_where, set, expected) => {
  const { primary } = await start();
  const asked = await probed(primary);
  expect(await ofPrimary(asked)).toMatchObject({ commitsUnflushed: false });
  await primary.query(set);
  expect(await ofPrimary(asked)).toMatchObject({ commitsUnflushed: expected });
});

test('whether commits may be seen before they are flushed: for all, in the file', async () => {
  const { primary } = await start();
  const asked = await probed(primary);
  await primary.configure({ synchronous_commit: 'off' });
  await waitFor(async () => (await ofPrimary(asked)).commitsUnflushed, { what: 'the reload' });
});

test('a promotion and a death are seen on the connection of probes', async () => {
  const { primary, replicas } = await start(1);
  const [replica] = replicas;
  if (replica === undefined) throw new Error('no replica');
  const asked = await probed(replica);
  expect(await sample(asked)).toMatchObject({ kind: 'replica' });
  await primary.kill();
  await replica.promote();
  expect(await ofPrimary(asked)).toMatchObject({ timeline: 2 });
  await replica.kill();
  await waitFor(() => !asked.sample(() => undefined), { what: 'the loss' });
});

const PROBED = rowAnswer(PRIMARY_ROW);
const POSITION = ['7', '0', null, '00000003', '0/10', '0/20', '0'] as const;

test('a probe that comes while a position is asked for waits for it, on the same connection', async () => {
  const held: (() => void)[] = [];
  const server = await FakePostgres.start({
    onQuery: (socket, n) => {
      if (n === 2) held.push(() => socket.write(rowAnswer(POSITION)));
      else socket.write(PROBED);
    },
  });
  fake = server;
  const asked = prober(fake.port);
  expect(asked.sample(() => undefined)).toBe(false);
  await observe(asked);
  const position = sample(asked);
  expect(asked.sample(() => undefined)).toBe(false);
  const probe = observe(asked);
  expect(() => asked.probe(100, () => undefined)).toThrow('running already');
  await waitFor(() => held.length === 1, { what: 'the question' });
  held[0]?.();
  expect(await position).toMatchObject({ timeline: 3, flushed: 16n, inserted: 32n });
  await probe;
  expect(server.accepted).toBe(1);
});

test.each([
  ['says nothing', () => undefined],
  ['answers nonsense', (socket: import('node:net').Socket) => socket.write(PROBED)],
  ['hangs up', (socket: import('node:net').Socket) => socket.destroy()],
])(
  'a server that %s when its position is asked for has none; a probe asks anew',
  async (_, odd) => {
    fake = await FakePostgres.start({
      onQuery: (socket, n) => (n === 1 ? socket.write(PROBED) : odd(socket)),
    });
    const disturbed = jest.fn();
    const asked = prober(fake.port, { disturbed });
    await observe(asked);
    const lost = sample(asked);
    const next = await ask(asked, 300);
    expect(await lost).toBeUndefined();
    if (next.kind === 'failed') expect(next.why).toBe('timeout');
    expect(disturbed).not.toHaveBeenCalled();
    fake.manners = {};
    expect(await observe(asked)).toBeDefined();
    expect(fake.accepted).toBe(2);
  },
);

test('a connection that is lost by a question for the position is a reason to probe', async () => {
  fake = await FakePostgres.start({
    onQuery: (socket, n) => (n === 1 ? socket.write(PROBED) : socket.destroy()),
  });
  const disturbed = jest.fn();
  const asked = prober(fake.port, { disturbed });
  await observe(asked);
  expect(await sample(asked)).toBeUndefined();
  expect(disturbed).toHaveBeenCalledTimes(1);
});

test('one that is closed meanwhile says nothing more', async () => {
  fake = await FakePostgres.start({ onQuery: (socket, n) => n === 1 && socket.write(PROBED) });
  const asked = prober(fake.port);
  await observe(asked);
  const sampled = jest.fn();
  expect(asked.sample(sampled)).toBe(true);
  asked.close();
  await waitFor(() => permits.held === 0, { what: 'the end' });
  expect(sampled).not.toHaveBeenCalled();
});
