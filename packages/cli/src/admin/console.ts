import type {
  Logger,
  UserName,
  VirtualClient,
  VirtualDatabase,
  VirtualOutput,
  VirtualSession,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { reasonOf } from '../system-error';
import { VERSION } from '../version';
import type { Command } from './command';
import { CommandLog } from './command-log';
import { type ConsoleCommands, isCommand, runCommand, undoing } from './commands';
import { ConsoleSession } from './console-session';
import type { Outcome } from './outcome';
import { CONSOLE_DATABASE } from './show/item';

interface ConsoleNeeds extends ConsoleCommands {
  readonly config: () => DaemonConfig;
  readonly log: Logger;
}

const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['server_version', `${VERSION}/pgweir`],
  ['client_encoding', 'UTF8'],
  ['server_encoding', 'UTF8'],
  ['DateStyle', 'ISO'],
  ['TimeZone', 'GMT'],
  ['standard_conforming_strings', 'on'],
  ['is_superuser', 'on'],
]);

/** The admin console: a database that no server has. */
export class AdminConsole implements VirtualDatabase {
  readonly names = [CONSOLE_DATABASE, 'pgweir'];
  readonly #needs: ConsoleNeeds;

  constructor(needs: ConsoleNeeds) {
    this.#needs = needs;
  }

  admits(user: UserName): boolean {
    const { statsUsers, pooler } = this.#needs.config();
    return this.#isAdmin(user) || statsUsers.includes(user) || pooler.authType === 'any';
  }

  #isAdmin(user: UserName): boolean {
    return this.#needs.config().adminUsers.includes(user);
  }

  parameters(): ReadonlyMap<string, string> {
    return PARAMETERS;
  }

  open(client: VirtualClient, output: VirtualOutput): VirtualSession {
    /** The command that is under way, and the one whose effect ends with the client. */
    let running: Command | undefined;
    let suspended: Command | undefined;
    const log = this.#needs.log;
    const commands = new CommandLog(log, client);
    const undo = (command: Command | undefined): void => {
      const order = command === undefined ? undefined : undoing(command, client.id);
      if (order === undefined) return;
      // If there is nothing to undo any more, that is well.
      this.#needs.order(order).catch((error: unknown) => {
        log.error('console command failed', { client: client.id, reason: reasonOf(error) });
      });
    };
    return new ConsoleSession(output, {
      run: async (text, command): Promise<Outcome> => {
        running = command;
        try {
          const isAdmin = client.isOwner || this.#isAdmin(client.user);
          const request = { text, command, isAdmin, client: client.id };
          if (isAdmin && isCommand(command)) commands.issued(command);
          const outcome = await runCommand(request, this.#needs);
          if (outcome.kind === 'refused' && isCommand(command)) commands.refused(command, outcome);
          if (outcome.kind === 'done' && outcome.tag === 'SUSPEND') suspended = command;
          return outcome;
        } finally {
          running = undefined;
        }
      },
      canceled: () => undo(running),
      closed: () => undo(suspended),
      log,
    });
  }
}
