import type { DaemonConfig, LoadResult } from './config/daemon-config';
import type { DaemonLogger } from './log/logger';

/** What the daemon proper is started with. */
export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly configPath: string;
  /**
   * Reads the configuration again and changes nothing. What was last read successfully counts as
   * running: settings that need a restart keep its values, with a warning.
   */
  readonly reload: () => LoadResult;
  readonly log: DaemonLogger;
  /** Call once, when every port is open: the process id is written, a waiting parent is let go. */
  readonly onUp: () => void;
}
