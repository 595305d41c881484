import { chooseConfig, FROM_ENV } from '../config/choose-config';
import { type Tool, wholeNumberOf } from './tool';

export interface HealthcheckOptions {
  /** Whom to ask. */
  readonly target:
    | { readonly kind: 'config'; readonly path: string }
    /** An HTTP server. */
    | { readonly kind: 'http'; readonly addr: string }
    /** Where PostgreSQL's protocol is spoken. */
    | { readonly kind: 'listener'; readonly addr: string };
  readonly timeoutMs: number;
}

interface Flags {
  readonly fromEnv?: true;
  readonly addr?: string;
  readonly listen?: string;
  readonly timeout: number;
}

/** As pg_isready exits when it has made no attempt. */
export const NO_ATTEMPT = 3;
const TIMEOUT_S = 3;
const TIMEOUT_MAX_S = 60;

export const HEALTHCHECK: Tool<{
  readonly kind: 'healthcheck';
  readonly healthcheck: HealthcheckOptions;
}> = {
  word: 'healthcheck',
  usageCode: NO_ATTEMPT,
  describe: (command) =>
    command
      .description(
        'Asks a running pgweir whether it serves: on its metrics_addr, else where it listens for clients.\n' +
          'Exits as pg_isready: 0 it does, 1 it does not now, 2 no answer, 3 nobody could be asked.',
      )
      .argument('[config.ini]', 'its configuration file')
      .option(FROM_ENV.flag, FROM_ENV.help)
      .option('--addr <host:port>', 'instead of a file: its metrics_addr')
      .option(
        '--listen <host:port>',
        'instead of a file: where it listens for clients; or a socket path',
      )
      .option(
        '--timeout <seconds>',
        'how long to wait for the answer',
        wholeNumberOf({ min: 1, max: TIMEOUT_MAX_S }),
        TIMEOUT_S,
      ),
  order(command) {
    const { addr, listen, timeout, fromEnv = false } = command.opts<Flags>();
    const path = chooseConfig(command.args[0], { fromEnv });
    const targets: HealthcheckOptions['target'][] = [];
    if (path !== undefined) targets.push({ kind: 'config', path });
    if (addr !== undefined) targets.push({ kind: 'http', addr });
    if (listen !== undefined) targets.push({ kind: 'listener', addr: listen });
    const [target] = targets;
    if (target === undefined || targets.length > 1) {
      return command.error('one of config.ini, --addr and --listen is needed');
    }
    return { kind: 'healthcheck', healthcheck: { target, timeoutMs: timeout * 1000 } };
  },
};
