import { parseArgs } from 'node:util';
import { MAJORS } from '../postgres/binaries';
import { checkIsolation, type IsolationReport } from './check';

const USAGE = `Many clients, few links: does each get its own answers and nobody else's?

  main.js [--queries 1000000] [--clients 300] [--links 8] [--major 18] [--seed n]
          [--client plain|tls|unix] [--server plain|tls] [--set 'name = value' ...]

--set adds a line to pgweir's configuration; PGWEIR_TEST_RUNTIME says what pgweir runs on.
Starts PostgreSQL and pgweir by itself. Ends with 1 when a single byte was wrong.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      queries: { type: 'string', default: '1000000' },
      clients: { type: 'string', default: '300' },
      links: { type: 'string', default: '8' },
      major: { type: 'string', default: '18' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      client: { type: 'string', default: 'plain' },
      server: { type: 'string', default: 'plain' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const major = MAJORS.find((each) => String(each) === values.major);
  if (major === undefined) throw new Error(`--major is one of ${MAJORS.join(', ')}`);
  const report = await checkIsolation({
    queries: wholeNumber('queries', values.queries),
    clients: wholeNumber('clients', values.clients),
    links: wholeNumber('links', values.links),
    seed: wholeNumber('seed', values.seed),
    major,
    clientSide: oneOf(['plain', 'tls', 'unix'] as const, 'client', values.client),
    serverSide: oneOf(['plain', 'tls'] as const, 'server', values.server),
    extraLines: values.set,
    onProgress: ({ queries, bytes }, violations) => {
      const megabytes = Math.round(bytes / 1e6);
      process.stderr.write(`${queries} queries, ${megabytes} MB, ${violations} violations\n`);
    },
  });
  process.stdout.write(reportText(report));
  return report.violations === 0 ? 0 : 1;
}

function reportText(report: IsolationReport): string {
  const { counts } = report;
  return [
    `seed ${report.seed}, ${report.seconds.toFixed(0)} s`,
    `${counts.queries} queries, ${counts.bytes} bytes checked, ${counts.connections} connections`,
    `${counts.cancels} cancel requests (${counts.canceled} met their statement), ` +
      `${counts.timeouts} timeouts, ${counts.aborted} clients vanished, ` +
      `${counts.slowReads} slow reads, ${report.rows} committed rows`,
    `${report.violations} violations`,
    ...report.details.map((each) => `  ${each}`),
    '',
  ].join('\n');
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} is a number`);
  return number;
}

function oneOf<const T extends string>(known: readonly T[], name: string, value: string): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new Error(`--${name} is one of ${known.join(', ')}`);
  return found;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
