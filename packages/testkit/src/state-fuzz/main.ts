import { parseArgs } from 'node:util';
import { MAJORS } from '../postgres/binaries';
import { checkState, type StateFuzzReport } from './check';

const USAGE = `Many sessions, few links: does each find its own state, and nobody else's?

  main.js [--seconds 60] [--seed n] [--sessions 24] [--links 6] [--major 18] [--direct] [--session-mode]
          [--client plain|tls|unix] [--runtime node|bun] [--workers n] [--set 'name = value' ...]
          [--without statement ...] [--counts]

Starts PostgreSQL and pgweir by itself. --direct asks PostgreSQL without pgweir. --without leaves
statements of a name out, --counts says how often each was used. Ends with 1 at the first wrong answer.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      sessions: { type: 'string', default: '24' },
      links: { type: 'string', default: '6' },
      major: { type: 'string', default: '18' },
      'session-mode': { type: 'boolean', default: false },
      direct: { type: 'boolean', default: false },
      client: { type: 'string', default: 'plain' },
      runtime: { type: 'string' },
      workers: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      without: { type: 'string', multiple: true, default: [] },
      counts: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const major = MAJORS.find((each) => String(each) === values.major);
  if (major === undefined) throw new Error(`--major is one of ${MAJORS.join(', ')}`);
  if (values.runtime !== undefined) process.env.PGWEIR_TEST_RUNTIME = values.runtime;
  const report = await checkState({
    seconds: wholeNumber('seconds', values.seconds),
    seed: wholeNumber('seed', values.seed),
    sessions: wholeNumber('sessions', values.sessions),
    links: wholeNumber('links', values.links),
    major,
    direct: values.direct,
    follows: values['session-mode'],
    clientSide: oneOf(['plain', 'tls', 'unix'] as const, 'client', values.client),
    extraLines: [
      ...values.set,
      ...(values.workers === undefined ? [] : [`workers = ${values.workers}`]),
    ],
    without: values.without,
    onProgress: ({ statements, sessions }) => {
      process.stderr.write(`${statements} statements, ${sessions} sessions\n`);
    },
  });
  process.stdout.write(reportText(report));
  if (values.counts) process.stdout.write(countsText(report));
  return report.violations.length === 0 ? 0 : 1;
}

function reportText({ seed, seconds, counts, violations }: StateFuzzReport): string {
  return [
    ...violations.map((each) => `VIOLATION ${each}\n`),
    `seed ${seed}, ${seconds.toFixed(0)} s, ${violations.length} violations`,
    `${counts.statements} statements in ${counts.groups} groups, ${counts.errors} errors as foreseen, ` +
      `${counts.sessions} sessions (${counts.vanished} vanished), ${counts.cancels} cancelled, ` +
      `${counts.notifications} notifications, ${counts.parameters} parameters told`,
    '',
  ].join('\n');
}

function countsText({ counts }: StateFuzzReport): string {
  const sorted = [...counts.byName].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${String(count).padStart(9)} ${name}\n`).join('');
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
