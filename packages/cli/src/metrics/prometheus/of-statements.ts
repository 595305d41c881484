import { OTHER_STATEMENTS, type StatementView } from '@pgweir/pooler';
import { counter, gauge, type Metric, type MetricScene, type Sample } from './metric';

/** So many statements have series: those that have taken most of PostgreSQL's time. */
const STATEMENTS_MAX = 20;
const OF_STATEMENT = {
  labels: ['database', 'user', 'fingerprint'],
  series: STATEMENTS_MAX,
  staysUp: false,
} as const;

function top({ picture }: MetricScene): readonly StatementView[] {
  return picture.statements
    .filter(({ fingerprint }) => fingerprint !== OTHER_STATEMENTS.fingerprint)
    .sort((a, b) => b.times.sumUs - a.times.sumUs)
    .slice(0, STATEMENTS_MAX);
}

function each(of: (statement: StatementView) => number): (scene: MetricScene) => readonly Sample[] {
  return (scene) =>
    top(scene).map((statement) => {
      const { database, fingerprint, user } = statement;
      return { labels: [database, user, fingerprint], value: of(statement) };
    });
}

/** Those of one fingerprint look alike. Where one has to sign in to see them they are not here either. */
function infos(scene: MetricScene): readonly Sample[] {
  if (scene.config.http.dashboard === 'private') return [];
  const byFingerprint = new Map(top(scene).map((each) => [each.fingerprint, each.statement]));
  return [...byFingerprint].map((labels) => ({ labels, value: 1 }));
}

/**
 * The statements that cost most, with `statement_stats`. They are chosen by totals, which change slowly: a
 * statement that falls behind loses its series. One that `statement_stats_max` has pushed out begins anew
 * when it is back: its counts fall, and what it had counted is in no metric.
 */
export const OF_STATEMENTS: readonly Metric[] = [
  counter(
    'pgweir_statement_calls_total',
    'How often a statement has run. Only of the 20 that took most time, with statement_stats; begins anew when it was pushed out.',
    each(({ calls }) => calls),
    OF_STATEMENT,
  ),
  counter(
    'pgweir_statement_errors_total',
    'How often it has failed.',
    each(({ errors }) => errors),
    OF_STATEMENT,
  ),
  counter(
    'pgweir_statement_rows_total',
    'Rows that it has returned or changed.',
    each(({ rows }) => rows),
    OF_STATEMENT,
  ),
  counter(
    'pgweir_statement_seconds_total',
    "PostgreSQL's time for it.",
    each(({ times }) => times.sumUs / 1e6),
    OF_STATEMENT,
  ),
  counter(
    'pgweir_statement_wait_seconds_total',
    'For how long it has waited for links.',
    each(({ waitUs }) => waitUs / 1e6),
    OF_STATEMENT,
  ),
  gauge(
    'pgweir_statement_info',
    'What it looks like without its literals. Always 1. Not with dashboard = private.',
    infos,
    {
      labels: ['fingerprint', 'statement'],
      series: STATEMENTS_MAX,
      fold: 'max',
    },
  ),
];
