import { databaseName } from '@pgweir/pooler';
import type { TopologyClaim, TopologyClaims } from '../../src/ports/topology-claims';
import { CLAIM_FRESH_MS } from '../../src/settings';
import { claim } from '../kit/knowledge';
import { APP, entry, Rig } from '../kit/rig';

describe('the start', () => {
  test('everything waits until the servers have been asked, and not longer', () => {
    const rig = new Rig(['a', 'b']);
    expect(rig.isHolding()).toBe(true);
    expect(rig.endpoints().map(({ role }) => role)).toEqual(['unknown', 'unknown']);
    rig.after(5);
    expect(rig.isHolding()).toBe(false);
    expect(rig.primary()).toBe('a');
    expect(rig.replicas()).toEqual(['b']);
    expect(rig.epoch()).toBe(1);
    expect(rig.control.failovers()).toEqual([]);
  });

  test('a server that says nothing delays it by the time limit of a probe at most', () => {
    const rig = new Rig(['a', 'b']);
    rig.world.server('b').isHung = true;
    expect(rig.until(() => rig.primary() === 'a')).toBeLessThanOrEqual(1_010);
  });

  test('without any primary, work waits for one', () => {
    const rig = new Rig(['a', 'b']);
    rig.world.server('a').inRecovery = true;
    rig.after(1000);
    expect(rig.isHolding()).toBe(true);
    rig.world.promote(rig.world.server('b'));
    expect(rig.until(() => rig.primary() === 'b')).toBeLessThanOrEqual(120);
    expect(rig.control.failovers()).toMatchObject([{ outcome: 'found' }]);
  });
});

