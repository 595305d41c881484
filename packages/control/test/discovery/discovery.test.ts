import { CONTROL_DEFAULTS } from '../../src/settings';
import { memberSource, SEED } from '../kit/fake-members';
import { FOUND, foundEntry, MembersRig } from '../kit/members-rig';

test('the seed tells who the members are, and nothing goes to it', () => {
  const rig = new MembersRig(['a', 'b', 'c']);
  expect(rig.endpoints).toMatchObject([{ ...SEED, role: 'unknown' }]);
  expect(rig.outOfService(SEED.host)).toBeDefined();
  expect(rig.isHolding).toBe(true);
  rig.after(100);
  expect(rig.hosts).toEqual(['a', 'b', 'c']);
  expect(rig.writer).toBe('a');
  expect(rig.readers).toEqual(['b', 'c']);
  expect(rig.isHolding).toBe(false);
  expect(rig.control.topology()[0]?.servers.map(({ member }) => member)).toEqual(['a', 'b', 'c']);
});

test('a seed that is the address of a member is asked once, and serves', () => {
  const rig = new MembersRig(['a', 'b'], {
    entry: foundEntry({ servers: [{ host: 'b', port: 5432 }] }),
  });
  rig.after(100);
  expect(rig.writer).toBe('a');
  expect(rig.readers).toEqual(['b']);
  expect(rig.world.probed).toBe(2);
});

test('as long as no seed answers its reason is shown, and a later answer is soon enough', () => {
  const rig = new MembersRig(['a', 'b']);
  rig.world.member('a').isAlive = false;
  rig.after(5_000);
  expect(rig.outOfService(SEED.host)).toBe('down: refused');
  expect(rig.isHolding).toBe(true);
  rig.world.member('a').isAlive = true;
  rig.after(2_000);
  expect(rig.writer).toBe('a');
});

test('readers come and go', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  const { epoch } = rig;
  rig.world.add('c', ['a', 'b', 'c'], 'a');
  rig.world.all(['a', 'b', 'c']);
  rig.after(1_200);
  expect(rig.readers).toEqual(['b', 'c']);
  rig.world.member('b').isAlive = false;
  rig.world.all(['a', 'c']);
  rig.after(1_200);
  expect(rig.hosts).toEqual(['a', 'c']);
  expect(rig.readers).toEqual(['c']);
  expect(rig.epoch).toBe(epoch);
  expect(rig.world.probed).toBe(3);
});

test('a reader becomes the writer: work waits until then, and the epoch grows', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  const { epoch = 0 } = rig;
  rig.world.member('a').isAlive = false;
  rig.after(1_500);
  expect(rig.writer).toBeUndefined();
  expect(rig.isHolding).toBe(true);
  rig.world.failOver('b');
  rig.after(300);
  expect(rig.writer).toBe('b');
  expect(rig.epoch).toBe(epoch + 1);
  Object.assign(rig.world.member('a'), { isAlive: true, writes: false, believes: 'b' });
  rig.after(1_500);
  expect(rig.readers).toEqual(['a', 'c']);
});

test('two that can be reached say that they write: nobody is the writer until one does not', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  rig.world.member('b').writes = true;
  rig.after(600);
  expect(rig.writer).toBeUndefined();
  expect(rig.isHolding).toBe(true);
  expect(rig.alarms[0]).toMatch(/a:5432 and b:5432 claim to be primary/);
  rig.world.failOver('b');
  rig.after(600);
  expect(rig.writer).toBe('b');
  expect(rig.alarms).toEqual([]);
});

test('a ban decides between two', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  rig.world.member('b').writes = true;
  rig.after(600);
  expect(rig.control.ban('a')).toMatchObject({ kind: 'done' });
  rig.after(600);
  expect(rig.writer).toBe('b');
});

