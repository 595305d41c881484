import { Command } from 'commander';
import { chooseConfig, FROM_ENV } from './config/choose-config';
import { type Exit, parseWith, quiet, refuse } from './tools/tool';
import { readToolLine, TOOLS, type ToolOrder } from './tools/tools';
import { VERSION } from './version';

/** What to do, as the command line says. */
export type Order =
  | { readonly kind: 'run'; readonly run: RunOptions }
  | { readonly kind: 'check'; readonly configPath: string }
  | ToolOrder
  /** Started by a supervisor. */
  | { readonly kind: 'worker' }
  | Exit;

export interface RunOptions {
  readonly configPath: string;
  readonly daemon: boolean;
  readonly quiet: boolean;
  /** How often -v was given. */
  readonly verbose: number;
  readonly user: string | undefined;
  /** Take over from the daemon that runs with this configuration. */
  readonly restart: boolean;
}

interface Flags {
  readonly daemon?: true;
  readonly quiet?: true;
  readonly reboot?: true;
  readonly verbose: number;
  readonly user?: string;
  readonly check?: true;
  readonly fromEnv?: true;
}

/** For processes that pgweir starts itself. Its value, the worker's number, is for people. */
export const WORKER_FLAG = '--worker';

/** Reads the arguments behind the program's name. Prints nothing and never exits. */
export function readCommandLine(args: readonly string[]): Order {
  if (args[0] === WORKER_FLAG) return { kind: 'worker' };
  return readToolLine(args) ?? parseWith(daemonCommandLine(), args, toOrder, USAGE_CODE);
}

/** An option with what it does, for the manual. */
export interface OptionHelp {
  readonly flags: string;
  readonly help: string;
}

export function commandOptions(): readonly OptionHelp[] {
  return optionsOf(daemonCommandLine());
}

export function optionsOf(command: Command): readonly OptionHelp[] {
  const options = command.createHelp().visibleOptions(quiet(command, () => undefined));
  return options.map(({ flags, description }) => ({ flags, help: description }));
}

const USAGE_CODE = 1;

function toOrder(command: Command): Order {
  const flags = command.opts<Flags>();
  const configPath = chooseConfig(command.args[0], { fromEnv: flags.fromEnv ?? false });
  if (configPath === undefined) {
    return refuse(command, 'no configuration file specified', USAGE_CODE);
  }
  if (flags.check) return { kind: 'check', configPath };
  return {
    kind: 'run',
    run: {
      configPath,
      daemon: flags.daemon ?? false,
      quiet: flags.quiet ?? false,
      verbose: flags.verbose,
      user: flags.user,
      restart: flags.reboot ?? false,
    },
  };
}

/** That of the daemon itself. */
export function daemonCommandLine(): Command {
  return new Command('pgweir')
    .description('A connection pooler for PostgreSQL.')
    .argument('[config.ini]', 'configuration file, in the format of pgbouncer.ini')
    .option('-d, --daemon', 'run in the background (needs pidfile in the configuration)')
    .option('-q, --quiet', 'do not log to stderr')
    .option(
      '-v, --verbose',
      'log more; may be repeated',
      (_: unknown, count: number) => count + 1,
      0,
    )
    .option('-u, --user <name>', 'become this user')
    .option(
      '--check',
      'load everything, report every problem, warning and difference from PgBouncer, and exit',
    )
    .option(FROM_ENV.flag, FROM_ENV.help)
    .option(
      '-R, --reboot',
      'take over from the running daemon: its ports at once, its share of the limits as its clients leave',
    )
    .version(`pgweir ${VERSION}`, '-V, --version', 'show the version and exit')
    .addHelpText('after', `\nOther things that it does, each with --help:\n${toolList()}`);
}

function toolList(): string {
  return TOOLS.map(({ word }) => `  pgweir ${word}`).join('\n');
}