describe('the loss of the primary', () => {
  test('kill -9 and a promotion 2 s later: holding at once, over 100 ms after the promotion', () => {
    const rig = new Rig(['a', 'b', 'c']).after(5_000);
    const { world, control } = rig;
    world.kill(world.server('a'));
    expect(rig.until(() => rig.isHolding() === true)).toBeLessThanOrEqual(150);
    expect(rig.endpoints()[0]).toMatchObject({ role: 'unknown', outOfService: 'down: refused' });
    expect(rig.replicas()).toEqual(['b', 'c']);
    rig.after(2_000);
    world.promote(world.server('b'));
    expect(rig.until(() => rig.isHolding() === false)).toBeLessThanOrEqual(120);
    expect(rig.primary()).toBe('b');
    expect(rig.epoch()).toBe(2);
    expect(rig.replicas()).toEqual([]);
    world.follow(world.server('c'), world.server('b'));
    rig.after(600);
    expect(rig.replicas()).toEqual(['c']);
    const [record] = control.failovers();
    expect(record).toMatchObject({
      ...{ databases: ['app'], oldPrimary: 'a:5432', newPrimary: 'b:5432', outcome: 'promoted' },
      ...{ seen: 'a:5432: down: refused', isPlanned: false },
    });
    expect(record?.heldMs).toBeGreaterThan(2_000);
    expect(record?.heldMs).toBeLessThan(2_200);
  });

  test('what traffic meets is looked into at once', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    const a = rig.world.server('a');
    // The prober's own connection does not hear of it.
    a.isAlive = false;
    rig.control.noticed(a.address, 'refused');
    expect(rig.until(() => rig.isHolding() === true)).toBeLessThanOrEqual(130);
  });

  test('evidence that a probe disproves changes nothing, however much there is', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    const { generation } = rig.control.current;
    const { probes } = rig.world.server('a');
    for (let count = 0; count < 200; count++) {
      rig.control.noticed({ host: 'A', port: 5432 }, 'terminated');
      rig.after(1);
    }
    expect(rig.primary()).toBe('a');
    expect(rig.control.current.generation).toBe(generation);
    expect(rig.world.server('a').probes - probes).toBeLessThanOrEqual(12);
  });

  test('a primary that hangs is given up after its probes were not answered', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    rig.world.server('a').isHung = true;
    const heldAfterMs = rig.until(() => rig.isHolding() === true);
    expect(heldAfterMs).toBeGreaterThan(1_000);
    expect(heldAfterMs).toBeLessThanOrEqual(500 + 2 * 1_000 + 200);
    rig.world.promote(rig.world.server('b'));
    expect(rig.until(() => rig.primary() === 'b')).toBeLessThanOrEqual(120);
  });

  test('a primary that hangs while another one is promoted: it has to answer soon', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    rig.world.server('a').isHung = true;
    rig.world.promote(rig.world.server('b'));
    expect(rig.until(() => rig.primary() === 'b')).toBeLessThanOrEqual(500 + 300 + 50);
  });

  test('a primary that is slow, but not slower than usual, is not taken for one that hangs', () => {
    const rig = new Rig(['a', 'b']);
    rig.world.server('a').latencyMs = 600;
    rig.after(5_000);
    rig.world.promote(rig.world.server('b'));
    rig.after(20_000);
    expect(rig.primary()).toBeUndefined();
    expect(rig.control.topology()[0]?.alarms).toMatchObject([{ kind: 'two-primaries' }]);
  });

  test('a primary that restarts in place ends the wait, in the same epoch', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    rig.world.kill(rig.world.server('a'));
    rig.until(() => rig.isHolding() === true);
    rig.world.start(rig.world.server('a'));
    expect(rig.until(() => rig.isHolding() === false)).toBeLessThanOrEqual(320);
    expect(rig.primary()).toBe('a');
    expect(rig.epoch()).toBe(1);
    expect(rig.control.failovers()).toMatchObject([{ outcome: 'came back' }]);
  });

  test('a cluster of one server is not waited for, unless its name may lead to another one', () => {
    const named = new Rig(['a']).after(5_000);
    named.world.kill(named.world.server('a'));
    expect(named.after(1_000).isHolding()).toBe(true);
    const host = '10.0.0.1';
    const rig = new Rig([host]).after(5_000);
    rig.world.kill(rig.world.server(host));
    rig.after(1_000);
    expect(rig.primary()).toBeUndefined();
    expect(rig.isHolding()).toBe(false);
    rig.world.start(rig.world.server(host));
    rig.after(2_000);
    expect(rig.primary()).toBe(host);
  });

  test('a network cut to the primary only: work waits, and goes on with the same primary', () => {
    const rig = new Rig(['a', 'b', 'c']).after(5_000);
    rig.world.server('a').isCut = true;
    rig.after(5_000);
    expect(rig.isHolding()).toBe(true);
    expect(rig.replicas()).toEqual(['b', 'c']);
    rig.world.server('a').isCut = false;
    rig.after(2_000);
    expect(rig.primary()).toBe('a');
    expect(rig.epoch()).toBe(1);
  });
});

describe('two primaries', () => {
  test('a promotion beside a living primary stops writes until one of them is gone', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    const { world, log } = rig;
    world.promote(world.server('b'));
    rig.after(600);
    expect(rig.primary()).toBeUndefined();
    expect(rig.isHolding()).toBe(true);
    expect(log.count('claim to be primary')).toBe(1);
    expect(rig.control.topology()[0]?.alarms).toMatchObject([{ kind: 'two-primaries' }]);
    world.kill(world.server('a'));
    rig.after(300);
    expect(rig.primary()).toBe('b');
    expect(log.count('over: ')).toBe(1);
  });

  test('an old primary that comes back is fenced, for as long as it claims to be one', () => {
    const rig = new Rig(['a', 'b']).after(5_000);
    const { world } = rig;
    const [a, b] = [world.server('a'), world.server('b')];
    world.kill(a);
    rig.after(500);
    world.promote(b);
    rig.after(500);
    world.start(a);
    rig.after(30_000);
    expect(rig.primary()).toBe('b');
    expect(rig.endpoints()[0]?.outOfService).toContain('fenced');
    world.kill(b);
    rig.after(30_000);
    expect(rig.primary()).toBeUndefined();
    expect(rig.isHolding()).toBe(true);
    world.start(b);
    rig.after(30_000);
    expect(rig.primary()).toBe('b');
    world.follow(a, b);
    rig.after(1_000);
    expect(rig.replicas()).toEqual(['a']);
  });

  test('a source that confirms the promoted one ends the conflict before it begins', () => {
    let changed: () => void = () => undefined;
    let leader: { host: string; port: number } | undefined;
    const asked = { rechecks: 0, closed: 0 };
    const rig: Rig = new Rig(['a', 'b'], {
      claimsOf: () => ({
        key: 'one',
        open: () => ({
          get current(): TopologyClaim | undefined {
            return leader && claim(leader, rig.clock.nowMs());
          },
          start: (call) => {
            changed = call;
          },
          recheck: () => void asked.rechecks++,
          close: () => void asked.closed++,
        }),
      }),
    }).after(5_000);
    rig.world.promote(rig.world.server('b'));
    rig.after(600);
    expect(rig.primary()).toBeUndefined();
    expect(asked.rechecks).toBe(1);
    leader = { host: 'B', port: 5432 };
    changed();
    expect(rig.primary()).toBe('b');
    rig.control.close();
    expect(asked.closed).toBe(1);
  });
});

