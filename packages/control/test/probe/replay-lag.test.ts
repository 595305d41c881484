import { type Cluster, startCluster, waitFor } from '@pgweir/testkit';
import type { ProbeAnswer } from '../../src/probe/probe-query';
import { ReplayLag } from '../../src/probe/replay-lag';
import { observe, proberOf } from './kit/probing';

interface Standby {
  readonly received: bigint;
  readonly replayed: bigint;
  readonly ageMs?: number;
  readonly isStreaming?: boolean;
}

function standby({ received, replayed, ageMs, isStreaming = true }: Standby): ProbeAnswer {
  return {
    facts: {
      ...{ systemIdentifier: '1', inRecovery: true, readOnly: true, timeline: 1 },
      ...{ flushed: undefined, inserted: undefined, received, replayed },
      ...{ connections: 1, connectionsMax: 97 },
    },
    replayedCommitAgeMs: ageMs,
    isStreaming,
    startedAt: '1',
  };
}

const BEHIND = { received: 20n, replayed: 10n };
const CAUGHT_UP = { received: 20n, replayed: 20n };

test('nothing is behind that has replayed what it has received', () => {
  const lag = new ReplayLag();
  expect(lag.of(standby({ ...CAUGHT_UP, ageMs: 3_600_000 }), 0, 1)).toBe(0);
  expect(lag.of(standby(CAUGHT_UP), 500, 501)).toBe(0);
});

test('a replica that is behind from the start is as late as its last commit is old', () => {
  const lag = new ReplayLag();
  expect(lag.of(standby({ ...BEHIND, ageMs: 7000 }), 0, 1)).toBe(7000);
  expect(lag.of(standby(BEHIND), 500, 501)).toBeUndefined();
});

test('the first record after a quiet hour does not make a lag of an hour', () => {
  const lag = new ReplayLag();
  lag.of(standby({ ...CAUGHT_UP, ageMs: 3_600_000 }), 1000, 1002);
  expect(lag.of(standby({ ...BEHIND, ageMs: 3_600_500 }), 1500, 1502)).toBe(502);
  expect(lag.of(standby(BEHIND), 2000, 2002)).toBe(1002);
  // Once the new commits are replayed, it is they that tell.
  expect(lag.of(standby({ ...BEHIND, ageMs: 40 }), 2500, 2502)).toBe(40);
});

test('a replica that was cut off does not believe that it had everything', () => {
  const lag = new ReplayLag();
  lag.of(standby(CAUGHT_UP), 1000, 1002);
  expect(lag.of(standby({ ...CAUGHT_UP, isStreaming: false }), 1500, 1502)).toBe(0);
  expect(lag.of(standby({ ...BEHIND, ageMs: 90_000 }), 2000, 2002)).toBe(90_000);
});

test('a primary has no lag, and what was before a promotion does not count', () => {
  const lag = new ReplayLag();
  lag.of(standby(CAUGHT_UP), 1000, 1002);
  const answer = standby(CAUGHT_UP);
  const primary = { ...answer, facts: { ...answer.facts, inRecovery: false } };
  expect(lag.of(primary, 1500, 1502)).toBeUndefined();
  expect(lag.of(standby({ ...BEHIND, ageMs: 5000 }), 2000, 2002)).toBe(5000);
});

describe('a replica that applies late', () => {
  let cluster: Cluster | undefined;
  afterEach(async () => {
    await cluster?.stop();
  });

  test('shows positions and a lag that grow apart, and 0 again when it has caught up', async () => {
    cluster = await startCluster({ replicas: 1, durable: true });
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    const [above, below] = [proberOf(cluster.primary), proberOf(replica)];
    await cluster.primary.query('CREATE TABLE t (n int)');
    await replica.configure({ recovery_min_apply_delay: '1h' });
    await cluster.primary.query('INSERT INTO t VALUES (1)');
    const { flushed = 0n } = await observe(above);
    const late = await waitFor(
      async () => {
        const seen = await observe(below);
        return (seen.replayLagMs ?? 0) >= 300 && (seen.received ?? 0n) >= flushed && seen;
      },
      { what: 'a lag of 300 ms' },
    );
    expect(late.replayed).toBeLessThan(late.received ?? 0n);
    expect(late.replayLagMs).toBeLessThan(60_000);
    await replica.configure({ recovery_min_apply_delay: '0' });
    const seen = await waitFor(
      async () => {
        const now = await observe(below);
        return now.replayLagMs === 0 && now;
      },
      { what: 'the replica to catch up' },
    );
    expect(seen.replayed).toBeGreaterThanOrEqual(flushed);
    for (const prober of [above, below]) prober.close();
  });
});
