import type { DaemonConfig, LoadResult } from './config/daemon-config';
import type { Overrides } from './config/load';
import type { FileText } from './config/recorded-files';
import type { DaemonLogger } from './log/logger';
import type { Predecessor } from './restart/predecessor';
import type { GivenSocket } from './service/given-sockets';
import type { ServiceManager } from './service/service-manager';

/** What the daemon proper is started with. */
export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly configPath: string;
  /** Where relative names of files start. */
  readonly cwd: string;
  /** Program and arguments that start this program again, up to its own arguments. */
  readonly self: readonly [string, ...string[]];
  /** What of the log the command line decides. */
  readonly logFlags: LogFlags;
  /** The files of the last successful load, for processes that must have the same configuration. */
  readonly filesRead: () => readonly FileText[];
  /**
   * Reads the configuration again and changes nothing. What was last read successfully counts as
   * running: settings that need a restart keep its values, with a warning. `changes`: SET has been
   * asked for; without them, what SET has changed before is taken back.
   */
  readonly reload: (changes?: Overrides) => LoadResult;
  /** What SET has changed since the last reload. */
  readonly overrides: () => Overrides;
  /** How the last attempts to read it ended. */
  readonly loaded: () => LoadView;
  readonly log: DaemonLogger;
  /** Listening sockets of the service manager: used instead of the configured addresses. */
  readonly givenSockets: readonly GivenSocket[];
  /** A daemon that this one is to take over from. */
  readonly predecessor: Predecessor | undefined;
  /** Is told of reloads, of the end and how it goes; `onUp` has told that it is ready. */
  readonly service: Pick<ServiceManager, 'reloading' | 'reloaded' | 'stopping' | 'status'>;
  /**
   * Call once, when every port is open: the process id is written, `message` logged, and then a waiting
   * parent let go.
   */
  readonly onUp: (message: string) => void;
}

/** Plain data. */
export interface LoadView {
  /** When the configuration in force was read, in the time of the wall. */
  readonly atMs: number;
  /** The last attempt has failed: an older one is in force. */
  readonly isOld: boolean;
}

export interface LogFlags {
  readonly stderr: boolean;
  readonly verbose: number;
}
