import { chooseConfig, FROM_ENV } from '../config/choose-config';
import { type Tool, wholeNumberOf } from './tool';

export interface DoctorOptions {
  readonly configPath: string;
  readonly json: boolean;
  /** How many pgweir run with this configuration; undefined: as many as `[peers]` has. */
  readonly instances: number | undefined;
  readonly timeoutMs: number;
}

interface Flags {
  readonly json?: true;
  readonly fromEnv?: true;
  readonly instances?: number;
  readonly timeout: number;
}

/** 1 is for problems that were found. */
const USAGE = 2;
const TIMEOUT_S = 30;
const TIMEOUT_MAX_S = 600;
const INSTANCES_MAX = 10_000;

export const DOCTOR: Tool<{ readonly kind: 'doctor'; readonly doctor: DoctorOptions }> = {
  word: 'doctor',
  usageCode: USAGE,
  describe: (command) =>
    command
      .description(
        'Connects to everything that a configuration names, changes nothing, and says what is wrong and what ' +
          'to do.\nExits with 0, or with 1 when there is a problem.',
      )
      .argument('[config.ini]', 'the configuration file')
      .option(FROM_ENV.flag, FROM_ENV.help)
      .option('--json', 'for programs')
      .option(
        '--instances <number>',
        'how many pgweir run with this configuration (default: as many as [peers] has)',
        wholeNumberOf({ min: 1, max: INSTANCES_MAX }),
      )
      .option(
        '--timeout <seconds>',
        'for everything together',
        wholeNumberOf({ min: 1, max: TIMEOUT_MAX_S }),
        TIMEOUT_S,
      ),
  order(command) {
    const { json, instances, timeout, fromEnv = false } = command.opts<Flags>();
    const configPath = chooseConfig(command.args[0], { fromEnv });
    if (configPath === undefined) return command.error('config.ini or --from-env is needed');
    const doctor = { configPath, json: json ?? false, instances, timeoutMs: timeout * 1000 };
    return { kind: 'doctor', doctor };
  },
};
