import type { ConsoleCommands } from '../admin/commands';
import type { Answers } from './channel';
import type { AskedOfSupervisor } from './messages';

/** What consoles in workers ask for, carried out by the supervisor. */
export function commandAnswers(
  commands: ConsoleCommands,
): Omit<Answers<AskedOfSupervisor>, 'cancel'> {
  return {
    view: ({ parts }) => commands.view(parts),
    reload: () => commands.reload(),
    set: ({ key, value }) => commands.set(key, value),
    order: async (order) => (await commands.order(order)) ?? null,
    replaceWorkers: async () => (await commands.replaceWorkers()) ?? null,
    shutDown: async ({ how }) => {
      await commands.shutDown(how);
      return true;
    },
  };
}
