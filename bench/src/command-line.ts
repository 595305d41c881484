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
  readonly pgweir: boolean;
  /** A path; undefined: look for it; false: leave it out. */
  readonly pgbouncer: string | false | undefined;
  readonly load: 'pgbench' | 'own' | undefined;
  readonly profileDir: string | undefined;
  readonly resultsDir: string;
}

interface Flags {
  readonly quick?: true;
  readonly rounds?: number;
  readonly seconds?: number;
  readonly only: readonly string[];
  readonly idle: boolean;
  readonly floor?: true;
  readonly pgweir: boolean;
  readonly pgbouncer?: string | boolean;
  readonly load?: 'pgbench' | 'own';
  readonly profile?: string;
  readonly results: string;
}

const QUICK = { rounds: 2, seconds: 1 };
const NORMAL = { rounds: 5, seconds: 5 };
const RESULTS_DIR = join(__dirname, '..', 'results');

/** Prints help and exits when asked for that, or when an argument makes no sense. */
export function readCommandLine(args: readonly string[]): BenchOptions {
  const flags = describe().parse(args, { from: 'user' }).opts<Flags>();
  const defaults = flags.quick === true ? QUICK : NORMAL;
  const { pgbouncer, profile } = flags;
  return {
    quick: flags.quick ?? false,
    rounds: flags.rounds ?? defaults.rounds,
    secondsPerRound: flags.seconds ?? defaults.seconds,
    only: flags.only,
    idle: flags.idle,
    floor: flags.floor ?? false,
    pgweir: flags.pgweir,
    pgbouncer: pgbouncer === true ? undefined : pgbouncer,
    load: flags.load,
    profileDir: profile === undefined ? undefined : resolve(profile),
    resultsDir: resolve(flags.results),
  };
}

function describe(): Command {
  return new Command('npm run bench --')
    .description('Measures pgweir against PostgreSQL itself and against PgBouncer where present.')
    .option('--quick', 'everything once over, in under two minutes')
    .option('--rounds <number>', `default ${NORMAL.rounds}`, positive)
    .option('--seconds <number>', `of each round; default ${NORMAL.seconds}`, positive)
    .option('--only <words...>', 'scenarios whose name contains one of these, as "simple c32"', [])
    .option('--no-idle', 'do not measure the memory of idle clients')
    .option('--floor', 'add a bare relay in Node.js, which only passes bytes on')
    .option('--no-pgweir', 'leave pgweir out')
    .option('--pgbouncer <path>', 'default: found on PATH, if it is there')
    .option('--no-pgbouncer', 'leave PgBouncer out')
    .addOption(
      new Option('--load <program>', 'default: pgbench, if found').choices(['pgbench', 'own']),
    )
    .option('--profile <folder>', 'leave CPU profiles of pgweir there (costs some speed)')
    .option('--results <folder>', 'for the report', RESULTS_DIR);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a whole number above 0 is needed');
}
