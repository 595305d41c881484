import type { Clock } from '@pgweir/pooler';
import type { Observation, ProbeResult, ServerAddress } from '../../src/observation';
import type { FoundCluster, ListedMember, MemberSource } from '../../src/ports/member-source';
import type { Prober, ServerProbe } from '../../src/ports/prober';
import { observation, SYSTEM } from './knowledge';

export const PORT = 5432;

/** The name of the cluster, which leads to whom a test says. */
export const SEED = { host: 'cluster', port: PORT };

/** A kind of cluster whose members share their storage. Fakes answer with views, so nothing is read. */
export function memberSource(changes: Partial<MemberSource> = {}): MemberSource {
  return {
    key: 'members',
    expression: 'SELECT 1',
    read: () => undefined,
    hasLog: false,
    whyNoSwitchover: 'it hands over by itself',
    ...changes,
  };
}

/** What an instance really is. Tests change it as they like. */
export interface FakeMember {
  readonly name: string;
  /** It takes writes, as far as it knows. */
  writes: boolean;
  isAlive: boolean;
  isCut: boolean;
  /** PostgreSQL turns everybody away: it is being started, or has no room. */
  turnsAway: 'starting' | 'full' | undefined;
  /** Whom it lists, and who of them it takes for the writer. */
  lists: readonly string[];
  believes: string;
  /** How old what it says of others is. */
  ageMs: number;
  lagMs: number;
  /** What it calls itself, where that is not its name. */
  answersAs: string | undefined;
  /** What the daemon was told last, and seen, when it asked at the member's own address. */
  told: ProbeResult | undefined;
  lastSeen: Observation | undefined;
}

/** Instances that tell of each other, and the prober that asks them. */
export class FakeMembers implements Prober {
  readonly members = new Map<string, FakeMember>();
  /** Whom the name of the cluster leads to. */
  seedLeadsTo: string;
  /** Asked with a source. */
  readonly asked: string[] = [];
  readonly #clock: Clock;
  readonly #open = new Set<FakeProbe>();

  /** The first one is the writer. */
  constructor(clock: Clock, names: readonly string[]) {
    this.#clock = clock;
    const [writer = ''] = names;
    this.seedLeadsTo = writer;
    for (const name of names) this.add(name, names, writer);
  }

  add(name: string, lists: readonly string[], believes: string): FakeMember {
    const member: FakeMember = {
      ...{ name, lists, believes, writes: name === believes, isAlive: true, isCut: false },
      ...{ ageMs: 10, lagMs: 5, answersAs: undefined, told: undefined, turnsAway: undefined },
      lastSeen: undefined,
    };
    this.members.set(name, member);
    return member;
  }

  member(name: string): FakeMember {
    const found = this.members.get(name);
    if (found === undefined) throw new Error(`there is no member ${name}`);
    return found;
  }

  /** Everybody lists these, and takes the first one for the writer. */
  all(lists: readonly string[]): void {
    for (const member of this.members.values()) {
      Object.assign(member, { lists, believes: lists[0] });
    }
  }

  /** `name` becomes the writer, and those that are alive hear of it. */
  failOver(name: string): void {
    for (const member of this.members.values()) {
      if (member.name !== name && member.isAlive && !member.isCut) member.writes = false;
      if (member.isAlive && !member.isCut) member.believes = name;
    }
    this.member(name).writes = true;
  }

  /** How many probes are open. */
  get probed(): number {
    return this.#open.size;
  }

  open(
    address: ServerAddress,
    _disturbed: (reason: string) => void,
    cluster?: () => FoundCluster | undefined,
  ): ServerProbe {
    if (cluster?.() === undefined) throw new Error('members are asked who they are');
    const probe: FakeProbe = new FakeProbe(address.host, this.#clock, {
      member: () => this.#at(address),
      closed: () => this.#open.delete(probe),
    });
    this.#open.add(probe);
    return probe;
  }

  #at({ host }: ServerAddress): FakeMember | undefined {
    return this.members.get(host === SEED.host ? this.seedLeadsTo : host);
  }
}

interface ProbeNeeds {
  readonly member: () => FakeMember | undefined;
  readonly closed: () => void;
}

class FakeProbe implements ServerProbe {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #needs: ProbeNeeds;
  #cancel: (() => void) | undefined;

  constructor(host: string, clock: Clock, needs: ProbeNeeds) {
    this.#host = host;
    this.#clock = clock;
    this.#needs = needs;
  }

  probe(deadlineMs: number, done: (result: ProbeResult) => void): void {
    const askedAtMs = this.#clock.nowMs();
    const isCut = this.#needs.member()?.isCut === true;
    this.#cancel = this.#clock.after(isCut ? deadlineMs : 1, () => {
      this.#cancel = undefined;
      const member = this.#needs.member();
      const result = resultOf(isCut ? undefined : member, askedAtMs, this.#clock.nowMs());
      if (member?.name === this.#host) {
        member.told = result;
        if (result.kind === 'seen') member.lastSeen = result.observation;
      }
      done(result);
    });
  }

  sample(): boolean {
    return false;
  }

  close(): void {
    this.#cancel?.();
    const member = this.#needs.member();
    if (member?.name === this.#host) {
      // Whoever asked does not wait any longer, and takes that for an answer, or has forgotten it.
      const gaveUp = this.#cancel !== undefined;
      const atMs = this.#clock.nowMs();
      const answer = { kind: 'failed', atMs, why: 'timeout', reason: 'given up' } as const;
      member.told = gaveUp ? answer : undefined;
    }
    this.#cancel = undefined;
    this.#needs.closed();
  }
}

/** `member`: undefined: nobody answers. */
function resultOf(member: FakeMember | undefined, askedAtMs: number, atMs: number): ProbeResult {
  if (member?.isAlive === true && !member.isCut && member.turnsAway !== undefined) {
    const isStarting = member.turnsAway === 'starting';
    return { kind: 'failed', atMs, why: 'busy', reason: member.turnsAway, isStarting };
  }
  if (member?.isAlive === true && !member.isCut) {
    return { kind: 'seen', observation: observed(member, askedAtMs, atMs) };
  }
  const why = member?.isAlive === false ? 'refused' : 'timeout';
  return { kind: 'failed', atMs, why, reason: why };
}

function observed(member: FakeMember, askedAtMs: number, answeredAtMs: number): Observation {
  const { name, writes, lists, believes, answersAs, ageMs, lagMs } = member;
  const self = answersAs ?? name;
  const members = lists.map((each): ListedMember => {
    const isSelf = each === name;
    return {
      name: each,
      address: { host: each, port: PORT },
      isWriter: isSelf ? writes : !writes && each === believes,
      lagMs: isSelf && writes ? undefined : lagMs,
      ageMs: isSelf ? undefined : ageMs,
    };
  });
  return observation({
    ...{ askedAtMs, answeredAtMs, systemIdentifier: SYSTEM, inRecovery: !writes, timeline: 1 },
    ...{ readOnly: !writes, view: { self, members } },
  });
}
