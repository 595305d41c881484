import type { BenchmarkResult, Cell, IdleCell } from '../../src/benchmark';
import { CAPS } from '../../src/contestants/doors';
import type { Round } from '../../src/measure/round';
import type { About } from '../../src/report/report';
import { SCENARIOS } from '../../src/scenarios/select';

/** A round with these figures and any others. */
export function round(figures: Partial<Round>): Round {
  return {
    count: 1000,
    perSecond: 1000,
    p50Us: 100,
    p99Us: 900,
    p999Us: 1000,
    maxUs: 1500,
    cpuUs: null,
    userUs: null,
    systemUs: null,
    residentBytes: 50e6,
    loadCores: 0.2,
    ...figures,
  };
}

export function cell(name: string, contestant: string, rounds: readonly Partial<Round>[]): Cell {
  const scenario = SCENARIOS.find((it) => it.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return { scenario, contestant, rounds: rounds.map(round) };
}

export function idleCell(contestant: string, clients: number, kilobytesEach: number): IdleCell {
  const bytesPerClient = kilobytesEach * 1000;
  return { contestant, clients, residentBytes: 1e7 + clients * bytesPerClient, bytesPerClient };
}

export function result(parts: Partial<BenchmarkResult>): BenchmarkResult {
  return { cells: [], idle: [], failures: [], skipped: [], ...parts };
}

export const ABOUT: About = {
  startedAt: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  machine: { cpu: 'a CPU', cores: 2, memoryBytes: 2 ** 34, system: 'Linux 6', loadAverage: 0.1 },
  versions: { direct: '18', 'pgweir-node': '0.1.0', 'pgweir-bun': '0.1.0', pgbouncer: '1.18.0' },
  run: { load: 'pgbench', rounds: 3, secondsPerRound: 5, links: CAPS },
  absent: [],
  refusals: { byRole: {}, serverFull: 0 },
};
