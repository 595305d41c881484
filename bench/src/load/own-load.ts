import { join } from 'node:path';
import { Latencies } from '../measure/latencies';
import type { LoadGenerator } from './generator';
import type { OwnOrder, OwnReport } from './own-order';
import { runProgram } from './run-program';
import type { LoadResult } from './target';

const GRACE_MS = 20_000;

/** Our own clients on raw sockets, where there is no pgbench. */
export function ownLoad(): LoadGenerator {
  return {
    name: 'own',
    queries: (order) => runOwn({ kind: 'queries', ...order }),
    churn: (order) => runOwn({ kind: 'churn', ...order }),
  };
}

/** Runs our own program in a process of its own. @throws Error as `LoadGenerator` */
export async function runOwn(order: OwnOrder): Promise<LoadResult> {
  const stdout = await runProgram({
    path: process.execPath,
    args: [join(__dirname, 'own-load-main.js'), JSON.stringify(order)],
    limitMs: order.seconds * 1000 + GRACE_MS,
  });
  // Written by our own program of the same build.
  const report = JSON.parse(stdout) as OwnReport;
  const latencies = new Latencies();
  for (const [us, count] of report.latencies) latencies.add(us, count);
  return { count: report.count, perSecond: report.perSecond, latencies };
}
