import { InvalidArgumentError } from 'commander';
import { chooseConfig, FROM_ENV } from '../config/choose-config';
import type { Tool } from './tool';

export interface TopOptions {
  /** Whose console. */
  readonly target:
    | { readonly kind: 'config'; readonly path: string }
    | { readonly kind: 'url'; readonly url: string };
  readonly intervalMs: number;
  /** One page as text, and the end. */
  readonly once: boolean;
}

interface Flags {
  readonly fromEnv?: true;
  readonly url?: string;
  readonly interval: number;
  readonly once?: true;
}

const INTERVAL_S = 2;
const INTERVAL_MIN_S = 0.2;
const INTERVAL_MAX_S = 3600;

export const TOP: Tool<{ readonly kind: 'top'; readonly top: TopOptions }> = {
  word: 'top',
  usageCode: 1,
  describe: (command) =>
    command
      .description(
        'Shows what a running pgweir does, and where time goes, by its console: pools, clients, servers, queue, ' +
          'pins and statements. Keys pause and kill; ? lists them.',
      )
      .argument(
        '[config.ini]',
        'its configuration file, for the place of the console and who may use it',
      )
      .option(FROM_ENV.flag, FROM_ENV.help)
      .option(
        '--url <url>',
        'of the console, instead of a file: postgres://user@host:port?sslmode=require',
      )
      .option('--interval <seconds>', 'between two looks', seconds, INTERVAL_S)
      .option('--once', 'print one page as text and exit, as without a terminal'),
  order(command) {
    const { url, interval, once, fromEnv = false } = command.opts<Flags>();
    const path = chooseConfig(command.args[0], { fromEnv });
    if ((path === undefined) === (url === undefined)) {
      return command.error('one of config.ini and --url is needed');
    }
    const target: TopOptions['target'] =
      path === undefined ? { kind: 'url', url: url ?? '' } : { kind: 'config', path };
    return { kind: 'top', top: { target, intervalMs: interval * 1000, once: once ?? false } };
  },
};

function seconds(text: string): number {
  const count = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (count >= INTERVAL_MIN_S && count <= INTERVAL_MAX_S) return count;
  throw new InvalidArgumentError(`accepted: ${INTERVAL_MIN_S} to ${INTERVAL_MAX_S}`);
}
