import { Promotion, type PromotionOutcome } from '../../src/promotion/promotion';
import { key, LOSS, PromotionRig } from './rig';

class Attempt extends PromotionRig {
  outcome: PromotionOutcome | undefined;
  readonly promotion = new Promotion({
    ...this.needs,
    ...{ loss: LOSS, cluster: this.cluster, fenceMs: 5_000 },
  });

  begin(): this {
    void this.promotion.run().then((outcome) => {
      this.outcome = outcome;
    });
    return this;
  }

  async ends(ms = 500): Promise<PromotionOutcome | undefined> {
    await this.begin().after(ms);
    return this.outcome;
  }
}

const waits = (reason: RegExp) => ({ kind: 'waits', reason: expect.stringMatching(reason) });
const failed = (reason: RegExp) => ({ kind: 'failed', reason: expect.stringMatching(reason) });
const DONE = { kind: 'done' };

test('fences, then keeps the choice, then promotes the most advanced, then it leads', async () => {
  const on = new Attempt();
  on.server('c').beyond = 10n;
  on.server('c').onAsked = () => {
    // It replays what it has received, a little later.
    if (on.events.includes('fence') && on.clock.nowMs() > 1_000_100) on.server('c').beyond = 0n;
  };
  on.server('c').reached = 1001n;
  expect(await on.ends()).toEqual(DONE);
  expect(on.events).toEqual(['fence', 'promote c']);
  expect(on.fenced).toEqual([
    { database: 'app', primary: LOSS.address, target: { host: 'c', port: 5432 } },
  ]);
  expect(on.lease.kept).toMatchObject({ timeline: 1, target: key('c') });
  expect(on.server('c').toldWithinMs).toBe(20_000);
  expect(on.cluster.claims).toBe(1);
  expect(Object.values(on.servers).map(({ isClosed }) => isClosed)).toEqual([true, true, true]);
  expect(on.promotion.stage).toBe('over');
  expect(on.clock.pending).toBe(0);
});

test('what it lacks of what the primary had flushed is said, and does not keep anybody from going on', async () => {
  const on = new Attempt();
  for (const host of ['b', 'c']) on.server(host).reached = 900n;
  expect(await on.ends()).toEqual(DONE);
  const [line] = on.log.lines.filter(({ message }) => message.includes('lacks some'));
  expect(line).toMatchObject({ level: 'warn', fields: { target: key('b'), bytes: 100 } });
  const other = new Attempt();
  expect(await other.ends()).toEqual(DONE);
  expect(other.log.count('lacks some')).toBe(0);
});

test('of equals the first in the list; a lease without an end is told as it is', async () => {
  const on = new Attempt();
  on.lease.leftMs = Number.POSITIVE_INFINITY;
  expect(await on.ends()).toEqual(DONE);
  expect(on.events).toEqual(['fence', 'promote b']);
  expect(on.server('b').toldWithinMs).toBeUndefined();
});

test('what arrived while it was fenced counts: the choice is made anew then', async () => {
  const on = new Attempt();
  on.fences = async () => {
    on.server('c').reached = 2000n;
    return undefined;
  };
  expect(await on.ends()).toEqual(DONE);
  expect(on.fenced[0]?.target.host).toBe('b');
  expect(on.events).toEqual(['fence', 'promote c']);
});

