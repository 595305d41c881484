import { databaseName, type TopologySnapshot } from '@pgweir/pooler';
import type { TopologyClaims } from '../src/ports/topology-claims';
import { CONTROL_DEFAULTS } from '../src/settings';
import { APP, entry, Rig } from './kit/rig';

const OTHER = databaseName('other');

describe('a reload', () => {
  test('that changes nothing publishes nothing', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    const before = rig.control.current;
    rig.control.reconfigure(CONTROL_DEFAULTS, [entry(['a', 'b'])]);
    expect(rig.control.current).toBe(before);
  });

  test('keeps what is known of servers that stay, and asks those that are new', () => {
    const rig = new Rig(['a', 'b', 'c'], { entries: [entry(['a', 'b'])] }).after(1_000);
    rig.control.ban('b');
    rig.control.reconfigure(CONTROL_DEFAULTS, [entry(['b', 'a', 'c'])]);
    expect(rig.primary()).toBe('a');
    expect(rig.isHolding()).toBe(false);
    expect(rig.endpoints()).toMatchObject([
      { host: 'b', outOfService: 'banned by an operator' },
      { host: 'a', role: 'primary' },
      { host: 'c', role: 'unknown' },
    ]);
    rig.after(50);
    expect(rig.replicas()).toEqual(['c']);
    expect(rig.world.probed).toBe(3);
  });

  test('does not let an old primary back in by a list that has more servers', () => {
    const rig = new Rig(['a', 'b', 'c'], { entries: [entry(['a', 'b'])] }).after(5_000);
    const { world, control } = rig;
    world.kill(world.server('a'));
    rig.after(500);
    world.promote(world.server('b'));
    rig.after(500);
    world.kill(world.server('b'));
    world.start(world.server('a'));
    const apart = entry(['a', 'b', 'c'], { database: OTHER });
    control.reconfigure(CONTROL_DEFAULTS, [entry(['a', 'b']), apart]);
    rig.world.server('c').timeline = 1;
    rig.after(30_000);
    expect(rig.primary(OTHER)).toBeUndefined();
    control.reconfigure(CONTROL_DEFAULTS, [apart]);
    rig.after(30_000);
    expect(rig.primary(OTHER)).toBeUndefined();
  });

  test('without the accepted primary begins anew: another system may be accepted then', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    const epoch = rig.epoch() ?? 0;
    Object.assign(rig.world.server('b'), { systemIdentifier: '8', inRecovery: false });
    rig.after(1_000);
    expect(rig.endpoints()[1]?.outOfService).toBe('another system identifier: 8');
    rig.control.reconfigure(CONTROL_DEFAULTS, [entry(['b'])]);
    expect(rig.primary()).toBe('b');
    expect(rig.epoch()).toBeGreaterThan(epoch);
  });

  test('a database that moves to another cluster begins another epoch', () => {
    const entries = [entry(['a', 'b']), entry(['c'], { database: OTHER })];
    const rig = new Rig(['a', 'b', 'c'], { entries });
    rig.world.server('c').inRecovery = false;
    rig.after(1_000);
    expect([rig.epoch(), rig.epoch(OTHER)]).toEqual([1, 1]);
    rig.control.reconfigure(CONTROL_DEFAULTS, [entry(['c']), entry(['c'], { database: OTHER })]);
    rig.after(1_000);
    expect([rig.epoch(), rig.epoch(OTHER)]).toEqual([2, 1]);
  });

  test('keeps a source that stays, and closes one that another takes the place of', () => {
    const events: string[] = [];
    let key: string | undefined = 'one';
    const open = (name: string): TopologyClaims => ({
      current: undefined,
      start: () => void events.push(`start ${name}`),
      recheck: () => undefined,
      close: () => void events.push(`close ${name}`),
    });
    const rig = new Rig(['a', 'b'], {
      claimsOf: () => {
        const name = key;
        return name === undefined ? undefined : { key: name, open: () => open(name) };
      },
    }).after(1_000);
    const reload = (): void => rig.control.reconfigure(CONTROL_DEFAULTS, [entry(['a', 'b'])]);
    reload();
    expect(events).toEqual(['start one']);
    key = 'two';
    reload();
    expect(events).toEqual(['start one', 'close one', 'start two']);
    key = undefined;
    reload();
    expect(events.at(-1)).toBe('close two');
    key = 'three';
    reload();
    rig.control.close();
    expect(events.slice(-2)).toEqual(['start three', 'close three']);
  });

  test('ends the probes of servers that nobody follows any more', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    rig.control.reconfigure(CONTROL_DEFAULTS, [entry(['b'])]);
    expect(rig.world.probed).toBe(1);
    rig.control.reconfigure(CONTROL_DEFAULTS, []);
    expect(rig.world.probed).toBe(0);
    expect(rig.clock.pending).toBe(0);
    expect(rig.control.current.servers.size).toBe(0);
  });

  test('changes the pace of probes', () => {
    const rig = new Rig(['a']).after(10_000);
    const { probes } = rig.world.server('a');
    rig.control.reconfigure({ ...CONTROL_DEFAULTS, healthCheckIntervalMs: 5_000 }, [entry(['a'])]);
    rig.after(10_000);
    expect(probes).toBeGreaterThan(18);
    expect(rig.world.server('a').probes - probes).toBeLessThanOrEqual(3);
  });
});

