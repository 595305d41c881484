import type { Handover } from './demoter';

/** Makes sure that a lost primary neither writes nor answers any more. */
export interface Fencer {
  /**
   * Does it. The target is who will probably be promoted.
   *
   * @returns why nobody can be sure that it is done; undefined: it is. Never rejects, and ends in
   *   `deadlineMs`, give or take what it takes to end a command.
   */
  fence(handover: Handover, deadlineMs: number): Promise<string | undefined>;
}
