import { type Cluster, startCluster } from '@pgweir/testkit';
import { runBenchmark } from './benchmark';
import { type BenchOptions, readCommandLine } from './command-line';
import type { Contestant } from './contestants/contestant';
import { direct } from './contestants/direct';
import { floor } from './contestants/floor';
import { findPgbouncer, pgbouncer } from './contestants/pgbouncer';
import { pgweir } from './contestants/pgweir';
import { ownLoad } from './load/own-load';
import { findPgbench, pgbenchLoad } from './load/pgbench';
import type { LoadGenerator } from './load/target';
import { writeReport } from './report/files';
import { sourceCommit, thisMachine } from './report/machine';
import { markdown } from './report/markdown';
import { makeReport, type Report } from './report/report';
import { IDLE_COUNTS, LINKS, SESSION_LINKS, selectScenarios } from './scenarios';
import { DATABASE, makeTables, SERVER_SETTINGS, USER } from './table';

/** @returns the exit code: 1 when anything failed */
async function main(): Promise<number> {
  const options = readCommandLine(process.argv.slice(2));
  const startedAt = new Date();
  const machine = thisMachine();
  const cluster = await startCluster({
    settings: SERVER_SETTINGS,
    users: [{ name: USER }],
    databases: [{ name: DATABASE, owner: USER }],
  });
  try {
    const load = chooseLoad(options, cluster.dir);
    await makeTables(cluster, findPgbench());
    const contestants = await chooseContestants(options, cluster);
    const result = await runBenchmark({
      postgres: cluster.primary,
      contestants,
      scenarios: selectScenarios(options.only),
      load,
      rounds: options.rounds,
      secondsPerRound: options.secondsPerRound,
      idleCounts: options.idle ? IDLE_COUNTS : [],
      progress,
    });
    const report = makeReport(result, {
      startedAt: startedAt.toISOString(),
      commit: sourceCommit(),
      machine,
      versions: Object.fromEntries(contestants.map(({ name, version }) => [name, version])),
      run: runFacts(options, load),
    });
    publish(report, options);
    return result.failures.length === 0 ? 0 : 1;
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

async function chooseContestants(options: BenchOptions, cluster: Cluster): Promise<Contestant[]> {
  const rows = await cluster.primary.query('SHOW server_version');
  const contestants = [direct(`PostgreSQL ${String(rows[0]?.server_version)}`)];
  if (options.pgweir) contestants.push(pgweir(options.profileDir));
  if (options.floor) contestants.push(floor());
  const bouncer = options.pgbouncer ?? findPgbouncer() ?? false;
  if (bouncer !== false) contestants.push(pgbouncer(bouncer));
  return contestants;
}

function runFacts(options: BenchOptions, load: LoadGenerator): Report['run'] {
  return {
    load: load.name,
    rounds: options.rounds,
    secondsPerRound: options.secondsPerRound,
    linksInTransactionMode: LINKS,
    linksInSessionMode: SESSION_LINKS,
  };
}

function publish(report: Report, options: BenchOptions): void {
  const minute = report.startedAt.slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = options.quick ? 'quick' : `${minute}-${report.commit}`;
  const paths = writeReport(report, { dir: options.resultsDir, name });
  process.stdout.write(`${markdown(report)}\n`);
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
