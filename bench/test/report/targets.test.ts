import type { About } from '../../src/report/report';
import { makeReport } from '../../src/report/report';
import type { TargetRow } from '../../src/report/targets';
import { ABOUT, cell, idleCell, result } from './sample';

function targetsOf(parts: Parameters<typeof result>[0], about: About = ABOUT) {
  const { targets } = makeReport(result(parts), about);
  return (what: string, contestant: string): Partial<TargetRow> =>
    targets.find((it) => it.what === what && it.contestant === contestant) ?? {};
}

test('a ratio is met at its limit and missed above it', () => {
  const of = (cpuUs: number) =>
    targetsOf({
      cells: [
        cell('simple c32', 'pgweir-node', [{ cpuUs }]),
        cell('simple c32', 'pgbouncer', [{ cpuUs: 10 }]),
      ],
    })('CPU per transaction, simple', 'pgweir-node');
  expect(of(14)).toMatchObject({ target: '≤ 1.4 × PgBouncer', measured: 1.4, verdict: 'met' });
  expect(of(14.1)).toMatchObject({ verdict: 'not met' });
});

test('more is better for connections a second', () => {
  const of = (perSecond: number) =>
    targetsOf({
      cells: [
        cell('churn scram c16', 'pgweir-bun', [{ perSecond }]),
        cell('churn scram c16', 'pgbouncer', [{ perSecond: 5000 }]),
      ],
    })('connections a second, SCRAM', 'pgweir-bun');
  expect(of(5000)).toMatchObject({ measured: 1, verdict: 'met' });
  expect(of(4999)).toMatchObject({ verdict: 'not met' });
});

test('without PgBouncer in the run there is no ratio, and nothing is met', () => {
  const cells = [cell('simple c32', 'pgweir-bun', [{ cpuUs: 1 }])];
  const row = targetsOf({ cells })('CPU per transaction, simple', 'pgweir-bun');
  expect(row).toMatchObject({ measured: null, verdict: 'not measured' });
});

test('two workers are judged with 128 clients, or with fewer where those were not measured', () => {
  const what = 'transactions a second with 2 workers';
  const with32 = [
    cell('simple c32', 'pgweir-bun-w2', [{ perSecond: 1200 }]),
    cell('simple c32', 'pgbouncer', [{ perSecond: 1000 }]),
  ];
  const with128 = [
    cell('simple c128', 'pgweir-bun-w2', [{ perSecond: 1400 }]),
    cell('simple c128', 'pgbouncer', [{ perSecond: 1000 }]),
  ];
  expect(targetsOf({ cells: with32 })(what, 'pgweir-bun-w2')).toMatchObject({
    where: 'simple c32',
    measured: 1.2,
    verdict: 'not met',
  });
  expect(targetsOf({ cells: [...with32, ...with128] })(what, 'pgweir-bun-w2')).toMatchObject({
    where: 'simple c128',
    measured: 1.4,
    verdict: 'met',
  });
});

test('idle memory counts with ten thousand clients only', () => {
  const of = (clients: number, kilobytes: number) =>
    targetsOf({ idle: [idleCell('pgweir-bun', clients, kilobytes)] })(
      'memory per idle client',
      'pgweir-bun',
    );
  expect(of(10_000, 2.5)).toMatchObject({ measured: 2.5, verdict: 'met' });
  expect(of(10_000, 2.6)).toMatchObject({ verdict: 'not met' });
  expect(of(1000, 1)).toMatchObject({ verdict: 'not measured' });
});

test('a cap exceeded by any pgweir is missed, whatever others do', () => {
  const cells = [cell('simple c32', 'pgweir-node', [{ cpuUs: 1 }])];
  const of = (byRole: Record<string, number>) =>
    targetsOf({ cells }, { ...ABOUT, refusals: { byRole, serverFull: 0 } })(
      'caps exceeded',
      'pgweir',
    );
  expect(of({})).toMatchObject({ measured: 0, verdict: 'met' });
  expect(of({ pgbouncer_burst: 3 })).toMatchObject({ measured: 0, verdict: 'met' });
  expect(of({ pgweir_node_burst: 1 })).toMatchObject({ measured: 1, verdict: 'not met' });
});
