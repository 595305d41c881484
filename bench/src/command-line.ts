import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface BenchOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** Words; a scenario whose name contains one of them runs. Empty: all. */
  readonly only: readonly string[];
  readonly idle: boolean;
  readonly floor: boolean;
  /** Further contestants: pgweir that does not follow session state. */
  readonly leak: boolean;
  readonly node: boolean;
  readonly bun: boolean;
  /** Further contestants: pgweir with so many workers. */
  readonly workers: number | undefined;
  readonly pgbouncer: Wanted<readonly string[]>;
  readonly pgpool: Wanted<string>;
  readonly load: 'pgbench' | 'own' | undefined;
  readonly profileDir: string | undefined;
  readonly resultsDir: string;
}

/** Where a program is; undefined: look for it; false: leave it out. */
export type Wanted<Path> = Path | false | undefined;

interface Flags {
  readonly quick?: true;
  readonly rounds?: number;
  readonly seconds?: number;
  readonly only: readonly string[];
  readonly idle: boolean;
  readonly floor?: true;
  readonly leak?: true;
  readonly node: boolean;
  readonly bun: boolean;
  readonly workers?: number;
  readonly pgbouncer?: readonly string[] | boolean;
  readonly pgpool?: string | boolean;
  readonly load?: 'pgbench' | 'own';
  readonly profile?: string;
  readonly results: string;
}

const QUICK = { rounds: 1, seconds: 1 };
const NORMAL = { rounds: 3, seconds: 3 };
const RESULTS_DIR = join(__dirname, '..', 'results');

/** Prints help and exits when asked for that, or when an argument makes no sense. */
export function readCommandLine(args: readonly string[]): BenchOptions {
  const flags = describe().parse(args, { from: 'user' }).opts<Flags>();
  const defaults = flags.quick === true ? QUICK : NORMAL;
  const { pgbouncer, pgpool, profile } = flags;
  return {
    quick: flags.quick ?? false,
    rounds: flags.rounds ?? defaults.rounds,
    secondsPerRound: flags.seconds ?? defaults.seconds,
    only: flags.only,
    idle: flags.idle,
    floor: flags.floor ?? false,
    leak: flags.leak ?? false,
    node: flags.node,
    bun: flags.bun,
    workers: flags.workers,
    pgbouncer: pgbouncer === true ? undefined : pgbouncer,
    pgpool: pgpool === true ? undefined : pgpool,
    load: flags.load,
    profileDir: profile === undefined ? undefined : resolve(profile),
    resultsDir: resolve(flags.results),
  };
}

function describe(): Command {
  return new Command('npm run bench --')
    .description('Measures pgweir against PostgreSQL itself and against the poolers that are here.')
    .option('--quick', 'each kind of scenario once, in two minutes')
    .option('--rounds <number>', `default ${NORMAL.rounds}`, positive)
    .option('--seconds <number>', `of each round; default ${NORMAL.seconds}`, positive)
    .option('--only <words...>', 'scenarios whose name contains one of these, as "simple c32"', [])
    .option('--no-idle', 'do not measure the memory of idle clients')
    .option('--workers <number>', 'add pgweir with so many workers, on each runtime', positive)
    .option('--floor', 'add a bare relay on each runtime, which only passes bytes on')
    .option('--leak', 'add pgweir with session_state = leak, on each runtime')
    .option('--no-node', 'leave pgweir on Node.js out')
    .option('--no-bun', 'leave pgweir on Bun out')
    .option('--pgbouncer <path>', 'may be repeated; default: found on PATH, if there', collect)
    .option('--no-pgbouncer', 'leave PgBouncer out')
    .option('--pgpool <path>', 'Pgpool-II; default: found on PATH, if it is there')
    .option('--no-pgpool', 'leave Pgpool-II out')
    .addOption(
      new Option('--load <program>', 'default: pgbench, if found').choices(['pgbench', 'own']),
    )
    .option('--profile <folder>', 'leave CPU profiles of pgweir there (costs some speed)')
    .option('--results <folder>', 'for the report', RESULTS_DIR);
}

export function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a whole number above 0 is needed');
}

function collect(text: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before.map(String) : []), text];
}