test('a writer of old is not believed while another member hears from a third one as the writer', () => {
  const rig = new MembersRig(['a', 'b', 'c']);
  // Started beside an old writer, a; the real one, c, cannot be reached from here, but b hears from it.
  rig.world.member('c').isCut = true;
  rig.world.member('b').believes = 'c';
  // What b has heard is from before anybody had asked a: nobody has seen a begin.
  rig.world.member('b').ageMs = 900;
  const writers: (string | undefined)[] = [];
  rig.control.subscribe(() => writers.push(rig.writer));
  rig.after(3_000);
  expect(new Set(writers)).toEqual(new Set([undefined]));
  expect(rig.writer).toBeUndefined();
  expect(rig.isHolding).toBe(true);
  expect(rig.alarms[0]).toMatch(/a:5432 claims to be primary, but b:5432 hears from c/);
  // What b says of c grows old: c is not there any more.
  rig.world.member('b').ageMs = 60_000;
  rig.after(1_000);
  expect(rig.writer).toBe('a');
});

test('a member that is not in recovery, and does not list itself as the writer, is none', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  const { lists } = rig.world.member('b');
  rig.world.member('a').isAlive = false;
  Object.assign(rig.world.member('b'), { writes: true, lists: ['a'] });
  rig.after(3_000);
  expect(rig.writer).toBeUndefined();
  expect(rig.outOfService('b')).toBe('is not in recovery, but does not list itself as the writer');
  rig.world.member('b').lists = lists;
  rig.after(1_000);
  expect(rig.writer).toBe('b');
});

test('whoever answers under the name of a member and is another one is a stranger', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  rig.world.member('b').answersAs = 'x';
  rig.after(1_200);
  expect(rig.readers).toEqual([]);
  expect(rig.outOfService('b')).toBe('answers as x, and is not b');
  expect(rig.alarms[0]).toMatch(/b:5432 answers as x, and is not b: it is never used/);
});

test('an instance of another cluster that has got the name of a member brings none of its own', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  // All are lost, and a name is given to an instance of a cluster with a writer of its own.
  for (const name of ['a', 'c']) rig.world.member(name).isAlive = false;
  rig.world.add('w', ['b', 'w'], 'w');
  Object.assign(rig.world.member('b'), { lists: ['b', 'w'], believes: 'w' });
  rig.after(20_000);
  expect(rig.writer).toBeUndefined();
  expect(rig.hosts).toEqual(['a', 'b', 'c']);
  expect(rig.outOfService('b')).toBe('answers as a member of another cluster');
});

test('all members are lost and replaced by others: the seed tells of them', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  for (const name of ['a', 'b']) rig.world.member(name).isAlive = false;
  rig.after(20_000);
  expect(rig.hosts).toEqual(['a', 'b']);
  for (const name of ['x', 'y']) rig.world.add(name, ['x', 'y'], 'x');
  rig.world.seedLeadsTo = 'x';
  rig.after(5_000);
  expect(rig.hosts).toEqual(['x', 'y']);
  expect(rig.writer).toBe('x');
});

test('how far a reader is behind: what it says and what the writer says, whichever is more', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  expect(rig.lagMs('a')).toBeUndefined();
  expect(rig.lagMs('b')).toBe(5);
  rig.world.member('b').lagMs = 700;
  rig.after(600);
  expect(rig.lagMs('b')).toBe(700);
  Object.assign(rig.world.member('a'), { lagMs: 900 });
  rig.after(600);
  expect(rig.lagMs('b')).toBe(900);
  // The writer has not heard from it for long, whatever the last thing was.
  rig.world.member('a').ageMs = 30_000;
  rig.after(600);
  expect(rig.lagMs('b')).toBe(30_000);
});

test('a reload with another seed of the same cluster keeps what is known', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  const { epoch } = rig;
  const seeds = [SEED, { host: 'b', port: 5432 }];
  rig.control.reconfigure(CONTROL_DEFAULTS, [foundEntry({ servers: seeds })]);
  expect(rig.writer).toBe('a');
  expect(rig.epoch).toBe(epoch);
  rig.control.reconfigure(CONTROL_DEFAULTS, [foundEntry({ servers: [seeds[1] ?? SEED] })]);
  rig.after(600);
  expect(rig.writer).toBe('a');
  expect(rig.epoch).toBe(epoch);
  expect(rig.world.probed).toBe(2);
});

