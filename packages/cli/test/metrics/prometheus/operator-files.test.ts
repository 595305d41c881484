import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { METRICS } from '../../../src/metrics/prometheus/table';
import { run, testWith } from '../../e2e/support/programs';
import { FULL, Scrapes } from './stage';

const DOCKER = join(__dirname, '..', '..', '..', '..', '..', 'docker');
const ALERTS = join(DOCKER, 'prometheus', 'alerts.yml');
const DASHBOARD = join(DOCKER, 'grafana', 'dashboards', 'pgweir.json');

/** Every series that a metric may have, by its name in queries. */
const SERIES: ReadonlySet<string> = new Set(
  METRICS.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

function unknownIn(text: string): readonly string[] {
  const used = text.match(/\bpgweir_[a-z_]+/g) ?? [];
  return [...new Set(used)].filter((name) => !SERIES.has(name));
}

test('alerts ask for metrics that there are', () => {
  const text = readFileSync(ALERTS, 'utf8');
  expect(unknownIn(text)).toEqual([]);
  const { groups } = parse(text);
  const rules: readonly { alert: string; expr: string; annotations?: { summary?: string } }[] =
    groups[0].rules;
  expect(rules.length).toBeGreaterThan(10);
  for (const { alert, annotations } of rules) {
    expect([alert, annotations?.summary]).toEqual([alert, expect.stringMatching(/./)]);
  }
});

test('the dashboard asks for metrics that there are, and by database', () => {
  const text = readFileSync(DASHBOARD, 'utf8');
  expect(unknownIn(text)).toEqual([]);
  const board = JSON.parse(text);
  const panels: readonly { id: number; type: string; targets?: readonly { expr: string }[] }[] =
    board.panels;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const drawn = panels.filter(({ type }) => type !== 'row');
  for (const { targets = [] } of drawn) expect(targets.length).toBeGreaterThan(0);
  const names = board.templating.list.map(({ name }: { readonly name: string }) => name);
  expect(names).toEqual(['datasource', 'instance', 'database']);
});

testWith('promtool')('promtool has nothing to say about the alerts, and they fire', async () => {
  const checked = await run('promtool', ['check', 'rules', ALERTS]);
  expect(checked).toMatchObject({ code: 0 });
  const tried = await run('promtool', [
    'test',
    'rules',
    join(DOCKER, 'prometheus', 'alerts.test.yml'),
  ]);
  expect(tried).toMatchObject({ code: 0, stdout: expect.stringContaining('SUCCESS') });
});

testWith('promtool')('promtool has nothing to say about the metrics', async () => {
  const input = await new Scrapes().text(FULL);
  expect(await run('promtool', ['check', 'metrics'], { input })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
});
