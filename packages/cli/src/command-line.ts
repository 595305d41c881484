import { Command, CommanderError } from 'commander';
import { VERSION } from './version';

/** What to do, as the command line says. */
export type Order =
  | { readonly kind: 'run'; readonly run: RunOptions }
  | { readonly kind: 'check'; readonly configPath: string }
  /** Started by a supervisor. */
  | { readonly kind: 'worker' }
  /** Help, version, or a command line that makes no sense. */
  | {
      readonly kind: 'exit';
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    };

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
}

/** For processes that pgweir starts itself. Its value, the worker's number, is for people. */
export const WORKER_FLAG = '--worker';

const TRY = 'Try "pgweir --help" for more information.\n';

/** Reads the arguments behind the program's name. Prints nothing and never exits. */
export function readCommandLine(args: readonly string[]): Order {
  if (args[0] === WORKER_FLAG) return { kind: 'worker' };
  let stdout = '';
  const command = describe((text) => {
    stdout += text;
  });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'exit', code: 0, stdout, stderr: '' };
    return refuse(error.message.replace(/^error: /, ''));
  }
  return toOrder(command.opts<Flags>(), command.args[0]);
}

/** Every option with what it does, for the manual. */
export function commandOptions(): readonly { readonly flags: string; readonly help: string }[] {
  const command = describe(() => undefined);
  const options = command.createHelp().visibleOptions(command);
  return options.map(({ flags, description }) => ({ flags, help: description }));
}

function toOrder(flags: Flags, configPath: string | undefined): Order {
  if (configPath === undefined) return refuse('no configuration file specified');
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

function refuse(message: string): Order {
  return { kind: 'exit', code: 1, stdout: '', stderr: `pgweir: ${message}\n${TRY}` };
}

function describe(writeOut: (text: string) => void): Command {
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
    .option(
      '-R, --reboot',
      'take over from the running daemon: its ports at once, its share of the limits as its clients leave',
    )
    .version(`pgweir ${VERSION}`, '-V, --version', 'show the version and exit')
    .helpOption('-h, --help', 'show this help and exit')
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => undefined });
}
