import {
  type Daemon,
  daemonProgram,
  type Server,
  startCluster,
  startDaemon,
} from '@pgweir/testkit';
import { Command } from 'commander';
import { positive } from '../command-line';
import { findBun } from '../contestants/bun';
import { LOGINS_PER_SECOND } from '../contestants/doors';
import { NODE, type Runtime } from '../contestants/runtime';
import type { LoadGenerator } from '../load/generator';
import { ownLoad } from '../load/own-load';
import { findPgbench, pgbenchLoad } from '../load/pgbench';
import type { QueryMode } from '../load/scripts';
import { CpuMeter } from '../measure/cpu-meter';
import { median } from '../measure/median';
import { USER } from '../postgres/names';
import { CLUSTER } from '../postgres/settings';
import { makeTables } from '../postgres/tables';
import { thisMachine } from '../report/machine';
import { decimals, textTable } from '../report/text-table';
import { splitConfig, WAYS, type Way } from './entries';

const MODES: readonly QueryMode[] = ['simple', 'extended', 'prepared'];
const CLIENTS = 32;

interface Options {
  readonly rounds: number;
  readonly seconds: number;
}

interface Contest {
  readonly runtime: Runtime;
  readonly daemon: Daemon;
}

/**
 * Prints what it costs to send reads to a replica: pgweir's CPU time for one read by its key, in turns
 * through entries that differ in what they do with the same two servers.
 */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const cluster = await startCluster({ ...CLUSTER, replicas: 1 });
  const contests: Contest[] = [];
  try {
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('the cluster has no replica');
    await makeTables(cluster.primary, findPgbench());
    for (const runtime of [NODE, findBun()]) {
      if (runtime === undefined) continue;
      contests.push({ runtime, daemon: await start(runtime, cluster.primary, replica) });
    }
    const pgbench = findPgbench();
    const load = pgbench === undefined ? ownLoad() : pgbenchLoad(pgbench, cluster.dir);
    process.stdout.write(`${machineLine(load)}\n\n${await measure(contests, load, options)}\n`);
  } finally {
    for (const { daemon } of contests) await daemon.stop();
    await cluster.stop();
  }
}

function start(runtime: Runtime, primary: Server, replica: Server): Promise<Daemon> {
  return startDaemon({
    command: [runtime.path, daemonProgram()],
    config: splitConfig(primary, replica),
    userlist: `"${USER}" ""\n`,
  });
}

/** @returns a table of medians */
async function measure(
  contests: readonly Contest[],
  load: LoadGenerator,
  { rounds, seconds }: Options,
): Promise<string> {
  const rows: string[][] = [];
  for (const mode of MODES) {
    for (const { runtime, daemon } of contests) {
      const found = new Map<Way, number[]>(wayNames().map((way) => [way, []]));
      // The first turn warms up, and is not counted.
      for (let round = -1; round < rounds; round++) {
        for (const [way, values] of found) {
          const us = await cpuPerRead({ daemon, way, mode, load, seconds });
          if (round >= 0) values.push(us);
        }
      }
      rows.push(row(`${runtime.name} ${mode}`, found));
      process.stderr.write(`${runtime.name} ${mode}\n`);
    }
  }
  const columns = [
    { name: 'CPU µs per read', isWord: true } as const,
    ...wayNames().map((name) => ({ name })),
    { name: 'split / roles' },
    { name: 'roles / plain' },
  ];
  return textTable(columns, rows);
}

function row(name: string, found: ReadonlyMap<Way, readonly number[]>): string[] {
  const middle = (way: Way): number => median(found.get(way) ?? []);
  return [
    name,
    ...wayNames().map((way) => decimals(middle(way), 1)),
    decimals(middle('split') / middle('roles'), 2),
    decimals(middle('roles') / middle('plain'), 2),
  ];
}

async function cpuPerRead(turn: {
  readonly daemon: Daemon;
  readonly way: Way;
  readonly mode: QueryMode;
  readonly load: LoadGenerator;
  readonly seconds: number;
}): Promise<number> {
  const { daemon, way, mode, load, seconds } = turn;
  const { host, port, pid } = daemon;
  const meter = new CpuMeter(pid, CLIENTS);
  const { count } = await load.queries({
    target: {
      ...{ host, port, database: way, user: USER, tls: false },
      loginsPerSecond: LOGINS_PER_SECOND,
    },
    ...{ script: 'select', mode, clients: CLIENTS, seconds, allLatencies: false },
  });
  const cpu = meter.stop();
  if (cpu === undefined) throw new Error('there is no /proc to read CPU times from');
  return cpu.totalUs / count;
}

function machineLine(load: LoadGenerator): string {
  const ways = Object.entries(WAYS).map(([way, what]) => `- ${way}: ${what}`);
  const about = `${thisMachine().cpu}, ${load.name}, ${CLIENTS} clients, medians`;
  return [about, '', ...ways].join('\n');
}

function wayNames(): readonly Way[] {
  return Object.keys(WAYS) as Way[];
}

function readOptions(args: readonly string[]): Options {
  return new Command('node bench/dist/split/main.js')
    .description('Measures what it costs to send reads to a replica.')
    .option('--rounds <number>', 'turns of each, of which the median counts', positive, 5)
    .option('--seconds <number>', 'of each turn', positive, 4)
    .parse(args, { from: 'user' })
    .opts<Options>();
}

void main();
