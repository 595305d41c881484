import { type Cluster, type Server, startCluster, waitFor } from '@pgweir/testkit';
import fc from 'fast-check';
import { parseLsn } from '../../src/lsn';
import {
  type PositionSample,
  PositionSampler,
  type PositionSamplerNeeds,
} from '../../src/probe/position-sampler';
import { CountingPermits } from './kit/counting-permits';
import { FakePostgres, rowAnswer } from './kit/fake-postgres';
import { realClock } from './kit/real-clock';

let cluster: Cluster | undefined;
let fake: FakePostgres | undefined;
let permits: CountingPermits;
const samplers: PositionSampler[] = [];

beforeEach(() => {
  permits = new CountingPermits();
});

afterEach(async () => {
  for (const sampler of samplers.splice(0)) sampler.close();
  await fake?.stop();
  await cluster?.stop();
  fake = undefined;
  cluster = undefined;
  await waitFor(() => permits.held === 0, { what: 'all permits to be given back' });
});

function samplerAt(port: number, needs: Partial<PositionSamplerNeeds> = {}): PositionSampler {
  const made = new PositionSampler({
    address: { host: '127.0.0.1', port },
    login: { database: 'postgres', user: 'postgres', password: undefined, tls: undefined },
    clock: realClock,
    permits,
    ...needs,
  });
  samplers.push(made);
  return made;
}

const nothing = (): void => undefined;

/** The first sample that was requested after now and fits. */
function next(
  sampler: PositionSampler,
  fits: (sample: PositionSample) => boolean = () => true,
): Promise<PositionSample> {
  const nowMs = realClock.nowMs();
  return waitFor(
    () => {
      const { latest } = sampler;
      return latest !== undefined && latest.requestedAtMs > nowMs && fits(latest) && latest;
    },
    { what: 'a sample', everyMs: 1 },
  );
}

async function flushed(server: Server): Promise<bigint> {
  const [row] = await server.query('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  return parseLsn(String(row?.lsn)) ?? -1n;
}

test('positions are read as PostgreSQL writes them, and nothing else is', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (lsn) => {
      const part = (value: bigint): string => value.toString(16).toUpperCase();
      expect(parseLsn(`${part(lsn >> 32n)}/${part(lsn & 0xffff_ffffn)}`)).toBe(lsn);
    }),
  );
  for (const text of ['', '/', '0/', '0/G', '0/123456789', '0/0 ', '-1/0', '0x1/0', '0/0/0']) {
    expect(parseLsn(text)).toBeUndefined();
  }
});

test('a commit is covered by the first sample that is requested after it, and then replayed', async () => {
  cluster = await startCluster({ replicas: 1, durable: true });
  const { primary } = cluster;
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  await primary.query('CREATE TABLE t (n int)');
  const [above, below] = [samplerAt(primary.port), samplerAt(replica.port)];
  above.subscribe(nothing);
  below.subscribe(nothing);
  for (let n = 0; n < 20; n++) {
    await primary.query(`INSERT INTO t VALUES (${n})`);
    const committed = await flushed(primary);
    const sample = await next(above);
    expect(sample).toMatchObject({ inRecovery: false, timeline: 1 });
    expect(sample.position).toBeGreaterThanOrEqual(committed);
    const fit = await next(below, ({ position }) => position >= sample.position);
    expect(fit).toMatchObject({ inRecovery: true, timeline: undefined });
    expect(await replica.query(`SELECT n FROM t WHERE n = ${n}`)).toEqual([{ n }]);
  }
});

test('an idle open transaction holds up what is flushed less than what is inserted', async () => {
  cluster = await startCluster({ durable: true });
  const { primary } = cluster;
  await primary.query('CREATE TABLE t (n int)');
  const [flushes, inserts] = [
    samplerAt(primary.port),
    samplerAt(primary.port, { primaryPosition: 'inserted' }),
  ];
  flushes.subscribe(nothing);
  inserts.subscribe(nothing);
  const idle = await primary.connect();
  await idle.query('BEGIN; INSERT INTO t VALUES (1)');
  const ahead = await next(inserts);
  expect((await next(flushes)).position).toBeLessThan(ahead.position);
  await idle.query('COMMIT');
  expect((await next(flushes)).position).toBeGreaterThanOrEqual(ahead.position);
  await idle.end();
});