test('a reload to members that are found in another way begins anew, in a later epoch', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  const { epoch = 0 } = rig;
  const source = memberSource({ key: 'others' });
  rig.control.reconfigure(CONTROL_DEFAULTS, [foundEntry({ source })]);
  expect(rig.writer).toBeUndefined();
  rig.after(300);
  expect(rig.writer).toBe('a');
  expect(rig.epoch).toBeGreaterThan(epoch);
});

test('SWITCHOVER says who hands over instead, and nobody is promoted from here', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  expect(rig.control.planSwitchover(FOUND, 'b')).toEqual({
    kind: 'refused',
    reason: 'it hands over by itself',
  });
  expect(rig.control.promotionClusters()).toEqual([]);
});

test('nothing is left when it is closed', () => {
  const rig = new MembersRig(['a', 'b']).after(200);
  rig.control.close();
  expect(rig.world.probed).toBe(0);
  expect(rig.clock.pending).toBe(0);
});

test('a ban holds for a member that is not listed for a while', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  rig.control.ban('b');
  rig.world.member('b').isAlive = false;
  rig.world.all(['a', 'c']);
  rig.after(1_200);
  expect(rig.hosts).toEqual(['a', 'c']);
  rig.world.member('b').isAlive = true;
  rig.world.all(['a', 'b', 'c']);
  rig.after(1_200);
  expect(rig.outOfService('b')).toBe('banned by an operator');
  rig.control.unban('b');
  rig.after(1_200);
  expect(rig.readers).toEqual(['b', 'c']);
});

/** Plays on, while what c says of a, which was lost at `lostAtMs`, grows older. @returns for how long */
function untilWriter(rig: MembersRig, name: string, lostAtMs: number): number {
  const fromMs = rig.clock.nowMs();
  while (rig.writer !== name && rig.clock.nowMs() - fromMs < 20_000) {
    rig.world.member('c').ageMs = rig.clock.nowMs() - lostAtMs;
    rig.after(10);
  }
  return rig.clock.nowMs() - fromMs;
}

test('a new writer does not wait for a reader to forget the one that died', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  rig.world.member('a').isAlive = false;
  const lostAtMs = rig.clock.nowMs();
  rig.after(400);
  Object.assign(rig.world.member('b'), { writes: true, believes: 'b' });
  expect(untilWriter(rig, 'b', lostAtMs)).toBeLessThanOrEqual(300);
});

test('a new writer does not wait for the word of a reader that is being started', () => {
  const rig = new MembersRig(['a', 'b', 'c']);
  // All were there when a was lost, but nobody has seen b begin.
  Object.assign(rig.world.member('b'), { writes: true, believes: 'b' });
  rig.world.member('a').isAlive = false;
  rig.world.seedLeadsTo = 'b';
  rig.after(100);
  expect(rig.writer).toBeUndefined();
  rig.world.member('c').turnsAway = 'starting';
  rig.after(1_500);
  expect(rig.writer).toBe('b');
});

test('the old writer restarts after it has handed over: no second one, and no alarm', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  rig.world.member('a').turnsAway = 'starting';
  // Its connections are lost first, so the first probe meets it as it starts.
  rig.control.noticed({ host: 'a', port: 5432 }, 'terminated');
  rig.after(200);
  expect(rig.world.member('a').told).toMatchObject({ isStarting: true });
  for (const name of ['b', 'c']) rig.world.member(name).believes = 'b';
  rig.world.member('b').writes = true;
  rig.after(300);
  expect(rig.alarms).toEqual([]);
  expect(rig.writer).toBe('b');
  Object.assign(rig.world.member('a'), { turnsAway: undefined, writes: false, believes: 'b' });
  rig.after(1_500);
  expect(rig.readers).toEqual(['a', 'c']);
});

test('a writer that only has no room for a probe keeps another one out', () => {
  const rig = new MembersRig(['a', 'b', 'c']).after(200);
  rig.world.member('a').turnsAway = 'full';
  rig.world.member('b').writes = true;
  rig.after(3_000);
  expect(rig.writer).toBeUndefined();
});
