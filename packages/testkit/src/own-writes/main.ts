import { parseArgs } from 'node:util';
import { majorOf } from '../postgres/binaries';
import { checkOwnWrites, type OwnWritesReport } from './check';

const USAGE = `Reads after writes, with a replica that is behind: does every session see what it knows?

  main.js [--seconds 60] [--seed n] [--clients 12] [--delay-ms 300] [--runtime node|bun] [--workers n]
          [--entry 'parameters of the entry'] [--major 18] [--set 'name = value' ...] [--log]

Starts PostgreSQL with two replicas and pgweir by itself. Ends with 1 when a read was stale.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      clients: { type: 'string', default: '12' },
      'delay-ms': { type: 'string', default: '300' },
      major: { type: 'string', default: '18' },
      runtime: { type: 'string' },
      workers: { type: 'string' },
      entry: { type: 'string', default: '' },
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
  const { workers } = values;
  const report = await checkOwnWrites({
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    major: majorOf(values.major),
    clients: Number(values.clients),
    delayMs: Number(values['delay-ms']),
    entry: values.entry,
    extraLines: [...values.set, ...(workers === undefined ? [] : [`workers = ${workers}`])],
  });
  process.stdout.write(text(report, values.seed));
  if (values.log || report.wrong.length > 0) process.stdout.write(report.log);
  return report.wrong.length === 0 ? 0 : 1;
}

function text(report: OwnWritesReport, seed: string): string {
  const { readsOnPrimary, readsOnFastReplica, readsOnSlowReplica, wrong } = report;
  const all = readsOnPrimary + readsOnFastReplica + readsOnSlowReplica;
  const part = (reads: number): string => `${reads} (${((100 * reads) / all).toFixed(1)} %)`;
  return [
    ...wrong.slice(0, 20).map((line) => `WRONG ${line}`),
    `seed ${seed}: ${all} reads, ${wrong.length} things wrong`,
    `on the primary ${part(readsOnPrimary)}, on the replica ${part(readsOnFastReplica)}, ` +
      `on the one that is behind ${part(readsOnSlowReplica)}`,
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
