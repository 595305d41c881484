import { Argument } from 'commander';
import type { Tool } from './tool';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const COMPLETION: Tool<{ readonly kind: 'completion'; readonly shell: Shell }> = {
  word: 'completion',
  usageCode: 1,
  describe: (command) =>
    command
      .description(
        'Prints a script that has a shell complete the words of pgweir: source it, or put it where the shell ' +
          'looks for such scripts.',
      )
      .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS)),
  order(command) {
    const shell = SHELLS.find((one) => one === command.args[0]) ?? 'bash';
    return { kind: 'completion', shell };
  },
};
