import { systemCalls } from './system-calls';

/**
 * Has the system end this process (SIGALRM) unless this is called again within `seconds`; 0: not any
 * more. For a process that nobody else may be left to end.
 */
export function endUnlessRenewed(seconds: number): void {
  systemCalls().native.call('alarm', seconds);
}
