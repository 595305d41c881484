import type { Logger } from '@pgweir/pooler';
import type { ConsoleCommands } from '../admin/commands';
import type { DaemonConfig } from '../config/daemon-config';

/** What the web page is about: the daemon as a whole, however many workers it has. */
export interface DashboardNeeds {
  readonly commands: ConsoleCommands;
  readonly config: () => DaemonConfig;
  readonly log: Logger;
}

/** Where the page is; everything of it is below. */
export const PAGE_PATH = '/dashboard/';
