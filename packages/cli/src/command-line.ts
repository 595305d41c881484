import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { VERSION } from './version';

/** What to do, as the command line says. */
export type Order =
  | { readonly kind: 'run'; readonly run: RunOptions }
  | { readonly kind: 'check'; readonly configPath: string }
  /** Print a token to log in with. */
  | { readonly kind: 'iam-token'; readonly token: TokenOptions }
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

/** For a token by which IAM lets its owner in. */
export interface TokenOptions {
  readonly host: string;
  readonly region: string;
  readonly expires: number;
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
/** Of a command line that starts nothing. */
export const TOKEN_WORD = 'iam-token';

const TRY = 'Try "pgweir --help" for more information.\n';

/** Reads the arguments behind the program's name. Prints nothing and never exits. */
export function readCommandLine(args: readonly string[]): Order {
  if (args[0] === WORKER_FLAG) return { kind: 'worker' };
  if (args[0] === TOKEN_WORD) {
    return parse(describeToken, args.slice(1), (command) => ({
      ...{ kind: 'iam-token', token: command.opts<TokenOptions>() },
    }));
  }
  return parse(describe, args, (command) => toOrder(command.opts<Flags>(), command.args[0]));
}

function parse(
  described: (writeOut: (text: string) => void) => Command,
  args: readonly string[],
  order: (command: Command) => Order,
): Order {
  let stdout = '';
  const command = described((text) => {
    stdout += text;
  });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'exit', code: 0, stdout, stderr: '' };
    return refuse(error.message.replace(/^error: /, ''));
  }
  return order(command);
}

/** Every option with what it does, for the manual. */
export function commandOptions(): readonly { readonly flags: string; readonly help: string }[] {
  return optionsOf(describe(() => undefined));
}

/** Those behind `iam-token`. */
export function tokenOptions(): ReturnType<typeof commandOptions> {
  return optionsOf(describeToken(() => undefined));
}

function optionsOf(command: Command): ReturnType<typeof commandOptions> {
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
    .addHelpText('after', `\n"pgweir ${TOKEN_WORD} --help" tells of tokens for auth_type = iam.`)
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => undefined });
}

const LIFE_SECONDS_MAX = 900;

function describeToken(writeOut: (text: string) => void): Command {
  return new Command(`pgweir ${TOKEN_WORD}`)
    .description(
      'Prints a password for a pgweir with auth_type = iam, signed with credentials of AWS.',
    )
    .requiredOption('--host <name>', 'name of that pgweir, as its iam_server_name says')
    .requiredOption('--region <region>', 'region whose STS it asks: one of its iam_sts_regions')
    .option('--expires <seconds>', 'how long the token is accepted', seconds, LIFE_SECONDS_MAX)
    .helpOption('-h, --help', 'show this help and exit')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => undefined });
}

function seconds(text: string): number {
  const count = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= LIFE_SECONDS_MAX) return count;
  throw new InvalidArgumentError(`accepted: 1 to ${LIFE_SECONDS_MAX}`);
}
