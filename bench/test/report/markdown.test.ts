import { markdown } from '../../src/report/markdown';
import { makeReport } from '../../src/report/report';
import { ABOUT, cell, idleCell, result } from './sample';

const NAME = 'simple c32';
const pgweir = cell(
  NAME,
  'pgweir-node',
  [9, 8, 30].map((cpuUs) => ({ cpuUs, userUs: 2, systemUs: 7, perSecond: 900 })),
);
const bouncer = cell(NAME, 'pgbouncer', [{ cpuUs: 6, perSecond: 1000 }]);

/** The cells of the first row of these two words. */
function rowOf(contestant: string, scenario: string, text: string): string[] {
  const rows = text.split('\n').map((line) => line.split('|').map((it) => it.trim()));
  return rows.find((row) => row[1] === scenario && row[2] === contestant)?.slice(3, -1) ?? [];
}

function textOf(parts: Parameters<typeof result>[0], about = ABOUT): string {
  return markdown(makeReport(result(parts), about), 'run');
}

test('figures are medians, ratios are against PgBouncer of the same scenario', () => {
  const text = textOf({ cells: [pgweir, bouncer] });
  const figures = ['9.00', '2.00', '7.00', '900', '100', '900', '50', '1.50', '0.90'];
  expect(rowOf('pgweir-node', NAME, text)).toEqual(figures);
});

test('without PgBouncer ratios are against PostgreSQL itself, which has no CPU of a pooler', () => {
  const text = textOf({ cells: [cell(NAME, 'direct', [{ perSecond: 1800 }]), pgweir] });
  expect(text).toContain('tx/s ÷ direct');
  expect(rowOf('pgweir-node', NAME, text).slice(-2)).toEqual(['–', '0.50']);
});

test('waits are shown of a thousand clients, with the longest divided by the median', () => {
  const waits = [{ p50Us: 50_000, p99Us: 80_000, p999Us: 90_000, maxUs: 100_000 }];
  const others = [{ p50Us: 50_000, p99Us: 160_000, p999Us: 200_000, maxUs: 200_000 }];
  const text = textOf({
    cells: [cell('queue c1000', 'pgweir-node', waits), cell('queue c1000', 'pgbouncer', others)],
  });
  const figures = ['1000', '50.0', '80.0', '90.0', '100.0', '2.00', '0.50'];
  expect(rowOf('pgweir-node', 'queue c1000', text)).toEqual(figures);
});

test('what failed for the same reason stands in one line', () => {
  const failure = { contestant: 'pgweir-bun', reason: 'refused\nmore' };
  const failures = [NAME, 'write c32'].map((during) => ({ ...failure, during }));
  const text = textOf({ cells: [bouncer], failures });
  expect(text).toContain('- pgweir-bun: refused more (simple c32, write c32)\n');
});

test('of a long reason both ends are shown', () => {
  const failure = {
    contestant: 'pgweir-bun',
    during: NAME,
    reason: `begin${' x'.repeat(900)} end`,
  };
  const text = textOf({ cells: [bouncer], failures: [failure] });
  expect(text).toMatch(/- pgweir-bun: begin x.{200,300}x end \(simple c32\)\n/);
});

test('who is absent and what nobody is asked to do is said, with the reason', () => {
  const skipped = [{ contestant: undefined, during: 'prepared c1000', reason: 'no pooling' }];
  const absent = [{ contestant: 'pgpool', reason: 'not on PATH' }];
  const text = textOf({ cells: [bouncer], skipped }, { ...ABOUT, absent });
  expect(text).toContain('- pgpool: not on PATH\n');
  expect(text).toContain('- everybody: no pooling (prepared c1000)\n');
});

test('caps that were exceeded are counted, by the role of the links', () => {
  expect(textOf({ cells: [bouncer] })).toContain("(53300 in PostgreSQL's log): 0.");
  const refusals = { byRole: { pgbouncer_burst: 3, pgweir_bun_scram: 1 }, serverFull: 0 };
  const text = textOf({ cells: [bouncer] }, { ...ABOUT, refusals });
  expect(text).toContain('log): 4 (pgbouncer_burst 3, pgweir_bun_scram 1).');
});

test('where the load generator may have been the limit is said', () => {
  const busy = cell('burst c1000', 'pgbouncer', [{ loadCores: 0.97 }]);
  expect(textOf({ cells: [busy] })).toContain('the limit, in: burst c1000 pgbouncer (1.0).');
  expect(textOf({ cells: [bouncer] })).not.toContain('the limit');
});

test('charts are linked under the name of the run', () => {
  const text = textOf({ cells: [bouncer], idle: [idleCell('pgbouncer', 1000, 0.9)] });
  expect(text).toContain('(run-cpu.svg)');
  expect(text).toContain('(run-idle.svg)');
  expect(text).not.toContain('(run-bulk.svg)');
});

test('what the floors cost against PgBouncer stands below the targets, where both took part', () => {
  const relay = cell(NAME, 'floor-bun', [{ cpuUs: 4.5 }]);
  const prepared = cell('prepared c32', 'floor-node', [{ cpuUs: 4 }]);
  const text = textOf({ cells: [bouncer, relay, prepared] });
  expect(text).toContain('× PgBouncer: floor-bun: simple 0.75. What');
  expect(textOf({ cells: [relay] })).not.toContain('a bare relay');
});