describe('BAN and UNBAN', () => {
  test('a host, or a host with its port, in all entries', () => {
    const entries = [entry(['a', 'b']), entry(['b'], { database: OTHER })];
    const rig = new Rig(['a', 'b'], { entries: entries.slice(0, 1) }).after(1_000);
    expect(rig.control.ban('B')).toEqual({ kind: 'done', servers: ['b:5432'] });
    expect(rig.replicas()).toEqual([]);
    rig.after(60_000);
    expect(rig.replicas()).toEqual([]);
    expect(rig.control.unban('b:5432')).toEqual({ kind: 'done', servers: ['b:5432'] });
    expect(rig.replicas()).toEqual(['b']);
  });

  test('the primary: work waits until another one is promoted, and the old one never comes back', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    rig.control.ban('a');
    expect(rig.primary()).toBeUndefined();
    expect(rig.isHolding()).toBe(true);
    rig.world.promote(rig.world.server('b'));
    expect(rig.until(() => rig.primary() === 'b')).toBeLessThanOrEqual(120);
    rig.control.unban('a');
    rig.after(5_000);
    expect(rig.primary()).toBe('b');
    expect(rig.endpoints()[0]?.outOfService).toContain('fenced');
  });

  test('what a banned server has begun it may finish, until it is lost', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    rig.control.ban('a');
    const banned = () => rig.endpoints()[0];
    expect(banned()).toMatchObject({ outOfService: 'banned by an operator', isLeaving: true });
    rig.world.kill(rig.world.server('a'));
    rig.until(() => banned()?.isLeaving === undefined);
    expect(banned()).toMatchObject({ outOfService: 'banned by an operator', isSilent: true });
  });

  test.each([
    ['ban', 'nowhere', 'no database that follows roles has a server "nowhere"'],
    ['ban', 'a:1', 'no database that follows roles has a server "a:1"'],
    ['unban', 'a', 'a:5432 is not banned'],
  ] as const)('%s %s: %s', (order, host, reason) => {
    const rig = new Rig(['a', 'b']).after(1_000);
    expect(rig.control[order](host)).toEqual({ kind: 'refused', reason });
  });

  test('twice: the second says that it is so already', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    rig.control.ban('a');
    expect(rig.control.ban('a')).toEqual({
      ...{ kind: 'refused', reason: 'a:5432 is banned already' },
    });
  });
});

describe('a planned switchover', () => {
  /** @returns why not, as text; undefined: it has begun */
  function begin(rig: Rig, target = 'b', withinMs = 10_000, database = APP): string | undefined {
    const plan = rig.control.planSwitchover(database, target);
    return plan.kind === 'refused' ? plan.reason : plan.cluster.begin(withinMs);
  }

  test('work waits, and goes on when the target is primary', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    expect(begin(rig)).toBeUndefined();
    expect(rig.isHolding()).toBe(true);
    expect(rig.primary()).toBe('a');
    rig.world.kill(rig.world.server('a'));
    rig.after(1_000);
    rig.world.promote(rig.world.server('b'));
    expect(rig.until(() => rig.isHolding() === false)).toBeLessThanOrEqual(120);
    // One for each server; that of the deadline is gone.
    expect(rig.clock.pending).toBe(2);
    expect(rig.control.failovers()).toMatchObject([
      { isPlanned: true, outcome: 'switched over', seen: 'switchover to b:5432' },
    ]);
  });

  test('gives the primary nothing new, in other lists that name both servers too', () => {
    const all = entry(['a', 'b', 'c'], { database: OTHER, targetSessionAttrs: 'any' });
    const rig = new Rig(['a', 'b', 'c'], { entries: [entry(['a', 'b']), all] }).after(1_000);
    const plan = rig.control.planSwitchover(APP, 'b');
    if (plan.kind === 'refused') throw new Error(plan.reason);
    expect(plan.cluster.databases).toEqual([APP, OTHER]);
    expect(plan.cluster.begin(10_000)).toBeUndefined();
    expect([rig.isHolding(), rig.isHolding(OTHER)]).toEqual([true, false]);
    expect(rig.endpoints(OTHER).map(({ isLeaving }) => isLeaving)).toEqual([
      true,
      undefined,
      undefined,
    ]);
    plan.cluster.callOff();
    expect(rig.endpoints(OTHER)[0]?.isLeaving).toBeUndefined();
  });

  test('is called off by its deadline, or by order', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    begin(rig, 'b', 300);
    rig.after(299);
    expect(rig.isHolding()).toBe(true);
    rig.after(1);
    expect(rig.isHolding()).toBe(false);
    const plan = rig.control.planSwitchover(APP, 'b');
    if (plan.kind === 'refused') throw new Error(plan.reason);
    expect(plan.cluster).toMatchObject({ leads: 'primary', isUnderWay: false, databases: [APP] });
    expect(plan.cluster.begin(10_000)).toBeUndefined();
    expect(plan.cluster.isUnderWay).toBe(true);
    plan.cluster.callOff();
    expect(rig.isHolding()).toBe(false);
    plan.cluster.callOff();
    expect(rig.control.failovers().map(({ outcome }) => outcome)).toEqual([
      'called off',
      'called off',
    ]);
    expect(rig.primary()).toBe('a');
  });

  test('is refused with a reason', () => {
    const rig = new Rig(['a', 'b', 'c']).after(1_000);
    const reason = (target: string) => begin(rig, target);
    expect(reason('x')).toContain('has no server');
    expect(reason('a')).toContain('is primary already');
    rig.control.ban('c');
    expect(reason('c')).toContain('c:5432 is banned by an operator');
    begin(rig);
    expect(reason('b')).toContain('a switchover is under way');
    rig.world.kill(rig.world.server('a'));
    rig.after(20_000);
    expect(reason('b')).toContain('there is no primary');
    expect(begin(rig, 'b', 1, OTHER)).toContain('does not follow roles');
  });
});

