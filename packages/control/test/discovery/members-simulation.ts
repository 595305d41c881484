import type { TopologySnapshot } from '@pgweir/pooler';
import { CONTROL_DEFAULTS } from '../../src/settings';
import type { FakeMember } from '../kit/fake-members';
import { SEED } from '../kit/fake-members';
import { FOUND, foundEntry, MembersRig } from '../kit/members-rig';
import { must } from '../simulation/oracle';

/** What may happen. `who` chooses a member, `by` among the ways. */
export interface Happening {
  readonly what: (typeof HAPPENINGS)[number];
  readonly who: number;
  readonly by: number;
  /** How much time passes afterwards. */
  readonly afterMs: number;
}

export const HAPPENINGS = [
  ...(['nothing', 'kill', 'start', 'cut', 'heal', 'fail over', 'claim', 'give up'] as const),
  ...(['add', 'remove', 'stale', 'believe', 'age', 'masquerade', 'seed', 'lag'] as const),
  ...(['ban', 'unban', 'evidence', 'reload', 'starting', 'full'] as const),
] as const;

const EVIDENCE = ['refused', 'terminated', 'read-only', 'lost'] as const;
const NAMES = ['a', 'b', 'c'];
/** A server that flaps proves itself by 32 probes at the usual pace; then there is room to spare. */
const SETTLES_WITHIN_MS = 25_000;
const MEMBERS_MAX = 6;

/** Instances that tell of each other, one control, and what must hold after each step. */
export class MembersSimulation {
  readonly rig: MembersRig;
  /** How often another member became the writer. */
  successions = 0;
  readonly #banned = new Set<string>();
  #epoch = 0;
  #writer: string | undefined;
  #made = 0;
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.rig = new MembersRig(NAMES, { random: () => this.#random() });
    this.rig.control.subscribe((snapshot) => this.#check(snapshot));
  }

  happen({ what, who, by, afterMs }: Happening): void {
    this.#change(what, this.#pick(who), by);
    this.#pass(afterMs);
  }

  /** Whatever has happened: once the members agree and can be reached, they serve as they should. */
  settle(choice: number): void {
    const { world, control } = this.rig;
    const names = [...world.members.keys()];
    const writer = this.#pick(choice).name;
    for (const member of world.members.values()) {
      Object.assign(member, { isAlive: true, isCut: false, answersAs: undefined, ageMs: 10 });
      member.turnsAway = undefined;
      Object.assign(member, { lists: names, believes: writer, writes: member.name === writer });
    }
    world.seedLeadsTo = writer;
    const wanted = names.filter((name) => name !== writer).sort();
    const isSo = (): boolean =>
      this.rig.writer === writer &&
      this.rig.isHolding === false &&
      [...this.rig.readers].sort().join() === wanted.join();
    for (let passedMs = 0; !isSo(); passedMs += 50) {
      for (const name of this.#banned) this.#setBanned(name, false);
      must(passedMs <= SETTLES_WITHIN_MS, `${writer} does not serve with ${wanted.join()}`);
      this.#pass(50);
    }
    control.close();
    must(this.rig.clock.pending === 0, 'a timer is left');
    must(world.probed === 0, 'a probe is left');
  }

  #change(what: Happening['what'], member: FakeMember, by: number): void {
    const { world, control } = this.rig;
    const { name } = member;
    const others = [...world.members.keys()];
    const changes: Readonly<Record<Happening['what'], () => void>> = {
      nothing: () => undefined,
      kill: () => Object.assign(member, { isAlive: false }),
      start: () => Object.assign(member, { isAlive: true, writes: by % 3 === 0 && member.writes }),
      cut: () => Object.assign(member, { isCut: true }),
      heal: () => Object.assign(member, { isCut: false, turnsAway: undefined }),
      starting: () => this.#startAnew(member),
      full: () => Object.assign(member, { turnsAway: 'full' }),
      'fail over': () => {
        if (by % 2 === 0) this.#kill(this.rig.writer);
        this.#pass(by % 700);
        world.failOver(name);
      },
      claim: () => Object.assign(member, { writes: true }),
      'give up': () => Object.assign(member, { writes: false }),
      add: () => this.#add(),
      remove: () => this.#remove(member),
      stale: () => Object.assign(member, { lists: others.filter((_, at) => (by >> at) % 2 === 0) }),
      believe: () => Object.assign(member, { believes: others[by % others.length] }),
      age: () => Object.assign(member, { ageMs: [1, 3_000, 8_000, 400_000][by % 4] }),
      masquerade: () => Object.assign(member, { answersAs: by % 2 === 0 ? 'x' : undefined }),
      seed: () => Object.assign(world, { seedLeadsTo: name }),
      lag: () => Object.assign(member, { lagMs: by * 10 }),
      ban: () => this.#setBanned(name, true),
      unban: () => this.#setBanned(name, false),
      evidence: () => control.noticed({ host: name, port: 5432 }, EVIDENCE[by % 4] ?? 'lost'),
      reload: () => this.#reload(name, by),
    };
    changes[what]();
  }

  /** Its connections end first: the daemon hears of that, or not. */
  #startAnew(member: FakeMember): void {
    member.turnsAway = 'starting';
    this.rig.control.noticed({ host: member.name, port: 5432 }, 'terminated');
  }

  #kill(name: string | undefined): void {
    const member = name === undefined ? undefined : this.rig.world.members.get(name);
    if (member !== undefined) member.isAlive = false;
  }

