import type { Clock, Logger, Resolver } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import type {
  SwitchoverAnswer,
  SwitchoverMaker,
  TopologyClaim,
  TopologyClaims,
} from '../ports/topology-claims';
import type { TlsOptions } from '../probe/probe-connection';
import { type HttpAnswer, HttpPeer } from './http-peer';
import { claimOf, isSameAddress, type NodeAnswer, type PatroniClaim } from './patroni-claim';
import { PatroniNode } from './patroni-node';

/** Of what Patroni answers, in a reason. */
const REASON_CHARS_MAX = 200;

export interface PatroniNeeds {
  /** The REST API of every member, perhaps with a login: who is not listed cannot be believed to lead. */
  readonly urls: readonly URL[];
  readonly tls: TlsOptions | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolver?: Resolver;
  /** Between two questions to one member. Default 1000. */
  readonly periodMs?: number;
  /** For one answer. Default 1000. */
  readonly timeoutMs?: number;
}

/** A cluster that Patroni manages, by what its members' REST APIs say. */
export class PatroniClaims implements TopologyClaims, SwitchoverMaker {
  readonly #log: Logger;
  readonly #nodes: readonly PatroniNode[];
  readonly #answers: NodeAnswer[];
  readonly #problems: (string | undefined)[];
  #known: PatroniClaim | undefined;
  #changed: (() => void) | undefined;

  constructor({ urls, tls, clock, log, resolver, ...pace }: PatroniNeeds) {
    this.#log = log;
    this.#answers = urls.map(() => ({ kind: 'silent' }));
    this.#problems = urls.map(() => undefined);
    const { periodMs = 1000, timeoutMs = 1000 } = pace;
    this.#nodes = urls.map(
      (url, index) =>
        new PatroniNode({
          peer: new HttpPeer({ url, tls, clock, resolver }),
          ...{ clock, periodMs, timeoutMs },
          answered: (answer, problem) => this.#answered(index, answer, problem),
        }),
    );
  }

  get current(): TopologyClaim | undefined {
    return this.#known?.claim;
  }

  get switchovers(): SwitchoverMaker {
    return this;
  }

  start(changed: () => void): void {
    this.#changed = changed;
    for (const node of this.#nodes) node.start();
  }

  recheck(): void {
    for (const node of this.#nodes) node.recheck();
  }

  close(): void {
    this.#changed = undefined;
    for (const node of this.#nodes) node.close();
  }

  /**
   * Asks Patroni to make the member at `to` the leader instead of the one that leads now. It may take
   * as long as a failover, which is what `deadlineMs` bounds. Never rejects.
   */
  async switchover(to: ServerAddress, deadlineMs: number): Promise<SwitchoverAnswer> {
    const parties = this.#parties(to);
    if (parties.kind === 'refused') return parties;
    const { leader, candidate } = parties;
    // The leader's own Patroni first; any other one does as well when that cannot be reached.
    const led = this.#known?.ledBy;
    const order = this.#nodes.filter((_, index) => index !== led);
    const first = led === undefined ? undefined : this.#nodes[led];
    let answer: HttpAnswer | undefined;
    for (const { peer } of first === undefined ? order : [first, ...order]) {
      const question = { method: 'POST', path: 'switchover', deadlineMs } as const;
      const json = { leader, candidate };
      answer = await new Promise<HttpAnswer>((done) => peer.ask({ ...question, json }, done));
      if (answer.kind === 'answered' || answer.wasConnected) break;
    }
    this.recheck();
    return answer === undefined ? refused('no Patroni is known') : switchoverAnswerOf(answer);
  }

  switchoverObstacle(to: ServerAddress): string | undefined {
    const parties = this.#parties(to);
    return parties.kind === 'refused' ? parties.reason : undefined;
  }

  /** What Patroni calls the two servers. */
  #parties(to: ServerAddress): Parties | Refusal {
    const claim = this.current;
    const nameOf = (address: ServerAddress | undefined): string | undefined =>
      claim?.members.find((member) => isSameAddress(member.address, address))?.name;
    const [leader, candidate] = [nameOf(claim?.leader), nameOf(to)];
    if (leader === undefined) return refused('Patroni has no leader at the moment');
    if (candidate === undefined) {
      return refused(`Patroni has no member with the address ${to.host}:${to.port}`);
    }
    if (candidate === leader) return refused(`${to.host}:${to.port} is the leader already`);
    return { kind: 'known', leader, candidate };
  }

  #answered(index: number, answer: NodeAnswer, problem: string | undefined): void {
    this.#note(index, problem);
    this.#answers[index] = answer;
    const known = claimOf(this.#answers, this.#known);
    if (known === this.#known || known === undefined) return;
    this.#known = known;
    this.#changed?.();
  }

  #note(index: number, problem: string | undefined): void {
    const before = this.#problems[index];
    this.#problems[index] = problem;
    const patroni = this.#nodes[index]?.peer.name;
    if (problem !== undefined && before === undefined) {
      this.#log.warn('Patroni does not answer', { patroni, reason: problem });
    } else if (problem === undefined && before !== undefined) {
      this.#log.info('Patroni answers again', { patroni });
    }
  }
}

function switchoverAnswerOf(answer: HttpAnswer): SwitchoverAnswer {
  if (answer.kind === 'failed') {
    const { reason, wasConnected } = answer;
    return wasConnected ? { kind: 'unknown', reason } : refused(reason);
  }
  const { status, body } = answer;
  if (status === 200) return { kind: 'done' };
  const said = body
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, REASON_CHARS_MAX);
  const reason = `Patroni says ${status}${said === '' ? '' : `: ${said}`}`;
  // 503 is also its answer when it has stopped waiting, and a proxy's when it has.
  return status >= 500 ? { kind: 'unknown', reason } : refused(reason);
}

type Refusal = Extract<SwitchoverAnswer, { readonly kind: 'refused' }>;

interface Parties {
  readonly kind: 'known';
  readonly leader: string;
  readonly candidate: string;
}

function refused(reason: string): Refusal {
  return { kind: 'refused', reason };
}