describe('what is published', () => {
  test('each change once, to all that listen, numbered', () => {
    const rig = new Rig(['a', 'b']);
    const heard: TopologySnapshot[] = [];
    const leave = rig.control.subscribe((snapshot) => heard.push(snapshot));
    rig.after(5_000);
    const { length } = heard;
    expect(length).toBeGreaterThan(0);
    expect(heard.at(-1)).toBe(rig.control.current);
    expect(Object.isFrozen(rig.control.current)).toBe(true);
    expect(heard.map(({ generation }) => generation)).toEqual(heard.map((_, at) => at + 2));
    leave();
    rig.control.ban('b');
    expect(heard).toHaveLength(length);
  });

  test('a listener that gives an order itself does not make others hear of old news last', () => {
    const rig = new Rig(['a', 'b']).after(1_000);
    const heard: number[] = [];
    rig.control.subscribe(({ servers }) => {
      const [, b] = servers.get(APP) ?? [];
      if (b?.outOfService === undefined) rig.control.ban('b');
    });
    rig.control.subscribe(({ generation }) => heard.push(generation));
    rig.control.ban('a');
    expect(heard).toEqual([...heard].sort((one, other) => one - other));
    expect(heard.at(-1)).toBe(rig.control.current.generation);
  });

  test('the list of a database that has not changed is the same object', () => {
    const entries = [
      entry(['a', 'b']),
      entry(['x'], { database: OTHER, targetSessionAttrs: undefined }),
    ];
    const rig = new Rig(['a', 'b'], { entries }).after(1_000);
    const before = rig.control.current;
    rig.control.ban('b');
    expect(rig.control.current.servers.get(OTHER)).toBe(before.servers.get(OTHER));
    expect(rig.control.current.servers.get(APP)).not.toBe(before.servers.get(APP));
    expect(rig.control.current.roles.get(APP)).toBe(before.roles.get(APP));
  });
});

test('SHOW TOPOLOGY: plain data of each server', () => {
  const rig = new Rig(['a', 'b']).after(10_000);
  const [cluster] = rig.control.topology();
  expect(cluster).toMatchObject({
    ...{ databases: ['app'], failover: 'steady', primary: 'a:5432', epoch: 1, alarms: [] },
    servers: [
      { host: 'a', port: 5432, role: 'primary', health: 'up', timeline: 1, isReadOnly: false },
      { host: 'b', port: 5432, role: 'replica', health: 'up', timeline: 1, isReadOnly: true },
    ],
  });
  expect(JSON.parse(JSON.stringify(cluster))).toMatchObject({ primary: 'a:5432' });
});

test('SHOW FAILOVERS: sessions are counted for the last failover of their database', () => {
  const rig = new Rig(['a', 'b']).after(1_000);
  rig.control.addSessions(APP, { moved: 1, retried: 1, failed: 1 });
  expect(rig.control.failovers()).toEqual([]);
  rig.world.kill(rig.world.server('a'));
  rig.after(500);
  rig.control.addSessions(APP, { moved: 5, retried: 2, failed: 1 });
  rig.control.addSessions(OTHER, { moved: 5, retried: 2, failed: 1 });
  expect(rig.control.failovers()).toMatchObject([
    { outcome: 'holding', sessions: { moved: 5, retried: 2, failed: 1 } },
  ]);
});

test('a closed control probes nobody, tells nobody and answers orders', () => {
  const rig = new Rig(['a', 'b']).after(1_000);
  const before = rig.control.current;
  rig.control.close();
  expect(rig.world.probed).toBe(0);
  expect(rig.clock.pending).toBe(0);
  rig.control.noticed({ host: 'a', port: 5432 }, 'refused');
  expect(rig.control.ban('a').kind).toBe('refused');
  rig.control.addSessions(APP, { moved: 1, retried: 0, failed: 0 });
  expect(rig.control.topology()).toEqual([]);
  expect(rig.control.current).toBe(before);
});
