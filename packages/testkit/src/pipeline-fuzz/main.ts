import { parseArgs } from 'node:util';
import { MAJORS } from '../postgres/binaries';
import { checkPipelines } from './check';

const USAGE = `Random pipelines of prepared statements: does pgweir answer as PostgreSQL itself?

  main.js [--seconds 60] [--seed n] [--major 18] [--runtime node|bun] [--set 'name = value' ...]

Starts both by itself. Ends with 1 at the first difference.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      major: { type: 'string', default: '18' },
      runtime: { type: 'string' },
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
  if (values.runtime !== undefined) process.env.PGWEIR_TEST_RUNTIME = values.runtime;
  const { pipelines, differences } = await checkPipelines({
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    major,
    extraLines: values.set,
  });
  for (const each of differences) process.stdout.write(`DIFFERENT ${each}\n`);
  process.stdout.write(`${pipelines} pipelines, ${differences.length} different\n`);
  return differences.length === 0 ? 0 : 1;
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
