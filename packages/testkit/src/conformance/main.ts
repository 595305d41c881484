import { parseArgs } from 'node:util';
import { availableMajors, type Major, majorOf } from '../postgres/binaries';
import { pgbouncerVersion } from '../process/pgbouncer';
import { CONTENDERS, type ContenderName } from './contender';
import { runConformance } from './environment';
import type { Result } from './runner';
import { WAYS, type Way } from './scenario';
import { allScenarios } from './scenarios';
import { failures, groupTable, outcomeTable, summary } from './table';
import { textOf } from './transcript';

const USAGE = `Session state in transaction mode: can a client tell a pooler from PostgreSQL?

Plays scenarios to PostgreSQL itself and through a pooler, where they are alone or compete with sessions
of other state for few links, and compares everything that a client sees.

  main.js [--major 14..18|all]     default 18
          [--against track|leak|pgbouncer|direct]   may be given more than once; default track.
                                   track, leak: pgweir's session_state; direct: PostgreSQL again
          [--way alone|compete]    default both
          [--only text]            scenarios with this in their name or group
          [--table]                a table by group; without --against, of all contenders there are
          [--runtime node|bun]     what pgweir runs on
          [--deadline ms]          for each step that waits; default 5000
          [--parallel n]           scenarios at a time; default 2
          [--show]                 what PostgreSQL itself answered, too
          [--progress]             each result on stderr at once
          [--list]                 names of the scenarios
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      major: { type: 'string', default: '18' },
      against: { type: 'string', multiple: true },
      way: { type: 'string' },
      only: { type: 'string', default: '' },
      table: { type: 'boolean', default: false },
      runtime: { type: 'string' },
      deadline: { type: 'string', default: '5000' },
      parallel: { type: 'string', default: '2' },
      show: { type: 'boolean', default: false },
      progress: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(USAGE);
  const { only } = values;
  const scenarios = allScenarios().filter(
    ({ name, group }) => name.includes(only) || group.includes(only),
  );
  if (values.list) return print(scenarios.map(({ group, name }) => `${group}: ${name}\n`).join(''));
  if (values.runtime !== undefined) process.env.PGWEIR_TEST_RUNTIME = values.runtime;
  const contenders = values.against?.map(contenderOf) ?? everybody(values.table);
  const results: Result[] = [];
  for (const major of majorsOf(values.major))
    results.push(
      ...(await runConformance({
        major,
        scenarios,
        contenders,
        ways: values.way === undefined ? WAYS : [wayOf(values.way)],
        deadlineMs: Number(values.deadline),
        parallel: Number(values.parallel),
        onResult: ({ scenario, contender, way, outcome }) => {
          if (values.progress)
            process.stderr.write(`${outcome.kind} ${contender} ${way}: ${scenario}\n`);
        },
      })),
    );
  if (values.show) print(transcripts(results));
  const wrong = failures(results);
  // A table is there to show what others do not pass.
  const ours = values.table ? failures(results.filter(isOurs)) : wrong;
  print(`${outcomeTable(results)}\n\n${ours.map((each) => `${each}\n\n`).join('')}`);
  if (values.table) print(`${groupTable(results, pgbouncerVersion())}\n\n`);
  print(`${summary(results)}\n`);
  return ours.length === 0 ? 0 : 1;
}

function transcripts(results: readonly Result[]): string {
  const seen = new Map(results.map((each) => [`${each.scenario} (${each.major})`, each.direct]));
  return [...seen]
    .map(([title, { steps }]) => [`== ${title}`, ...textOf(steps), '', ''].join('\n'))
    .join('');
}

function isOurs({ contender }: Result): boolean {
  return contender === 'track' || contender === 'direct';
}

function everybody(isTable: boolean): readonly ContenderName[] {
  if (!isTable) return ['track'];
  return pgbouncerVersion() === undefined ? ['track', 'leak'] : ['track', 'leak', 'pgbouncer'];
}

function contenderOf(text: string): ContenderName {
  const found = CONTENDERS.find((each) => each === text);
  if (found === undefined) throw new Error(`--against is one of ${CONTENDERS.join(', ')}`);
  return found;
}

function wayOf(text: string): Way {
  const found = WAYS.find((each) => each === text);
  if (found === undefined) throw new Error(`--way is one of ${WAYS.join(', ')}`);
  return found;
}

function majorsOf(text: string): readonly Major[] {
  if (text === 'all') return availableMajors();
  return [majorOf(text)];
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
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 2;
  },
);