describe('nobody is fenced', () => {
  test.each<[string, (on: Attempt) => unknown, ReturnType<typeof waits>]>([
    [
      'without a candidate',
      (on) => Object.assign(on.cluster, { candidates: [], others: ['b:5432: down: refused'] }),
      waits(/^no replica can be promoted \(b:5432: down: refused\)$/),
    ],
    [
      'when no candidate answers',
      (on) => ['b', 'c'].map((host) => Object.assign(on.server(host), { isAlive: false })),
      waits(/b:5432 cannot be asked: .*; c:5432 cannot/),
    ],
    [
      'when a candidate is a primary',
      (on) => Object.assign(on.server('c'), { inRecovery: false }),
      waits(/^c:5432 is a primary$/),
    ],
    [
      'without the right to promote',
      (on) => Object.assign(on.server('b'), { grants: false }),
      failed(/may not promote b:5432: GRANT EXECUTE .* Nobody was fenced$/),
    ],
    [
      'when the primary is back',
      (on) => Object.assign(on.cluster, { loss: undefined }),
      waits(/^a:5432 is not lost any more$/),
    ],
    [
      'when the lease is lost',
      (on) => Object.assign(on.lease, { onRenew: () => on.lease.lose('db2') }),
      waits(/^the lease is held by db2$/),
    ],
    [
      'when the lease may end before it',
      (on) => Object.assign(on.lease, { leftMs: 5_000 }),
      waits(/^the lease is certain for 5000 ms only$/),
    ],
    [
      'when the lease cannot be asked',
      (on) => Object.assign(on.lease, { looks: () => Promise.reject(new Error('cut off')) }),
      waits(/^the lease cannot be asked: cut off$/),
    ],
    [
      'when another server was chosen before',
      (on) => Object.assign(on.lease, { kept: { ...choice('c'), timeline: 1 } }),
      failed(/^c:5432 was chosen before .* delete lease\/7/),
    ],
    [
      'when one was chosen for a later timeline',
      (on) => Object.assign(on.lease, { kept: { ...choice('d'), timeline: 2 } }),
      failed(/^d:5432 was chosen before/),
    ],
  ])('%s', async (_when, spoil, outcome) => {
    const on = new Attempt();
    spoil(on);
    expect(await on.ends()).toEqual(outcome);
    expect(on.events).toEqual([]);
    expect(Object.values(on.servers).some(({ told }) => told > 0)).toBe(false);
  });

  test('when it is canceled in time, and later it cannot be', async () => {
    const on = new Attempt();
    on.begin();
    expect(on.promotion.adviceIfAbandoned).toBeUndefined();
    expect(on.promotion.cancel('the pooler has shut down')).toBe(true);
    await on.after(50);
    expect(on.outcome).toEqual(waits(/^the pooler has shut down$/));
    expect(on.events).toEqual([]);
    const late = new Attempt();
    late.fences = () => new Promise(() => undefined);
    await late.begin().after(50);
    expect(late.promotion.cancel('too late')).toBe(false);
    expect(late.promotion.adviceIfAbandoned).toMatch(/it was not seen through\. .* promote b:5432/);
  });
});

const choice = (host: string) => ({
  ...{ systemIdentifier: LOSS.systemIdentifier, timeline: 1, target: key(host) },
});

