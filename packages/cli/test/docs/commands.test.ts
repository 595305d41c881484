import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { parseCommand } from '../../src/admin/command';
import { isCommand } from '../../src/admin/commands';
import { httpPort } from '../e2e/support/http';
import { onPath, run } from '../e2e/support/programs';
import { ROOT, readPages } from '../support/docs/pages';
import {
  NPX_PGWEIR,
  README_HTTP,
  type ReadmeStage,
  startReadme,
  writeReadmeFiles,
} from '../support/docs/readme-stage';
import { commandsOf } from '../support/docs/shell';
import { type Proof, proofOf } from '../support/docs/shell-table';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const BLOCKS = readPages().flatMap(({ blocks }) => blocks);
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh').flatMap(commandsOf);
let stage: ReadmeStage;

beforeAll(async () => {
  stage = await startReadme();
});
afterAll(async () => await stage.stop());

/** Text of a test file, without what a line end may have cut. */
const scripts = (manifest: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(join(ROOT, manifest), 'utf8')).scripts ?? {};

/** What a command names has to be there, whoever runs it. */
function missing(command: string): readonly string[] {
  const [, script, folder = '.'] = /^npm run (\S+)(?:.* -w (\S+))?/.exec(command) ?? [];
  const lacks =
    script === undefined || Object.hasOwn(scripts(join(folder, 'package.json')), script)
      ? []
      : [`there is no script ${script} in ${folder}`];
  const files = [...command.matchAll(/(?<=^|\s)((?:packages|docker|examples)\/[\w./-]+)/g)];
  return [
    ...lacks,
    ...files
      // What an earlier command makes.
      .filter(([file]) => !file.startsWith('docker/secrets/'))
      // Of what is built, the source.
      .map(([file]) => file.replace('/dist/', '/src/').replace(/(?<=src\/.*)\.js$/, '.ts'))
      .filter((file) => !existsSync(join(ROOT, file)))
      .map((file) => `there is no ${file}`),
  ];
}

/** With the port of this stage, to the end, as psql or else pg says it. */
async function psql(command: string): Promise<void> {
  const here = command
    .replace('port=6432', `port=${stage.daemon.port}`)
    .replace('-p 6432', `-p ${stage.daemon.port}`);
  const user = /(?:user=|-U )(\w+)/.exec(here)?.[1] ?? '';
  const password = stage.passwords.get(user) ?? '';
  if (onPath('psql')) {
    const args = [...here.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
      ([, double, single, plain]) => double ?? single ?? plain ?? '',
    );
    const question = args.includes('-c') ? [] : ['-c', 'SELECT 1'];
    const ran = await run('psql', [...args.slice(1), ...question], {
      env: { PGPASSWORD: password },
    });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    return;
  }
  const database = /dbname=(\w+)/.exec(here)?.[1] ?? 'pgbouncer';
  await withClient({ user, password, database }, async (client) => {
    const asked = [...here.matchAll(/-c '([^']+)'/g)].map(([, question = '']) => question);
    for (const question of asked.length === 0 ? ['SELECT 1'] : asked) await client.query(question);
  });
}

async function withClient(
  who: Readonly<Record<'user' | 'password' | 'database', string>>,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port: stage.daemon.port, ...who });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function prove(proof: Proof, command: string): Promise<void> {
  switch (proof.kind) {
    case 'every run':
      return;
    case 'not run':
      expect(proof.why.length).toBeGreaterThan(10);
      return;
    case 'test':
      expect(readFileSync(join(ROOT, proof.file), 'utf8')).toContain(proof.title);
      return;
    case 'run':
      await RUNS[proof.how](command);
  }
}

const RUNS: Readonly<
  Record<Extract<Proof, { kind: 'run' }>['how'], (command: string) => Promise<void>>
> = {
  check: async () => {
    writeReadmeFiles(directory.path);
    const inFolder = 'cd "$0" && exec "$@"';
    const words = ['-c', inFolder, directory.path, NPX_PGWEIR, '--check', 'pgweir.ini'];
    const ran = await run('sh', words);
    expect(ran.stderr + ran.stdout).not.toMatch(/: (problem|warning): /);
    expect(ran.code).toBe(0);
  },
  serves: async () => {
    expect(stage.daemon.log()).toContain('process up');
  },
  psql,
  tool: async (command) => {
    const here = command
      .replace(/(\/etc\/pgweir\/)?\bpgweir\.ini/, stage.daemon.configFile)
      .replace(README_HTTP, `127.0.0.1:${httpPort(stage.daemon)}`)
      .replace('127.0.0.1:6432', `127.0.0.1:${stage.daemon.port}`);
    const words = here.replace(/^(npx )?pgweir /, '').split(' ');
    const ran = await run(NPX_PGWEIR, words, { input: 'its own\n', cwd: stage.daemon.dir });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).not.toBe('');
  },
  token: async (command) => {
    const words = /\$\(pgweir ([^)]*)\)/.exec(command)?.[1]?.split(' ') ?? [];
    const env = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'none' };
    const ran = await run(NPX_PGWEIR, words, { env });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^pgweir-iam-v1\.[\w-]+\n$/);
  },
};

test.each(COMMANDS)('$place does what it should: $text', async ({ text }) => {
  expect(missing(text)).toEqual([]);
  const proof = proofOf(text);
  if (proof === undefined) {
    throw new Error(
      `nothing is known of this command: add a row to packages/cli/test/support/docs/shell-table.ts that says ` +
        'which test runs it, or why none can',
    );
  }
  await prove(proof, text);
});

const CONSOLE = BLOCKS.filter(({ language }) => language === 'sql')
  .map((block) => ({
    ...block,
    lines: block.text.split('\n').filter((line) => line.trim() !== ''),
  }))
  .filter(({ lines }) => lines.every((line) => isCommand(parseCommand(line))));

test.each(CONSOLE)('the console carries out $page:$line', async ({ lines }) => {
  const who = { user: 'dba', password: stage.passwords.get('dba') ?? '', database: 'pgbouncer' };
  await withClient(who, async (client) => {
    for (const line of lines) await client.query(line);
  });
});

test('the application of the README works in its database through pgweir', async () => {
  const who = {
    user: 'app_user',
    password: stage.passwords.get('app_user') ?? '',
    database: 'app',
  };
  await withClient(who, async (client) => {
    const { rows } = await client.query('SELECT current_user, current_database()');
    expect(rows).toEqual([{ current_user: 'app_user', current_database: 'app' }]);
  });
});

test('commands are told apart, and nothing is known of a new one', () => {
  const text = 'a "b # c && d" \\\n  e   # said\nf && g; h\n';
  expect(commandsOf({ page: 'p', line: 1, text })).toEqual([
    { place: 'p:2', text: 'a "b # c && d" e' },
    { place: 'p:4', text: 'f' },
    { place: 'p:4', text: 'g' },
    { place: 'p:4', text: 'h' },
  ]);
  expect(proofOf('rm -rf /')).toBeUndefined();
  expect(missing('npm run no-such')).toEqual(['there is no script no-such in .']);
  expect(missing('node packages/cli/dist/no-such.js')).toEqual([
    'there is no packages/cli/src/no-such.ts',
  ]);
});
