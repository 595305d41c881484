import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Latencies } from '../measure/latencies';
import { APPLICATION_NAME, USER } from '../table';
import { runProgram } from './run-program';
import type { LoadGenerator, LoadOrder, LoadResult } from './target';

/** Where Debian and its children keep it. */
const DEBIAN = '/usr/lib/postgresql';
/** Of the transactions, those whose latency is logged: the log costs the load generator CPU. */
const SAMPLING_RATE = 0.25;
/** Over the asked seconds, for connecting and for the last transactions. */
const GRACE_MS = 30_000;

/** The program's path: on PATH, or Debian's newest. */
export function findPgbench(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  if (existsSync(DEBIAN)) {
    const majors = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    folders.push(...majors.map((major) => join(DEBIAN, major, 'bin')));
  }
  return folders.map((folder) => join(folder, 'pgbench')).find((path) => existsSync(path));
}

/** `dir`: for its logs, which are removed after each run. */
export function pgbenchLoad(path: string, dir: string): LoadGenerator {
  return { name: 'pgbench', run: (order) => run(path, dir, order) };
}

async function run(path: string, dir: string, order: LoadOrder): Promise<LoadResult> {
  const { target, mode, clients, seconds } = order;
  const logs = await mkdtemp(join(dir, 'pgbench-'));
  try {
    const stdout = await runProgram({
      path,
      args: [
        ...['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(seconds)],
        ...['-l', `--log-prefix=${join(logs, 'log')}`, `--sampling-rate=${SAMPLING_RATE}`],
        ...['-h', target.host, '-p', String(target.port), '-U', USER, target.database],
      ],
      env: { PGAPPNAME: APPLICATION_NAME, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
      limitMs: seconds * 1000 + GRACE_MS,
    });
    const transactions = numberIn(stdout, /^number of transactions actually processed: (\d+)/m);
    const failed = /^number of failed transactions: ([1-9]\d*)/m.exec(stdout);
    if (failed !== null) throw new Error(`${failed[1]} transactions failed`);
    const perSecond = numberIn(stdout, /^tps = ([\d.]+) \((without|excluding)/m);
    return { transactions, perSecond, latencies: await readLogs(logs) };
  } finally {
    await rm(logs, { recursive: true, force: true });
  }
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`pgbench did not print ${pattern}:\n${text}`);
  return Number(found);
}

/** A line is: client, transaction, latency in µs, script, time in s, time in µs. */
async function readLogs(dir: string): Promise<Latencies> {
  const latencies = new Latencies();
  for (const name of await readdir(dir)) {
    const text = await readFile(join(dir, name), 'utf8');
    for (const line of text.split('\n')) {
      if (line !== '') latencies.add(Number(line.split(' ', 3)[2]));
    }
  }
  return latencies;
}
