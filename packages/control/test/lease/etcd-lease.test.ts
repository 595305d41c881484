import { CollectingLogger, HandClock } from '@pgweir/testkit';
import { EtcdLease } from '../../src/lease/etcd-lease';
import { readChoice, readHolder } from '../../src/lease/lease-values';
import { mayFollow } from '../../src/ports/promoter-lease';
import { FakeEtcd, FakeStore } from './fake-etcd';

const KEY = 'pgweir/promoter';
const CHOICE = { systemIdentifier: '7', timeline: 3, target: 'b:5432' };

class Rig {
  readonly clock = new HandClock();
  readonly store = new FakeStore(this.clock);
  readonly log = new CollectingLogger();
  readonly ways: FakeEtcd[] = [];
  readonly leases: EtcdLease[] = [];

  open(holder: string, nonce = holder, ttlMs = 20_000): EtcdLease {
    const way = new FakeEtcd(this.store, this.clock);
    this.ways.push(way);
    const { clock, log } = this;
    const lease = new EtcdLease({
      ...{ etcd: way, key: KEY, ttlMs, holder, nonce, clock, log },
    });
    this.leases.push(lease);
    lease.start();
    return lease;
  }

  async after(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.clock.advance(10);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Waits for what takes time. */
  async during<T>(work: Promise<T>, ms = 200): Promise<T> {
    await this.after(ms);
    return await work;
  }
}

test('one has it, as long as it likes, and the others see who', async () => {
  const on = new Rig();
  const first = on.open('db1');
  await on.after(50);
  const second = on.open('db2');
  await on.after(120_000);
  expect(first.standing).toEqual({ kind: 'held' });
  expect(first.leftMs).toBeGreaterThan(12_000);
  expect(first.leftMs).toBeLessThanOrEqual(18_000);
  expect(second.standing).toEqual({ kind: 'elsewhere', holder: 'db1' });
  expect(second.leftMs).toBe(0);
  expect(on.store.leases).toBeLessThan(8);
  expect(on.log.lines.map(({ message }) => message)).toEqual([
    'the lease to promote is held',
    'the lease to promote is held elsewhere',
  ]);
});

test('given back, another one has it at once', async () => {
  const on = new Rig();
  const first = on.open('db1');
  await on.after(50);
  const second = on.open('db2');
  await on.after(50);
  await on.during(first.close());
  expect(first.leftMs).toBe(0);
  await on.after(1_500);
  expect(second.standing).toEqual({ kind: 'held' });
});

test('cut off from etcd it ends by itself, before another one can have it', async () => {
  const on = new Rig();
  const first = on.open('db1');
  await on.after(50);
  const second = on.open('db2');
  await on.after(50);
  const [way] = on.ways;
  Object.assign(way ?? {}, { isCut: true });
  let both = 0;
  for (let passed = 0; passed < 30_000; passed += 100) {
    await on.after(100);
    if (first.leftMs > 0 && second.leftMs > 0) both++;
  }
  expect(both).toBe(0);
  expect(first.standing).toEqual({ kind: 'unknown', reason: 'no answer' });
  expect(second.standing).toEqual({ kind: 'held' });
  expect(on.log.count('cannot be had: nobody would be promoted')).toBe(1);
  Object.assign(way ?? {}, { isCut: false });
  await on.after(3_000);
  expect(first.standing).toEqual({ kind: 'elsewhere', holder: 'db2' });
});

test.each([5_000, 60_000])(
  'promoter_lease_ttl is how long another one waits for one that vanished',
  async (ttlMs) => {
    const on = new Rig();
    on.open('db1', 'db1', ttlMs);
    await on.after(50);
    const second = on.open('db2', 'db2', ttlMs);
    const [way] = on.ways;
    Object.assign(way ?? {}, { isCut: true });
    await on.after(ttlMs - 200);
    expect(second.standing).toEqual({ kind: 'elsewhere', holder: 'db1' });
    await on.after(2_000);
    expect(second.standing).toEqual({ kind: 'held' });
  },
);

test('time is counted from before it was asked for', async () => {
  const on = new Rig();
  const lease = on.open('db1');
  const [way] = on.ways;
  Object.assign(way ?? {}, { thereMs: () => 400, backMs: () => 500 });
  await on.after(2_750);
  expect(lease.standing).toEqual({ kind: 'held' });
  // The look took 900 ms, then it was asked for, which took twice that.
  expect(lease.leftMs).toBeLessThan(18_000 - 1_700);
});

test('a clock that has gone further counts, whichever it is', async () => {
  const on = new Rig();
  const lease = on.open('db1');
  await on.after(50);
  const wallMs = on.clock.wallMs();
  const slept = jest.spyOn(on.clock, 'wallMs').mockImplementation(() => wallMs + 60_000);
  expect(lease.leftMs).toBe(0);
  slept.mockImplementation(() => wallMs - 60_000);
  expect(lease.leftMs).toBeGreaterThan(17_000);
});

test('a key that somebody deletes or replaces is lost at the next renewal', async () => {
  const on = new Rig();
  const lease = on.open('db1');
  await on.after(50);
  on.store.put(KEY, 'scribble');
  await on.during(lease.renew());
  expect(lease.standing).toEqual({
    ...{ kind: 'elsewhere', holder: 'somebody who does not say who he is' },
  });
  expect(on.log.count('the lease to promote was lost')).toBe(1);
  on.store.delete(KEY);
  await on.after(1_500);
  expect(lease.standing).toEqual({ kind: 'held' });
  on.store.delete(KEY);
  const other = on.open('db2');
  await on.after(50);
  expect(other.standing).toEqual({ kind: 'held' });
  await on.during(lease.renew());
  expect(lease.leftMs).toBe(0);
});

test('a put that arrives late does not shorten what came after it', async () => {
  const on = new Rig();
  const lease = on.open('db1');
  await on.after(50);
  const [way] = on.ways;
  if (way === undefined) throw new Error('no way to etcd');
  // The grant is quick, and the put of its lease takes longer than anybody waits.
  let asked = 0;
  way.thereMs = () => {
    asked++;
    return asked === 2 ? 6_000 : 1;
  };
  await on.during(lease.renew(), 8_000);
  way.thereMs = () => 1;
  const other = on.open('db2');
  await on.after(1_000);
  expect(lease.standing).toEqual({ kind: 'held' });
  const { leftMs } = lease;
  way.isCut = true;
  await on.after(leftMs - 1_000);
  expect(other.leftMs).toBe(0);
});

test('a put whose answer was lost is found out about', async () => {
  const on = new Rig();
  const lease = on.open('db1');
  const [way] = on.ways;
  if (way === undefined) throw new Error('no way to etcd');
  let asked = 0;
  way.backMs = () => {
    asked++;
    return asked === 3 ? 100_000 : 1;
  };
  await on.after(900);
  expect(lease.leftMs).toBe(0);
  await on.after(1_500);
  expect(lease.standing).toEqual({ kind: 'held' });
});

test('a new process is not the one before, although it has its name', async () => {
  const on = new Rig();
  on.open('db1', 'one');
  await on.after(50);
  const [way] = on.ways;
  Object.assign(way ?? {}, { isCut: true });
  const second = on.open('db1', 'two');
  await on.after(15_000);
  expect(second.standing).toEqual({ kind: 'elsewhere', holder: 'db1' });
  await on.after(8_000);
  expect(second.standing).toEqual({ kind: 'held' });
});

describe('choices', () => {
  test('are kept for good, by the holder only, and bind whoever comes after', async () => {
    const on = new Rig();
    const first = on.open('db1');
    await on.after(50);
    const second = on.open('db2');
    await on.after(50);
    expect(await on.during(second.choose(CHOICE))).toMatchObject({ kind: 'failed' });
    expect(await on.during(first.chosen('7'))).toBeUndefined();
    expect(await on.during(first.choose(CHOICE))).toEqual({ kind: 'chosen' });
    expect(await on.during(first.choose(CHOICE))).toEqual({ kind: 'chosen' });
    await on.during(first.close());
    await on.after(60_000);
    expect(await on.during(second.chosen('7'))).toEqual(CHOICE);
    const other = { ...CHOICE, target: 'c:5432' };
    expect(await on.during(second.choose(other))).toEqual({ kind: 'taken', before: CHOICE });
    expect(await on.during(second.choose({ ...other, timeline: 2 }))).toMatchObject({
      kind: 'taken',
    });
    expect(await on.during(second.choose({ ...other, timeline: 4 }))).toEqual({ kind: 'chosen' });
    expect(await on.during(second.choose({ ...other, systemIdentifier: '8' }))).toEqual({
      kind: 'chosen',
    });
  });

  test('are not kept when the lease was lost on the way', async () => {
    const on = new Rig();
    const lease = on.open('db1');
    await on.after(50);
    const choosing = lease.choose(CHOICE);
    on.store.put(KEY, JSON.stringify({ holder: 'db2' }));
    expect(await on.during(choosing)).toEqual({
      ...{ kind: 'failed', reason: 'the lease was lost, or another choice was made' },
    });
    expect(on.store.valueOf(`${KEY}/chosen/7`)).toBeUndefined();
  });

  test('that are none are an error', async () => {
    const on = new Rig();
    const lease = on.open('db1');
    await on.after(50);
    on.store.put(`${KEY}/chosen/7`, '{"timeline": 1}');
    const reason = `what stands at ${KEY}/chosen/7 is no choice of ours`;
    expect(await on.during(lease.choose(CHOICE))).toEqual({ kind: 'failed', reason });
    const looked = lease.chosen('7').catch((error: unknown) => String(error));
    expect(await on.during(looked)).toContain(reason);
    on.store.delete(`${KEY}/chosen/7`);
  });
});

test('closed, it asks no more and leaves no timer', async () => {
  const on = new Rig();
  const lease = on.open('db1');
  await on.after(50);
  await on.during(lease.close());
  await on.during(lease.close());
  await on.after(2_000);
  const [way] = on.ways;
  const before = way?.asked;
  await on.during(lease.renew(), 30_000);
  expect(way?.asked).toBe(before);
  expect(on.store.valueOf(KEY)).toBeUndefined();
  expect(on.clock.pending).toBe(0);
});

test('what others have written is read with care', () => {
  expect(readHolder('{"holder":"a\\u0000b"}')).toBe('a b');
  expect(readHolder('[')).toMatch(/^somebody/);
  expect(readHolder(JSON.stringify({ holder: 'x'.repeat(999) }))).toHaveLength(200);
  expect(readChoice('null')).toBeUndefined();
  expect(readChoice(JSON.stringify({ ...CHOICE, timeline: '3' }))).toBeUndefined();
  expect(readChoice(JSON.stringify(CHOICE))).toEqual(CHOICE);
});

test('after a choice the same one may follow, or one for a later timeline', () => {
  expect(mayFollow(undefined, CHOICE)).toBe(true);
  expect(mayFollow(CHOICE, CHOICE)).toBe(true);
  expect(mayFollow(CHOICE, { ...CHOICE, target: 'c:5432' })).toBe(false);
  expect(mayFollow(CHOICE, { ...CHOICE, timeline: 4, target: 'c:5432' })).toBe(true);
  expect(mayFollow(CHOICE, { ...CHOICE, timeline: 2 })).toBe(false);
});
