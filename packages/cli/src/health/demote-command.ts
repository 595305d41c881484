import type { Demoter, Handover, SwitchoverAnswer } from '@pgweir/control';
import type { Clock, Logger } from '@pgweir/pooler';
import { runCommand } from './operator-command';

interface DemoteCommandNeeds {
  /** For the shell; undefined: there is none. */
  readonly command: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Has a command of the operator demote a primary. */
export class DemoteCommand implements Demoter {
  readonly promotes = false;
  readonly #needs: DemoteCommandNeeds;

  constructor(needs: DemoteCommandNeeds) {
    this.#needs = needs;
  }

  obstacle(): string | undefined {
    if (this.#needs.command !== undefined) return undefined;
    return 'nobody could demote the primary: set demote_command, or patroni of the database';
  }

  async demote(handover: Handover, deadlineMs: number): Promise<SwitchoverAnswer> {
    const { clock, command, log } = this.#needs;
    if (command === undefined) return { kind: 'refused', reason: 'there is no demote_command' };
    return await runCommand({ name: 'demote_command', command, handover }, deadlineMs, {
      ...{ clock, log },
    });
  }
}