test('a promotion, a death and a return are followed', async () => {
  cluster = await startCluster({ replicas: 1 });
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  const sampler = samplerAt(replica.port);
  const heard: (PositionSample | undefined)[] = [];
  sampler.subscribe((sample) => heard.push(sample));
  const before = await next(sampler);
  expect(before.inRecovery).toBe(true);
  await cluster.primary.kill();
  await replica.promote();
  const after = await next(sampler);
  expect(after).toMatchObject({ inRecovery: false, timeline: 2 });
  expect(after.position).toBeGreaterThanOrEqual(before.position);
  await replica.kill();
  await waitFor(() => sampler.latest === undefined, { what: 'the loss' });
  expect(heard.at(-1)).toBeUndefined();
  await replica.start();
  expect(await next(sampler)).toMatchObject({ inRecovery: false, timeline: 2 });
});

const row = (position: string): Buffer => rowAnswer(['0', '00000003', position]);

test('nothing is asked while nobody listens, and all listeners share one connection', async () => {
  fake = await FakePostgres.start({ onQuery: (socket) => socket.write(row('0/10')) });
  const { sockets } = fake;
  const sampler = samplerAt(fake.port, { periodMs: 1 });
  expect(sampler.latest).toBeUndefined();
  const heard = [jest.fn(), jest.fn()];
  const leave = heard.map((listener) => sampler.subscribe(listener));
  await waitFor(() => heard.every((listener) => listener.mock.calls.length >= 3), { what: '3' });
  expect(heard[0]?.mock.calls.at(-1)).toEqual(heard[1]?.mock.calls.at(-1));
  expect(fake.accepted).toBe(1);
  leave[0]?.();
  leave[0]?.();
  await next(sampler, ({ position, timeline }) => position === 16n && timeline === 3);
  leave[1]?.();
  expect(sampler.latest).toBeUndefined();
  await waitFor(() => sockets.size === 0 && permits.held === 0, { what: 'the end' });
  sampler.subscribe(nothing);
  await next(sampler);
  expect(fake.accepted).toBe(2);
});

test.each([
  ['says nothing', () => undefined],
  ['answers nonsense', (socket: import('node:net').Socket) => socket.write(row('here'))],
  ['hangs up', (socket: import('node:net').Socket) => socket.destroy()],
])('a server that %s has no position, and is asked anew after a while', async (_what, odd) => {
  fake = await FakePostgres.start({
    onQuery: (socket, n) => (n === 1 ? socket.write(row('0/10')) : odd(socket)),
  });
  const server = fake;
  const sampler = samplerAt(fake.port, { periodMs: 1, timeoutMs: 1000 });
  const heard: (PositionSample | undefined)[] = [];
  sampler.subscribe((sample) => heard.push(sample));
  await waitFor(() => heard.length >= 2, { what: 'a sample and a loss' });
  expect(heard[0]).toMatchObject({ position: 16n });
  expect([heard[1], sampler.latest]).toEqual([undefined, undefined]);
  server.manners = { onQuery: (socket) => socket.write(row('0/20')) };
  expect(await next(sampler)).toMatchObject({ position: 32n });
  expect(server.accepted).toBe(2);
});

test('a sampler that waits for the cap, or that is closed by who listens, leaves nothing behind', async () => {
  permits = new CountingPermits(1);
  fake = await FakePostgres.start({ onQuery: (socket) => socket.write(row('0/10')) });
  const { sockets } = fake;
  const [first, second] = [samplerAt(fake.port), samplerAt(fake.port)];
  const [closing, other] = [jest.fn(() => first.close()), jest.fn()];
  first.subscribe(closing);
  first.subscribe(other);
  const leave = second.subscribe(nothing);
  expect(permits.waiting).toBe(1);
  leave();
  expect(permits.waiting).toBe(0);
  await waitFor(() => closing.mock.calls.length > 0, { what: 'the sample' });
  await waitFor(() => sockets.size === 0 && permits.held === 0, { what: 'the end' });
  expect([closing.mock.calls.length, other.mock.calls.length]).toEqual([1, 0]);
});
