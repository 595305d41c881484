import type { Entrance } from '../contestants/contestant';
import type { LoadGenerator } from '../load/generator';
import type { Scenario } from '../scenarios/scenario';
import { CpuMeter } from './cpu-meter';
import { endedChildrenUs } from './load-cpu';
import { residentBytes } from './memory';

/** One run of one scenario through one contestant. null: not known, or there is nothing to measure. */
export interface Round {
  /** Of what the scenario counts. */
  readonly count: number;
  readonly perSecond: number;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly p999Us: number | null;
  readonly maxUs: number | null;
  /** CPU time of the daemon, all its processes, for each one counted. */
  readonly cpuUs: number | null;
  /** The parts of `cpuUs`. */
  readonly userUs: number | null;
  readonly systemUs: number | null;
  /** Of the daemon, all its processes, at the end. */
  readonly residentBytes: number | null;
  /** Cores that the load generator used: near 1, it may have been the limit. */
  readonly loadCores: number | null;
}

/** @throws Error when a client was refused, lost or answered with an error */
export async function measureRound(
  { target, pid }: Entrance & { readonly kind: 'open' },
  scenario: Scenario,
  how: { readonly load: LoadGenerator; readonly seconds: number },
): Promise<Round> {
  const loadBefore = endedChildrenUs();
  const meter = new CpuMeter(pid, scenario.counts === 'connections' ? 0 : scenario.clients);
  const result = await scenario.run(target, how);
  const cpu = meter.stop();
  const loadAfter = endedChildrenUs();
  const { count, perSecond, latencies } = result;
  if (count === 0) throw new Error('not a single one was served');
  const load = loadBefore === undefined || loadAfter === undefined ? null : loadAfter - loadBefore;
  const latencyUs = (share: number): number | null => latencies?.percentileUs(share) ?? null;
  const perOne = (us: number | null | undefined): number | null =>
    us === null || us === undefined ? null : us / count;
  return {
    count,
    perSecond,
    p50Us: latencyUs(0.5),
    p99Us: latencyUs(0.99),
    p999Us: latencyUs(0.999),
    maxUs: latencyUs(1),
    cpuUs: perOne(cpu?.totalUs),
    userUs: perOne(cpu?.userUs),
    systemUs: perOne(cpu?.systemUs),
    residentBytes: (pid === undefined ? undefined : residentBytes(pid)) ?? null,
    // By the time that the counted work took: connecting before it may make this too much.
    loadCores: load === null ? null : (load * perSecond) / count / 1e6,
  };
}
