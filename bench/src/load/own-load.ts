import { join } from 'node:path';
import { Latencies } from '../measure/latencies';
import { runProgram } from './run-program';
import type { LoadGenerator, LoadOrder, LoadResult } from './target';

const GRACE_MS = 30_000;

/** What `own-load-main` prints, as JSON. */
export interface OwnReport {
  readonly transactions: number;
  readonly perSecond: number;
  /** Pairs of latency and how often it came. */
  readonly latencies: readonly (readonly [us: number, count: number])[];
}

/** Our own clients on raw sockets, where there is no pgbench. */
export function ownLoad(): LoadGenerator {
  return { name: 'own', run };
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const stdout = await runProgram({
    path: process.execPath,
    args: [join(__dirname, 'own-load-main.js'), JSON.stringify(order)],
    limitMs: order.seconds * 1000 + GRACE_MS,
  });
  // Written by our own program of the same build.
  const report = JSON.parse(stdout) as OwnReport;
  const latencies = new Latencies();
  for (const [us, count] of report.latencies) latencies.add(us, count);
  return { transactions: report.transactions, perSecond: report.perSecond, latencies };
}
