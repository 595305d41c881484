import type { DatabaseName, ServerEndpoint, TopologySnapshot } from '@pgweir/pooler';
import type { FakeServer } from '../kit/fake-world';

/** What the oracle may look at: the truth, and not what the code under test makes of it. */
export interface Truth {
  readonly server: (host: string) => FakeServer;
  /** Hosts in the list, and of these the banned ones. */
  readonly listed: () => readonly string[];
  readonly banned: ReadonlySet<string>;
  /** Whom the source has confirmed lately. */
  readonly confirmed: () => string | undefined;
  /** A planned switchover is under way, so work waits although there is a primary. */
  readonly isSwitching: () => boolean;
}

/** Who was primary last, and the highest timeline on which it was that. */
interface Accepted {
  readonly host: string;
  readonly timeline: number;
}

/**
 * Follows one database through its snapshots, knows what each server said last, and throws when a
 * snapshot says what it must not.
 */
export class Oracle {
  readonly #truth: Truth;
  readonly #database: DatabaseName;
  #generation: number | undefined;
  #epoch = 0;
  #systemIdentifier: string | undefined;
  #accepted: Accepted | undefined;
  /** How often another server became primary. */
  successions = 0;

  constructor(database: DatabaseName, truth: Truth) {
    this.#database = database;
    this.#truth = truth;
  }

  get accepted(): Accepted | undefined {
    return this.#accepted;
  }

  get systemIdentifier(): string | undefined {
    return this.#systemIdentifier;
  }

  /** The list is another one: without the accepted primary nothing binds any more. */
  listChanged(): void {
    if (this.#accepted === undefined) return;
    if (this.#truth.listed().includes(this.#accepted.host)) return;
    this.#accepted = undefined;
    this.#systemIdentifier = undefined;
  }

  /** A snapshot that was just published. */
  published(snapshot: TopologySnapshot): void {
    const { generation } = snapshot;
    const expected = this.#generation === undefined ? generation : this.#generation + 1;
    must(generation === expected, `generation ${generation} after ${this.#generation}`);
    this.#generation = generation;
    this.check(snapshot);
  }

  /** The snapshot that holds now, also if nothing was published: something may have had to be. */
  check(snapshot: TopologySnapshot): void {
    const roles = snapshot.roles.get(this.#database);
    const epoch = roles?.epoch ?? 0;
    must(epoch >= this.#epoch, `epoch ${epoch} after ${this.#epoch}`);
    const servers = snapshot.servers.get(this.#database) ?? [];
    const primaries = servers.filter(({ role }) => role === 'primary');
    must(primaries.length <= 1, `${primaries.length} primaries in one snapshot`);
    const [primary] = primaries;
    if (primary !== undefined) this.#checkPrimary(primary, epoch);
    else if (epoch > this.#epoch) this.#acceptRise();
    for (const server of servers) if (server.outOfService === undefined) this.#checkServer(server);
    if (primary !== undefined && primary.outOfService === undefined && !this.#truth.isSwitching()) {
      must(roles?.holding === false, 'work waits although there is a primary');
    }
    this.#epoch = epoch;
  }

  /** Its last answer must allow it to be primary, whatever happened to it since. */
  #checkPrimary({ host }: ServerEndpoint, epoch: number): void {
    const { told, lastSeen } = this.#truth.server(host);
    must(lastSeen !== undefined, `${host} is primary and was never seen`);
    const { inRecovery, systemIdentifier } = lastSeen;
    const timeline = lastSeen.timeline ?? 0;
    must(!inRecovery, `${host} is primary and said that it is a replica`);
    must(!this.#truth.banned.has(host), `${host} is primary and banned`);
    const before = this.#accepted;
    if (before?.host !== host) {
      must(told?.kind === 'seen', `${host} became primary without an answer`);
      this.#checkSuccession(host, timeline, before);
      must(epoch > this.#epoch, `${host} became primary in the epoch of ${before?.host}`);
      if (before !== undefined) this.successions++;
    } else {
      must(
        timeline >= before.timeline,
        `${host} is primary on ${timeline} after ${before.timeline}`,
      );
    }
    this.#systemIdentifier ??= systemIdentifier;
    must(systemIdentifier === this.#systemIdentifier, `${host} is of another system`);
    this.#accepted = { host, timeline };
    this.#checkNobodyIsAhead(host, timeline);
  }

  /**
   * The epoch grows without a primary in service only when the accepted one has answered as primary of a
   * higher timeline, and still has to prove itself. From then on that timeline binds, whatever becomes of
   * the server: it may be a replica again, on yet another timeline, before it is in service.
   */
  #acceptRise(): void {
    // Nobody was accepted since the list has changed: databases begin another epoch then.
    if (this.#accepted === undefined) return;
    const { host, timeline } = this.#accepted;
    const { lastSeen } = this.#truth.server(host);
    must(lastSeen?.inRecovery === false, `the epoch grew, but ${host} is not primary`);
    const { systemIdentifier } = lastSeen;
    must(systemIdentifier === this.#systemIdentifier, `${host} has risen in another system`);
    const risen = lastSeen.timeline ?? 0;
    must(risen > timeline, `the epoch grew, but ${host} is on ${risen} after ${timeline}`);
    this.#accepted = { host, timeline: risen };
  }

  #checkSuccession(host: string, timeline: number, before: Accepted | undefined): void {
    if (before === undefined) {
      for (const listed of this.#truth.listed()) {
        const { told } = this.#truth.server(listed);
        must(told !== undefined, `${host} became the first primary, but ${listed} was not asked`);
      }
      return;
    }
    const isConfirmed = this.#truth.confirmed() === host;
    const isAhead = isConfirmed ? timeline >= before.timeline : timeline > before.timeline;
    must(isAhead, `${host} on ${timeline} took over from ${before.host} on ${before.timeline}`);
    const { told } = this.#truth.server(before.host);
    const isGone =
      told?.kind !== 'seen' || told.observation.inRecovery || this.#truth.banned.has(before.host);
    const isOther =
      told?.kind === 'seen' && told.observation.systemIdentifier !== this.#systemIdentifier;
    must(isGone || isOther || isConfirmed, `${host} took over from ${before.host}, which is there`);
  }

  /** Of those that answered last time, none is on a higher timeline of the same system. */
  #checkNobodyIsAhead(host: string, timeline: number): void {
    for (const other of this.#truth.listed()) {
      const { told } = this.#truth.server(other);
      if (told?.kind !== 'seen' || this.#truth.banned.has(other) || other === host) continue;
      const { observation } = told;
      if (observation.systemIdentifier !== this.#systemIdentifier) continue;
      const ahead = observation.timeline ?? 0;
      must(ahead <= timeline, `${host} is primary on ${timeline}, ${other} is on ${ahead}`);
    }
  }

  #checkServer({ host, role }: ServerEndpoint): void {
    must(role !== 'unknown', `${host} is in service in no role`);
    must(!this.#truth.banned.has(host), `${host} is in service and banned`);
    const seen = this.#truth.server(host).lastSeen;
    must(seen !== undefined, `${host} is in service and was never seen`);
    if (this.#systemIdentifier !== undefined) {
      must(seen.systemIdentifier === this.#systemIdentifier, `${host} is of another system`);
    }
    if (role !== 'replica') return;
    must(seen.inRecovery, `${host} is in service as replica, and said that it is primary`);
    if (this.#accepted === undefined || seen.timeline === undefined) return;
    const { timeline } = this.#accepted;
    must(
      seen.timeline === timeline,
      `${host} is in service on timeline ${seen.timeline}, not ${timeline}`,
    );
  }
}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