  #add(): void {
    const { world } = this.rig;
    if (world.members.size >= MEMBERS_MAX) return;
    const name = `n${this.#made++}`;
    const writer = [...world.members.values()].find(({ writes }) => writes)?.name ?? '';
    const names = [...world.members.keys(), name];
    world.add(name, names, writer);
    for (const member of world.members.values()) if (member.isAlive) member.lists = names;
  }

  #remove({ name }: FakeMember): void {
    const { world } = this.rig;
    if (world.members.size < 2) return;
    world.members.delete(name);
    if (world.seedLeadsTo === name) world.seedLeadsTo = this.#pick(0).name;
    for (const member of world.members.values()) {
      if (member.isAlive) member.lists = member.lists.filter((each) => each !== name);
    }
  }

  #setBanned(name: string, banned: boolean): void {
    const { control } = this.rig;
    const known = this.rig.hosts.includes(name) && name !== SEED.host;
    // What follows is published within the call.
    if (known && banned) this.#banned.add(name);
    if (known && !banned) this.#banned.delete(name);
    if (banned) control.ban(name);
    else control.unban(name);
  }

  #reload(name: string, by: number): void {
    const seeds = [[SEED], [SEED, { host: name, port: 5432 }]][by % 2] ?? [SEED];
    this.rig.control.reconfigure(CONTROL_DEFAULTS, [foundEntry({ servers: seeds })]);
  }

  #pass(ms: number): void {
    for (let left = ms; left > 0; left -= 50) {
      this.rig.after(Math.min(50, left));
      this.#check(this.rig.control.current);
    }
  }

  #check(snapshot: TopologySnapshot): void {
    const servers = snapshot.servers.get(FOUND) ?? [];
    const { epoch = 0, holding } = snapshot.roles.get(FOUND) ?? {};
    must(epoch >= this.#epoch, `epoch ${epoch} after ${this.#epoch}`);
    const writers = servers.filter(({ role }) => role === 'primary');
    must(writers.length <= 1, `${writers.length} writers in one snapshot`);
    const [writer] = writers;
    if (writer !== undefined) {
      must(
        !holding === (writer.outOfService === undefined),
        'work waits although there is a writer',
      );
      const isOther = this.#writer !== undefined && this.#writer !== writer.host;
      must(!isOther || epoch > this.#epoch, `${writer.host} after ${this.#writer} in one epoch`);
      if (isOther) this.successions++;
      this.#writer = writer.host;
      this.#checkWriter(writer.host);
    }
    this.#epoch = epoch;
    for (const { host, role, outOfService } of servers) {
      if (outOfService === undefined) this.#checkServing(host, role);
    }
  }

  #checkWriter(host: string): void {
    const { members } = this.rig.world;
    const member = members.get(host);
    // It was removed a moment ago, and nobody has asked since then.
    if (member === undefined) return;
    must(claims(member), `${host} is the writer and does not claim it`);
    for (const rival of members.values()) {
      if (rival === member || this.#banned.has(rival.name)) continue;
      if (!this.rig.hosts.includes(rival.name) || rival.told?.kind !== 'seen') continue;
      if (this.#isStranger(rival)) continue;
      must(!claims(rival), `${host} is the writer, and ${rival.name} claims it, too`);
    }
  }

  /** What a stranger says does not count, and an alarm says so. */
  #isStranger({ name }: FakeMember): boolean {
    return this.rig.alarms.some((text) => text.startsWith(`${name}:5432 answers as `));
  }

  #checkServing(host: string, role: string): void {
    const member = this.rig.world.members.get(host);
    must(role !== 'unknown', `${host} is in service in no role`);
    must(!this.#banned.has(host), `${host} is in service and banned`);
    if (member === undefined) return;
    const { lastSeen } = member;
    must(lastSeen?.view?.self === host, `${host} is in service and answers as another one`);
    if (role === 'replica')
      must(lastSeen.inRecovery, `${host} is a reader and has said that it writes`);
  }

  #pick(choice: number): FakeMember {
    const all = [...this.rig.world.members.values()];
    const picked = all[choice % all.length];
    must(picked !== undefined, 'there is something to choose from');
    return picked;
  }

  /** A linear congruential generator: the same seed, the same jitter. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

/** By what it has said last: not in recovery, under its name, and listed by itself as the writer. */
function claims({ name, lastSeen }: FakeMember): boolean {
  const view = lastSeen?.view;
  if (lastSeen === undefined || lastSeen.inRecovery || view?.self !== name) return false;
  return view.members.some((member) => member.name === name && member.isWriter);
}
