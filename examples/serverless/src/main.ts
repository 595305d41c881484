import { Command, InvalidArgumentError } from 'commander';
import { problems, report } from './report';
import { type RunOptions, run } from './run';

/** @returns the exit code */
async function main(): Promise<number> {
  const command = new Command('npm run example:serverless --')
    .description('functions that log in to pgweir with IAM, all at once, with stand-ins of AWS')
    .option('--invocations <n>', 'how many at once', positiveInteger, 1000)
    .option('--links <n>', 'how many connections pgweir may have', positiveInteger, 50)
    .option('--processes <n>', 'that play Lambda', positiveInteger, 2)
    .option('--workers <n>', 'of pgweir', positiveInteger, 1)
    .parse();
  const options = command.opts<Omit<RunOptions, 'say'>>();
  const result = await run({ ...options, say: (line) => console.log(line) });
  console.log(report(result, options.links));
  const found = problems(result, options);
  for (const problem of found) console.error(problem);
  return found.length === 0 ? 0 : 1;
}

function positiveInteger(text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}

main().then(
  // Nothing should be left that keeps the process; what is printed must get out, though.
  (code) => process.stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