describe('nobody is promoted', () => {
  test('when fencing fails', async () => {
    const on = new Attempt();
    on.fences = async () => 'fence_command ended with 1';
    expect(await on.ends()).toEqual(
      failed(/^a:5432 may not be fenced: fence_command ended with 1\. Nobody was promoted/),
    );
    expect(on.events).toEqual(['fence']);
  });

  test('when the old primary answers as one after it was fenced', async () => {
    const on = new Attempt();
    on.server('a').isAlive = true;
    expect(await on.ends()).toEqual(
      failed(/^fence_command has ended with 0, but a:5432 answers as a primary$/),
    );
    expect(on.events).toEqual(['fence']);
  });

  test('when somebody else has become primary meanwhile', async () => {
    const on = new Attempt();
    on.fences = async () => {
      on.cluster.accept('c');
      return undefined;
    };
    expect(await on.ends()).toEqual({ kind: 'called off', reason: 'c:5432 has become primary' });
    expect(on.events).toEqual(['fence']);
  });

  test('when somebody else has promoted one that nobody has seen yet', async () => {
    const on = new Attempt();
    on.fences = async () => {
      on.server('c').inRecovery = false;
      return undefined;
    };
    expect(await on.ends()).toEqual({ kind: 'called off', reason: 'c:5432 is a primary' });
  });

  test('when all candidates are gone after the fencing', async () => {
    const on = new Attempt();
    on.fences = async () => {
      for (const host of ['b', 'c']) on.server(host).isAlive = false;
      return undefined;
    };
    expect(await on.ends(4_000)).toEqual(
      failed(/cannot be asked.*a:5432 was fenced, and work .* waits: promote b:5432/),
    );
  });

  test('when the target does not replay what it has received', async () => {
    const on = new Attempt();
    on.server('b').beyond = 64n;
    expect(await on.ends(29_000)).toBeUndefined();
    await on.after(2_000);
    expect(on.outcome).toEqual(failed(/^b:5432 does not replay 64 bytes that it has received/));
    expect(on.events).toEqual(['fence']);
  });

  test.each<[string, (on: Attempt) => void]>([
    ['is lost while it is fenced', (on) => on.lease.lose('db2')],
    [
      'has nearly ended when it is fenced',
      (on) => {
        on.lease.leftMs = 2_000;
      },
    ],
    [
      'is lost when it is renewed',
      (on) => {
        on.lease.onRenew = () => on.lease.lose('db2');
      },
    ],
  ])('when the lease %s', async (_when, spoil) => {
    const on = new Attempt();
    on.fences = async () => {
      spoil(on);
      return undefined;
    };
    expect(await on.ends()).toEqual(failed(/^the lease is .* a:5432 was fenced/));
    expect(on.events).toEqual(['fence']);
    expect(on.lease.kept).toBeUndefined();
  });

  test('when the lease is lost while the choice is kept', async () => {
    const on = new Attempt();
    on.lease.chooses = async () => {
      on.lease.lose('db2');
      return { kind: 'chosen' };
    };
    expect(await on.ends(30_500)).toEqual(
      failed(/^b:5432 could not be promoted: the lease is held by db2\. a:5432 was fenced/),
    );
    expect(on.events).toEqual(['fence']);
  });

  test('when the choice cannot be kept, or another one was made', async () => {
    const on = new Attempt();
    on.lease.chooses = async () => ({ kind: 'failed', reason: 'cut off' });
    expect(await on.ends()).toEqual(failed(/^the choice of b:5432 was not kept: cut off/));
    const other = new Attempt();
    other.lease.chooses = async () => ({ kind: 'taken', before: choice('c') });
    expect(await other.ends()).toEqual(failed(/^c:5432 was chosen before/));
    expect([...on.events, ...other.events]).toEqual(['fence', 'fence']);
  });
});

test('a replica that is late after the fencing is waited for, but not for ever', async () => {
  const on = new Attempt();
  on.server('c').reached = 2000n;
  on.fences = async () => {
    on.server('c').isAlive = false;
    on.clock.after(1_000, () => {
      on.server('c').isAlive = true;
    });
    return undefined;
  };
  expect(await on.ends(900)).toBeUndefined();
  await on.after(500);
  expect(on.events).toEqual(['fence', 'promote c']);
  const never = new Attempt();
  never.fences = async () => {
    never.server('c').isAlive = false;
    return undefined;
  };
  expect(await never.ends(3_500)).toEqual(DONE);
  expect(never.events).toEqual(['fence', 'promote b']);
});

test('what was chosen before for this timeline is promoted, after all', async () => {
  const on = new Attempt();
  on.lease.kept = choice('b');
  expect(await on.ends()).toEqual(DONE);
});

test('PostgreSQL is told once more when nothing comes of it, and not without the lease', async () => {
  const on = new Attempt();
  let told = 0;
  on.server('b').onPromote = () => {
    told++;
    if (told === 2) on.server('b').inRecovery = false;
  };
  expect(await on.ends(2_900)).toBeUndefined();
  expect(told).toBe(1);
  await on.after(500);
  expect(on.outcome).toEqual(DONE);
  expect(told).toBe(2);
});

test('a primary that was promoted and is not used is an alarm', async () => {
  const on = new Attempt();
  on.cluster.onLook = () => undefined;
  expect(await on.ends(10_500)).toEqual(
    failed(/^b:5432 was promoted, and SHOW TOPOLOGY says why it is not used$/),
  );
});
