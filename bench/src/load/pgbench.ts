import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Latencies } from '../measure/latencies';
import { APPLICATION_NAME } from '../postgres/names';
import type { ChurnOrder, LoadGenerator, QueryOrder } from './generator';
import { runProgram } from './run-program';
import { FOR_PGBENCH } from './scripts';
import type { LoadResult, Target } from './target';

/** Where Debian and its children keep it. */
const DEBIAN = '/usr/lib/postgresql';
/** Of the transactions, those whose latency is logged: the log costs the load generator CPU. */
const SAMPLING_RATE = 0.25;
/** Over the asked seconds, for connecting and for the last transactions. */
const GRACE_MS = 20_000;

/** The program's path: on PATH, or Debian's newest. */
export function findPgbench(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  if (existsSync(DEBIAN)) {
    const majors = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    folders.push(...majors.map((major) => join(DEBIAN, major, 'bin')));
  }
  return folders.map((folder) => join(folder, 'pgbench')).find((path) => existsSync(path));
}

/** `dir`: for its scripts and logs, which are removed after each run. */
export function pgbenchLoad(path: string, dir: string): LoadGenerator {
  return {
    name: 'pgbench',
    queries: (order) => queries(path, dir, order),
    churn: (order) => churn(path, order),
  };
}

async function queries(path: string, dir: string, order: QueryOrder): Promise<LoadResult> {
  const { mode, clients, target } = order;
  const lasting = order.seconds + Math.floor(clients / target.loginsPerSecond);
  const own = await mkdtemp(join(dir, 'pgbench-'));
  try {
    const logs = join(own, 'logs');
    const stdout = await runProgram({
      path,
      args: [
        ...['-n', ...(await scriptArgs(order, own)), '-M', mode],
        ...['-c', String(clients), '-j', '1', '-T', String(lasting)],
        ...['-l', `--log-prefix=${logs}`],
        ...(order.allLatencies ? [] : [`--sampling-rate=${SAMPLING_RATE}`]),
        ...targetArgs(target),
      ],
      env: targetEnvironment(target),
      limitMs: lasting * 1000 + GRACE_MS,
    });
    return { ...countsIn(stdout, WITHOUT_CONNECTING), latencies: await readLogs(own, 'logs') };
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function scriptArgs({ script }: QueryOrder, dir: string): Promise<string[]> {
  const how = FOR_PGBENCH[script];
  if ('flag' in how) return [how.flag];
  const path = join(dir, 'script.sql');
  await writeFile(path, `${how.text}\n`);
  return ['-f', path];
}

/**
 * A thread for each client, for it connects without doing anything else meanwhile. Its latencies begin
 * after that and are no use here.
 */
async function churn(path: string, { target, clients, seconds }: ChurnOrder): Promise<LoadResult> {
  const count = String(clients);
  const stdout = await runProgram({
    path,
    args: [
      ...['-n', '-S', '-C', '-c', count, '-j', count, '-T', String(seconds)],
      ...targetArgs(target),
    ],
    env: targetEnvironment(target),
    limitMs: seconds * 1000 + GRACE_MS,
  });
  return { ...countsIn(stdout, WITH_CONNECTING), latencies: undefined };
}

function targetArgs({ host, port, user, database }: Target): string[] {
  return ['-h', host, '-p', String(port), '-U', user, database];
}

function targetEnvironment({ password, tls }: Target): Record<string, string> {
  return {
    PGAPPNAME: APPLICATION_NAME,
    PGSSLMODE: tls ? 'require' : 'disable',
    PGGSSENCMODE: 'disable',
    // Not everybody has it: the same work for all.
    PGCHANNELBINDING: 'disable',
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  };
}

const WITHOUT_CONNECTING = /^tps = ([\d.]+) \((?:without|excluding)/m;
const WITH_CONNECTING = /^tps = ([\d.]+) \(including/m;

function countsIn(stdout: string, tps: RegExp): Pick<LoadResult, 'count' | 'perSecond'> {
  const failed = /^number of failed transactions: ([1-9]\d*)/m.exec(stdout);
  if (failed !== null) throw new Error(`${failed[1]} transactions failed`);
  const count = numberIn(stdout, /^number of transactions actually processed: (\d+)/m);
  if (count === 0) throw new Error('connecting took all the time: not a single transaction');
  return {
    count,
    perSecond: numberIn(stdout, tps),
  };
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`pgbench did not print ${pattern}:\n${text}`);
  return Number(found);
}

/** A line is: client, transaction, latency in µs, script, time in s, time in µs. */
async function readLogs(dir: string, prefix: string): Promise<Latencies> {
  const latencies = new Latencies();
  for (const name of await readdir(dir)) {
    if (!name.startsWith(prefix)) continue;
    const text = await readFile(join(dir, name), 'utf8');
    for (const line of text.split('\n')) {
      if (line !== '') latencies.add(Number(line.split(' ', 3)[2]));
    }
  }
  return latencies;
}
