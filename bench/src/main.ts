import { type Cluster, startCluster } from '@pgweir/testkit';
import { type BenchmarkResult, runBenchmark } from './benchmark';
import { type BenchOptions, readCommandLine } from './command-line';
import { type Contestants, chooseContestants } from './contestants/choose';
import { CAPS } from './contestants/doors';
import type { LoadGenerator } from './load/generator';
import { ownLoad } from './load/own-load';
import { findPgbench, pgbenchLoad } from './load/pgbench';
import { countRefusals } from './postgres/refused';
import { makeRoles, makeScramSecret } from './postgres/roles';
import { CLUSTER } from './postgres/settings';
import { makeTables } from './postgres/tables';
import { writeReport } from './report/files';
import { sourceCommit, thisMachine } from './report/machine';
import { markdown } from './report/markdown';
import { makeReport, type Report } from './report/report';
import { selectScenarios } from './scenarios/select';

/** Numbers of idle clients at which a daemon's memory is read, ascending. */
const IDLE_COUNTS = { quick: [1000], normal: [1000, 10_000] };

/** Played before they count; elsewhere the first round may be slow, and the median leaves it out. */
const WARM_UP = {
  quick: ['simple'],
  normal: ['simple', 'extended', 'prepared', 'write', 'churn scram'],
};

/** @returns the exit code: 1 when anything failed */
async function main(): Promise<number> {
  const options = readCommandLine(process.argv.slice(2));
  const scenarios = selectScenarios(options);
  const about = { startedAt: new Date().toISOString(), machine: thisMachine() };
  const cluster = await startCluster(CLUSTER);
  try {
    const load = chooseLoad(options, cluster.dir);
    const { present: contestants, absent } = await prepare(options, cluster);
    const result = await runBenchmark({
      postgres: cluster.primary,
      scramSecret: await makeScramSecret(cluster.primary),
      contestants,
      scenarios,
      load,
      rounds: options.rounds,
      secondsPerRound: options.secondsPerRound,
      warmUpGroups: WARM_UP[options.quick ? 'quick' : 'normal'],
      idleCounts: options.idle ? IDLE_COUNTS[options.quick ? 'quick' : 'normal'] : [],
      progress,
    });
    const report = makeReport(result, {
      ...about,
      commit: sourceCommit(),
      versions: Object.fromEntries(contestants.map(({ name, version }) => [name, version])),
      run: runFacts(options, load),
      absent,
      refusals: countRefusals(await cluster.primary.log()),
    });
    publish(report, options);
    return exitCode(result);
  } finally {
    await cluster.stop();
  }
}

function chooseLoad({ load }: BenchOptions, dir: string): LoadGenerator {
  const path = load === 'own' ? undefined : findPgbench();
  if (path !== undefined) return pgbenchLoad(path, dir);
  if (load === 'pgbench') throw new Error('there is no pgbench on PATH or in /usr/lib/postgresql');
  return ownLoad();
}

/** Makes what all need in PostgreSQL. */
async function prepare(options: BenchOptions, { primary }: Cluster): Promise<Contestants> {
  const rows = await primary.query('SHOW server_version');
  const contestants = chooseContestants(options, String(rows[0]?.server_version));
  for (const { contestant, reason } of contestants.absent) {
    progress(`left out: ${contestant}: ${reason}`);
  }
  await makeTables(primary, findPgbench());
  for (const { name, caps } of contestants.present) {
    if (caps !== undefined) await makeRoles(primary, name, caps);
  }
  return contestants;
}

function runFacts(options: BenchOptions, load: LoadGenerator): Report['run'] {
  return {
    load: load.name,
    rounds: options.rounds,
    secondsPerRound: options.secondsPerRound,
    links: CAPS,
  };
}

function exitCode({ failures }: BenchmarkResult): number {
  return failures.length === 0 ? 0 : 1;
}

function publish(report: Report, options: BenchOptions): void {
  const minute = report.startedAt.slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = options.quick ? 'quick' : `${minute}-${report.commit}`;
  const paths = writeReport(report, { dir: options.resultsDir, name });
  process.stdout.write(`${markdown(report, name)}\n`);
  progress(`written: ${paths.join(', ')}`);
}

/** To stderr, so that stdout is the report alone. */
function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

void main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
