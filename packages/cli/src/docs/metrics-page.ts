import { METRIC_GROUPS } from '../metrics/prometheus/table';
import { linked, markdownTable } from './markdown';

const INTRODUCTION = `# Metrics

Generated from the table of metrics (\`npm run docs -w packages/cli\`); do not edit. How to scrape them and
what to be alarmed by: docs/metrics.md.

Times are seconds, sizes are bytes. A counter never falls while the daemon runs, whatever becomes of workers
and databases; it begins anew with a restart. A histogram has the series \`_bucket\`, \`_sum\` and \`_count\`.
`;

/** The reference of all metrics, in Markdown. */
export function metricsPage(): string {
  const groups = METRIC_GROUPS.map(([title, metrics]) => {
    const rows = metrics.map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.join(', '),
      help,
    ]);
    return `## ${title}\n\n${markdownTable(['metric', 'type', 'labels', 'meaning'], rows)}`;
  });
  return [linked(INTRODUCTION), ...groups].join('\n');
}
