import type { Running } from '../contestants/contestant';
import type { LoadGenerator } from '../load/target';
import type { Scenario } from '../scenarios';
import { cpuBetween, readCpu } from './cpu';

/** One run of one scenario through one contestant. */
export interface Round {
  readonly transactions: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of the daemon for each transaction; null without a daemon or without /proc. */
  readonly cpuUs: number | null;
  /** The parts of `cpuUs`. */
  readonly userUs: number | null;
  readonly systemUs: number | null;
}

/** @throws Error when a client was refused, lost or answered with an error */
export async function measureRound(
  running: Running,
  scenario: Scenario,
  how: { readonly load: LoadGenerator; readonly seconds: number },
): Promise<Round> {
  const { mode, clients, pooling } = scenario;
  const { pid } = running;
  const before = pid === undefined ? undefined : readCpu(pid);
  const result = await how.load.run({
    target: running.target(pooling),
    mode,
    clients,
    seconds: how.seconds,
  });
  const after = pid === undefined ? undefined : readCpu(pid);
  const { transactions, perSecond, latencies } = result;
  if (transactions === 0) throw new Error('not a single transaction');
  const cpu = before && after ? cpuBetween(before, after) : undefined;
  return {
    transactions,
    perSecond,
    p50Us: latencies.percentileUs(0.5),
    p99Us: latencies.percentileUs(0.99),
    cpuUs: cpu === undefined ? null : (cpu.userUs + cpu.systemUs) / transactions,
    userUs: cpu === undefined ? null : cpu.userUs / transactions,
    systemUs: cpu === undefined ? null : cpu.systemUs / transactions,
  };
}
