import { markdown } from '../../src/report/markdown';
import { makeReport } from '../../src/report/report';

const round = (cpuUs: number | null, perSecond: number) => ({
  transactions: perSecond,
  perSecond,
  p50Us: 100,
  p99Us: 900,
  cpuUs,
  userUs: cpuUs === null ? null : cpuUs / 4,
  systemUs: cpuUs === null ? null : (cpuUs * 3) / 4,
});

const about = {
  startedAt: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  machine: { cpu: 'a CPU', cores: 2, memoryBytes: 2 ** 34, system: 'Linux 6', loadAverage: 0.1 },
  versions: { pgweir: '0.1.0', pgbouncer: '1.18.0' },
  run: {
    load: 'pgbench',
    rounds: 3,
    secondsPerRound: 5,
    linksInTransactionMode: 20,
    linksInSessionMode: 40,
  },
};

const scenario = 'simple c32';
const pgweir = { scenario, contestant: 'pgweir', rounds: [9, 8, 30].map((us) => round(us, 900)) };
const bouncer = { scenario, contestant: 'pgbouncer', rounds: [round(6, 1000)] };

function rowOf(name: string, text: string): string[] {
  const line = text.split('\n').find((it) => it.startsWith('|') && it.includes(` ${name} `));
  return (line ?? '').split('|').map((cell) => cell.trim());
}

test('figures are medians, ratios are against PgBouncer of the same scenario', () => {
  const report = makeReport({ cells: [pgweir, bouncer], idle: [], failures: [] }, about);
  const row = rowOf('pgweir', markdown(report));
  const figures = ['9.00', '2.25', '6.75', '900', '100', '900', '1.50', '0.90'];
  expect(row.slice(3, -1)).toEqual(figures);
});

test('without PgBouncer ratios are against PostgreSQL itself, which has no CPU of a pooler', () => {
  const direct = { scenario, contestant: 'direct', rounds: [round(null, 1800)] };
  const report = makeReport({ cells: [direct, pgweir], idle: [], failures: [] }, about);
  expect(markdown(report)).toContain('tx/s ÷ direct');
  expect(rowOf('pgweir', markdown(report)).slice(-3, -1)).toEqual(['–', '0.50']);
});

test('what failed is listed with its reason', () => {
  const failure = { contestant: 'pgweir', during: scenario, reason: 'refused\nmore' };
  const report = makeReport({ cells: [bouncer], idle: [], failures: [failure] }, about);
  expect(markdown(report)).toContain('- pgweir, simple c32: refused more\n');
});
