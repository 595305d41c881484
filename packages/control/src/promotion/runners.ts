import type { Clock } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import type { LogEnd, SwitchoverServer } from '../ports/switchover-server';
import { hasReached } from '../switchover/log-positions';
import { asked, type Polling } from '../switchover/polling';
import type { Candidate } from './loss';

/** A candidate that has told how much of the log it has. */
export interface Runner {
  readonly candidate: Candidate;
  readonly server: SwitchoverServer;
  readonly end: LogEnd;
}

interface RunnersNeeds {
  readonly candidates: readonly Candidate[];
  readonly open: (server: ServerAddress) => SwitchoverServer;
  readonly clock: Clock;
  readonly polling: Polling;
}

/** For one answer of a server that replays. */
const ANSWER_MS = 1_000;

/** All who may be promoted, asked together. */
export class Runners {
  readonly #needs: RunnersNeeds;
  readonly #entrants: readonly {
    readonly candidate: Candidate;
    readonly server: SwitchoverServer;
  }[];
  #answered: readonly Runner[] = [];
  #reasons: readonly string[] = [];

  constructor(needs: RunnersNeeds) {
    this.#needs = needs;
    const { candidates, open } = needs;
    this.#entrants = candidates.map((candidate) => ({
      ...{ candidate, server: open(candidate.address) },
    }));
  }

  get count(): number {
    return this.#entrants.length;
  }

  /** Who has answered the last question, in the order of the list. */
  get answered(): readonly Runner[] {
    return this.#answered;
  }

  /** Why others have not. */
  get reasons(): string {
    return this.#reasons.join('; ');
  }

  async ask(deadlineMs: number): Promise<void> {
    const answers = await Promise.all(
      this.#entrants.map(async (entrant) => ({
        ...{ entrant, said: await asked(entrant.server.logEnd(deadlineMs)) },
      })),
    );
    const reasons: string[] = [];
    const answered: Runner[] = [];
    for (const { entrant, said } of answers) {
      if (said.kind === 'said') answered.push({ ...entrant, end: said.value });
      else reasons.push(`${entrant.candidate.key} cannot be asked: ${said.reason}`);
    }
    this.#answered = answered;
    this.#reasons = reasons;
  }

  /** Waits until one has replayed all that it has. @returns why it has not */
  async replayed({ candidate, server }: Runner, deadlineMs: number): Promise<string | undefined> {
    let problem = '';
    const isDone = await this.#needs.polling.until(deadlineMs, async () => {
      const said = await asked(server.logEnd(ANSWER_MS));
      if (said.kind === 'failed') problem = `${candidate.key} cannot be asked: ${said.reason}`;
      else if (!said.value.inRecovery || hasReached(said.value.reached, said.value.written)) {
        return true;
      } else {
        const bytes = said.value.written - said.value.reached;
        problem = `${candidate.key} does not replay ${bytes} bytes that it has received`;
      }
      return undefined;
    });
    return isDone ? undefined : problem;
  }

  close(): void {
    for (const { server } of this.#entrants) server.close();
  }
}

/** Who has received most; of several the first in the list. One that is primary by now goes first. */
export function best(runners: readonly Runner[]): Runner | undefined {
  const promoted = runners.find(({ end }) => !end.inRecovery);
  if (promoted !== undefined) return promoted;
  return runners.reduce<Runner | undefined>(
    (first, runner) =>
      first === undefined || runner.end.written > first.end.written ? runner : first,
    undefined,
  );
}
