import type { RunResult, Wave } from './run';
import { MAX_CONNECTIONS } from './shop';

const LABEL_CHARACTERS = 36;
const REASONS_SHOWN = 5;
const COMPLAINTS_SHOWN = 10;

/** What somebody wants to know who asks whether this holds. */
export function report(result: RunResult, links: number): string {
  const { cold, warm, linksMax, books, complaints } = result;
  return [
    '',
    ...waveLines('new environments, a new token each', cold),
    ...waveLines('the same again, with their tokens', warm),
    '',
    line(
      'connections that PostgreSQL had',
      `${linksMax} at most (pgweir may have ${links}, max_connections is ${MAX_CONNECTIONS})`,
    ),
    line('orders in the books', `${number(books.orders)}, ${number(books.taken)} taken from stock`),
    ...complaints.slice(0, COMPLAINTS_SHOWN).map((complaint) => `pgweir: ${complaint}`),
    '',
  ].join('\n');
}

/** What is not as it has to be; empty: all is well. */
export function problems(
  { cold, warm, linksMax, books }: RunResult,
  limits: { readonly invocations: number; readonly links: number },
): readonly string[] {
  const expected = 2 * limits.invocations;
  const errors = cold.errors.length + warm.errors.length;
  return [
    ...(errors === 0 ? [] : [`${errors} invocations failed`]),
    ...(linksMax <= limits.links ? [] : [`${linksMax} connections are more than ${limits.links}`]),
    ...(books.orders + errors >= expected && books.orders <= expected
      ? []
      : [`${books.orders} orders for ${expected} invocations`]),
    ...(books.taken === books.orders ? [] : ['stock and orders do not agree']),
  ];
}

function waveLines(label: string, wave: Wave): readonly string[] {
  const sorted = [...wave.latenciesMs].sort((a, b) => a - b);
  const quantile = (part: number): string =>
    `${number(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0)} ms`;
  const count = wave.latenciesMs.length + wave.errors.length;
  return [
    line(label, ''),
    line('  invocations, errors', `${number(count)}, ${number(wave.errors.length)}`),
    ...reasons(wave.errors),
    line('  time for all of them', `${(wave.elapsedMs / 1000).toFixed(2)} s`),
    line('  time of one: p50, p95', `${quantile(0.5)}, ${quantile(0.95)}`),
    line('  requests to STS', number(wave.stsRequests)),
  ];
}

function reasons(errors: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of errors) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, REASONS_SHOWN)
    .map(([text, count]) => `    ${count} × ${text}`);
}

function line(label: string, value: string): string {
  return `${label.padEnd(LABEL_CHARACTERS)}${value}`.trimEnd();
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}
