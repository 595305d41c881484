import { parseArgs } from 'node:util';
import { MAJORS, type Major, majorOf } from '../postgres/binaries';
import { prepare, startEnvironment } from './environment';
import type { PlayTarget } from './player';
import { type Result, runScripts, type Targets } from './runner';
import { MODES, type PoolMode, type Script } from './script';
import { allScripts } from './scripts';
import { failures, resultTable } from './table';

const USAGE = `Plays scripts of client bytes to PostgreSQL and through pgweir and compares the replies.

  main.js [--major 14..18|all]                          starts everything itself (default 18)
  main.js --direct host:port --through host:port --mode session|transaction|statement
          --user name [--password text] [--database name] [--through-database name] [--major n]

  --mode name     only this mode          --only text   only scripts with this in their names
  --list          names of the scripts    --deadline ms for each step that waits (default 10000)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      major: { type: 'string', default: '18' },
      direct: { type: 'string' },
      through: { type: 'string' },
      mode: { type: 'string' },
      user: { type: 'string', default: 'postgres' },
      password: { type: 'string' },
      database: { type: 'string' },
      'through-database': { type: 'string' },
      only: { type: 'string', default: '' },
      deadline: { type: 'string', default: '10000' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(USAGE);
  const scripts = allScripts().filter(({ name }) => name.includes(values.only));
  if (values.list) return print(`${scripts.map(({ name }) => name).join('\n')}\n`);
  const modes = values.mode === undefined ? MODES : [modeOf(values.mode)];
  const options: Plan = { scripts, modes, deadlineMs: Number(values.deadline) };
  const results: Result[] = [];
  if (values.direct !== undefined && values.through !== undefined) {
    const [mode] = modes;
    if (modes.length !== 1 || mode === undefined) throw new Error('--through needs --mode');
    const { user, password, database = user } = values;
    const as = { user, database, ...(password === undefined ? {} : { password }) };
    const direct = { ...as, ...address(values.direct) };
    const throughAs = { ...as, database: values['through-database'] ?? database };
    const through = { [mode]: { ...throughAs, ...address(values.through) } };
    results.push(...(await runExternal(options, direct, through, majorOf(values.major))));
  } else {
    const majors = values.major === 'all' ? MAJORS : [majorOf(values.major)];
    for (const major of majors) results.push(...(await runSelfContained(options, major)));
  }
  const wrong = failures(results);
  print(`${resultTable(results)}\n${wrong.map((each) => `\n${each}\n`).join('')}`);
  return wrong.length === 0 ? 0 : 1;
}

interface Plan {
  readonly scripts: readonly Script[];
  readonly modes: readonly PoolMode[];
  readonly deadlineMs: number;
}

async function runSelfContained(plan: Plan, major: Major): Promise<Result[]> {
  const environment = await startEnvironment(major);
  try {
    return await runScripts(plan.scripts, environment.targets, plan);
  } finally {
    await environment.stop();
  }
}

async function runExternal(
  plan: Plan,
  direct: PlayTarget,
  through: Targets['through'],
  major: Major,
): Promise<Result[]> {
  const { reset, end } = await prepare(direct);
  try {
    return await runScripts(plan.scripts, { major, direct, through, reset }, plan);
  } finally {
    await end();
  }
}

function address(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port)) throw new Error(`not host:port: ${text}`);
  return { host: text.slice(0, colon), port };
}

function modeOf(text: string): PoolMode {
  const found = MODES.find((mode) => mode === text);
  if (found === undefined) throw new Error(`--mode is one of ${MODES.join(', ')}, not ${text}`);
  return found;
}

function print(text: string): 0 {
  process.stdout.write(text);
  return 0;
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
