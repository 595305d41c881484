import { parseArgs } from 'node:util';
import { majorOf } from '../postgres/binaries';
import { ACCIDENTS } from './accidents';
import { failoverRounds, type RoundsReport } from './rounds';

const USAGE = `Failovers under load: is every acknowledged commit there, once, and who sees an error?

  main.js [--rounds 50] [--seed n] [--clients 12] [--runtime node|bun] [--workers n] [--pool-mode transaction|session]
          [--only accident] [--split] [--replicas 2] [--major 18] [--set 'name = value' ...] [--log]

Starts PostgreSQL with replicas and pgweir by itself. Ends with 1 at the first thing that must not be.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      clients: { type: 'string', default: '12' },
      major: { type: 'string', default: '18' },
      runtime: { type: 'string' },
      workers: { type: 'string' },
      only: { type: 'string' },
      replicas: { type: 'string', default: '2' },
      split: { type: 'boolean', default: false },
      'pool-mode': { type: 'string', default: 'transaction' },
      set: { type: 'string', multiple: true, default: [] },
      log: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.runtime !== undefined) process.env.PGWEIR_TEST_RUNTIME = values.runtime;
  const { workers, only } = values;
  const accidents = ACCIDENTS.filter((accident) => only === undefined || accident === only);
  if (accidents.length === 0) throw new Error(`--only: one of ${ACCIDENTS.join(', ')}`);
  const poolMode = values['pool-mode'];
  if (poolMode !== 'transaction' && poolMode !== 'session')
    throw new Error('--pool-mode: transaction or session');
  const report = await failoverRounds({
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    major: majorOf(values.major),
    clients: Number(values.clients),
    replicas: Number(values.replicas),
    accidents,
    splits: values.split,
    poolMode,
    extraLines: [...values.set, ...(workers === undefined ? [] : [`workers = ${workers}`])],
    onRound: ({ accident, promotedAfterMs, firstWriteMs, longestMs }) => {
      const ms = (value: number): string => `${value.toFixed(0)} ms`;
      process.stderr.write(
        `${accident}: promoted after ${ms(promotedAfterMs)}, first write ${ms(firstWriteMs)} later, ` +
          `longest wait ${ms(longestMs)}\n`,
      );
    },
  });
  process.stdout.write(text(report, values.seed));
  if (values.log || report.wrong.length > 0) process.stdout.write(report.log);
  return report.wrong.length === 0 ? 0 : 1;
}

function text(report: RoundsReport, seed: string): string {
  const { rounds, wrong, committed, rolledBack, unknown, errors } = report;
  const first = rounds.map(({ firstWriteMs }) => firstWriteMs).sort((a, b) => a - b);
  const half = first[Math.floor(first.length / 2)] ?? Number.NaN;
  const codes = [...errors].map(([code, count]) => `${code} ${count} times`).join(', ');
  return [
    ...wrong.map((line) => `WRONG ${line}`),
    `seed ${seed}, ${rounds.length} rounds, ${wrong.length} things wrong`,
    `${committed} entries committed, ${rolledBack} rolled back, ${unknown} unknown; errors: ${codes}`,
    `first write after the promotion: p50 ${half.toFixed(0)} ms, max ${(first.at(-1) ?? Number.NaN).toFixed(0)} ms`,
    '',
  ].join('\n');
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
