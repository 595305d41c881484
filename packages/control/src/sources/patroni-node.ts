import type { Clock } from '@pgweir/pooler';
import type { HttpAnswer, HttpPeer } from './http-peer';
import { type ClusterView, readCluster, readNode } from './patroni-answers';
import type { NodeAnswer } from './patroni-claim';

/** Between the beginnings of two rounds, however often somebody wants one. */
const GAP_MS = 50;

export interface PatroniNodeNeeds {
  readonly peer: HttpPeer;
  readonly clock: Clock;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Called after each round; `problem`: why the node is of no use. */
  readonly answered: (answer: NodeAnswer, problem: string | undefined) => void;
}

interface Asking {
  readonly atMs: number;
  readonly wallMs: number;
}

type Phase =
  | { readonly kind: 'resting'; readonly stopTimer: () => void }
  | { readonly kind: 'asking'; readonly giveUp: () => void; again: boolean }
  | { readonly kind: 'closed' };

/** Asks one Patroni again and again whether it leads, and who is in the cluster. */
export class PatroniNode {
  readonly #needs: PatroniNodeNeeds;
  #phase: Phase = { kind: 'resting', stopTimer: () => undefined };
  #startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(needs: PatroniNodeNeeds) {
    this.#needs = needs;
  }

  get peer(): HttpPeer {
    return this.#needs.peer;
  }

  start(): void {
    if (this.#phase.kind === 'resting') this.#rest(0);
  }

  /** Asks at once, or once more as soon as the answer to what is asked now has come. */
  recheck(): void {
    if (this.#phase.kind === 'asking') this.#phase.again = true;
    else if (this.#phase.kind === 'resting') {
      this.#phase.stopTimer();
      this.#rest(0);
    }
  }

  close(): void {
    const phase = this.#phase;
    this.#phase = { kind: 'closed' };
    if (phase.kind === 'resting') phase.stopTimer();
    else if (phase.kind === 'asking') phase.giveUp();
  }

  #rest(delayMs: number): void {
    const { clock } = this.#needs;
    const soonestMs = this.#startedAtMs + GAP_MS - clock.nowMs();
    const stopTimer = clock.after(Math.max(delayMs, soonestMs, 0), () => this.#ask());
    this.#phase = { kind: 'resting', stopTimer };
  }

  #ask(): void {
    const { peer, clock, timeoutMs } = this.#needs;
    const asking: Asking = { atMs: clock.nowMs(), wallMs: clock.wallMs() };
    this.#startedAtMs = asking.atMs;
    const answers: { primary?: HttpAnswer; cluster?: HttpAnswer } = {};
    const ask = (path: 'primary' | 'cluster'): (() => void) =>
      peer.ask({ method: 'GET', path, deadlineMs: timeoutMs }, (answer) => {
        answers[path] = answer;
        const { primary, cluster } = answers;
        if (primary === undefined || cluster === undefined) return;
        this.#answered(asking, primary, cluster);
      });
    const giveUps = [ask('primary'), ask('cluster')];
    const giveUp = (): void => {
      for (const stop of giveUps) stop();
    };
    this.#phase = { kind: 'asking', giveUp, again: false };
  }

  #answered(asking: Asking, primary: HttpAnswer, list: HttpAnswer): void {
    const wasAsking = this.#phase;
    if (wasAsking.kind !== 'asking') return;
    this.#rest(wasAsking.again ? 0 : this.#needs.periodMs);
    const problem = problemOf('primary', primary, [200, 503]);
    if (problem !== undefined || primary.kind === 'failed') {
      this.#needs.answered({ kind: 'silent' }, problem);
      return;
    }
    const answer: NodeAnswer = {
      ...{ kind: 'answered', askedAtMs: asking.atMs, leads: primary.status === 200 },
      clockAheadMs: clockAhead(primary.dateMs, asking.wallMs, this.#needs.clock.wallMs()),
      node: readNode(primary.body),
      cluster: clusterOf(list),
    };
    const isUseless = answer.cluster === undefined ? 'GET /cluster says nothing of use' : undefined;
    this.#needs.answered(answer, problemOf('cluster', list, [200]) ?? isUseless);
  }
}

/**
 * By how much a clock that said `dateMs`, without fractions of a second, between two moments of ours
 * differs from ours at least. Clocks that agree never differ by this.
 */
export function clockAhead(dateMs: number | undefined, fromMs: number, untilMs: number): number {
  if (dateMs === undefined) return 0;
  if (dateMs > untilMs) return dateMs - untilMs;
  return Math.min(0, dateMs + 1_000 - fromMs);
}

/** It is judged by its status, whatever the body is. */
function problemOf(
  path: string,
  answer: HttpAnswer,
  statuses: readonly number[],
): string | undefined {
  if (answer.kind === 'failed') return `GET /${path}: ${answer.reason}`;
  const { status } = answer;
  return statuses.includes(status) ? undefined : `GET /${path}: HTTP status ${status}`;
}

function clusterOf(answer: HttpAnswer): ClusterView | undefined {
  return answer.kind === 'answered' && answer.status === 200 ? readCluster(answer.body) : undefined;
}
