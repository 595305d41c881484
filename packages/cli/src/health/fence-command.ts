import type { Fencer, Handover } from '@pgweir/control';
import type { Clock, Logger } from '@pgweir/pooler';
import { runCommand } from './operator-command';

interface FenceCommandNeeds {
  /** For the shell, as it is configured now; undefined: there is none. */
  readonly command: () => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Has a command of the operator make sure that a lost primary stays lost. */
export class FenceCommand implements Fencer {
  readonly #needs: FenceCommandNeeds;

  constructor(needs: FenceCommandNeeds) {
    this.#needs = needs;
  }

  async fence(handover: Handover, deadlineMs: number): Promise<string | undefined> {
    const { clock, log } = this.#needs;
    const command = this.#needs.command();
    if (command === undefined) return 'there is no fence_command';
    const means = { clock, log };
    const answer = await runCommand(
      { name: 'fence_command', command, handover },
      deadlineMs,
      means,
    );
    return answer.kind === 'done' ? undefined : answer.reason;
  }
}