test('a source that has not confirmed anything for long confirms nothing', () => {
  const current = claim({ host: 'b', port: 5432 }, 1_000_000);
  const source: TopologyClaims = {
    ...{ current, start: () => undefined, recheck: () => undefined, close: () => undefined },
  };
  const rig = new Rig(['a', 'b'], { claimsOf: () => ({ key: 'one', open: () => source }) }).after(
    CLAIM_FRESH_MS + 1_000,
  );
  rig.world.promote(rig.world.server('b'));
  rig.after(1_000);
  expect(rig.primary()).toBeUndefined();
  expect(rig.isHolding()).toBe(true);
});

describe('what an entry asks for', () => {
  const hosts = ['a', 'b'];
  const of = (attrs: 'any' | 'standby' | 'primary' | 'prefer-standby') =>
    entry(hosts, { database: databaseName(attrs), targetSessionAttrs: attrs });
  const plain = entry(['x', 'a'], {
    database: databaseName('plain'),
    targetSessionAttrs: undefined,
  });
  const split = entry(hosts, {
    ...{ database: databaseName('split'), targetSessionAttrs: undefined, readWriteSplit: true },
  });
  const entries = [entry(hosts), of('any'), of('standby'), of('primary'), split, plain];
  const waiting = (rig: Rig): readonly string[] =>
    [...rig.control.current.roles].filter(([, { holding }]) => holding).map(([name]) => name);

  test('a list that does not follow roles passes through, and is not watched', () => {
    const rig = new Rig(hosts, { entries: [plain] }).after(1_000);
    expect(rig.endpoints(plain.database)).toEqual([
      { host: 'x', port: 5432, role: 'unknown' },
      { host: 'a', port: 5432, role: 'unknown' },
    ]);
    expect(rig.control.current.roles.size).toBe(0);
    expect(rig.world.probed).toBe(0);
  });

  test('entries with the same servers share their probes', () => {
    const rig = new Rig(hosts, { entries }).after(1_000);
    expect(rig.world.probed).toBe(2);
    expect(rig.control.topology()).toMatchObject([
      { databases: ['app', 'any', 'standby', 'primary', 'split'], primary: 'a:5432' },
    ]);
  });

  test('only work that needs the primary waits for it', () => {
    const rig = new Rig(hosts, { entries });
    expect(waiting(rig)).toEqual(['app', 'any', 'standby', 'primary', 'split']);
    rig.after(1_000);
    expect(waiting(rig)).toEqual([]);
    rig.world.kill(rig.world.server('a'));
    rig.after(500);
    expect(waiting(rig)).toEqual(['app', 'primary', 'split']);
    rig.world.kill(rig.world.server('b'));
    rig.after(1_000);
    expect(waiting(rig)).toEqual(['app', 'any', 'primary', 'split']);
  });

  test('a primary that refuses writes is one for those that do not write', () => {
    const rig = new Rig(hosts, { entries });
    rig.world.server('a').readOnly = true;
    rig.after(1_000);
    expect(waiting(rig)).toEqual(['app', 'split']);
    expect(rig.endpoints(APP)[0]).toEqual({
      ...{ host: 'a', port: 5432, role: 'primary' },
      outOfService: 'default_transaction_read_only is on',
    });
    expect(rig.primary(databaseName('primary'))).toBe('a');
  });
});
