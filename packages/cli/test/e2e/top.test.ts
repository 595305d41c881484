import { readFileSync } from 'node:fs';
import { daemonCommand, pgbouncerCommand, startDaemon, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { run, testWith } from './support/programs';
import { startEither, testBoth, WHY } from './support/rehearsal';
import { configText, type Rig, type RigOptions, startRig } from './support/rig';
import { Terminal } from './support/terminal';

const OPTIONS: RigOptions = {
  databases: { app: '{server} dbname=postgres user=postgres pool_size=1' },
  settings: {
    auth_type: 'scram-sha-256',
    pool_mode: 'transaction',
    admin_users: 'dba',
    stats_users: 'looker',
  },
  userlist: '"dba" "dba-secret"\n"looker" "looker-secret"\n"web" "web-secret"\n',
};

let rig: Rig;

beforeAll(async () => {
  rig = await startRig(OPTIONS);
});

afterAll(() => rig?.stop());

const TOP = (): string => [...daemonCommand(), 'top'].map((word) => `'${word}'`).join(' ');

async function client(name: string): Promise<Client> {
  const { host, port } = rig.daemon;
  const connection = new Client({
    ...{ host, port, database: 'app', user: 'web', password: 'web-secret' },
    application_name: name,
  });
  connection.on('error', () => undefined);
  await connection.connect();
  return connection;
}

test('without a terminal it prints one page, as whom the file or the URL says', async () => {
  const [program, ...first] = daemonCommand();
  const top = (...args: readonly string[]) =>
    run(program, [...first, 'top', '--interval', '0.2', ...args]);
  const holder = await client('holder');
  try {
    await holder.query('BEGIN');
    const { port, configFile } = rig.daemon;
    const byFile = await top(configFile);
    expect(byFile).toMatchObject({ code: 0, stderr: '' });
    expect(byFile.stdout).toMatch(/^pgweir \d+\.\d+\.\d+ {2}127\.0\.0\.1:\d+ as dba {2}active/);
    expect(byFile.stdout).toMatch(/^app +postgres +0 .* 1 +1 +1 +0 trans$/m);
    expect(byFile.stdout).not.toContain('\u001b');
    const url = `postgres://looker:looker-secret@127.0.0.1:${port}`;
    expect((await top('--once', '--url', url)).stdout).toContain('as looker');
    const wrong = await top('--url', `postgres://looker:wrong@127.0.0.1:${port}`);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('looker');
    expect(wrong.stderr).not.toContain('wrong');
    expect(await top('--url', 'postgres://looker@127.0.0.1:1')).toMatchObject({ code: 1 });
  } finally {
    await holder.end();
  }
});

testBoth(`of PgBouncer it shows what its console has${WHY}`, async () => {
  const bouncer = await startEither(rig.cluster, pgbouncerCommand());
  try {
    const [program, ...first] = daemonCommand();
    const url = `postgres://reader:reader%20secret@127.0.0.1:${bouncer.port}`;
    const args = [...first, 'top', '--once', '--interval', '0.2', '--url', url];
    const { stdout, stderr, code } = await run(program, args);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(/^PgBouncer \d.* as reader/);
    expect(stdout).toContain('clients 0 (0 waiting)  links 0 (0 busy)  0 tx/s');
  } finally {
    await bouncer.stop();
  }
});

testWith('tmux')(
  'an operator sees who waits, pauses, resumes and kills, and is asked first',
  async () => {
    const holder = await client('holder');
    const waiter = await client('waiter \u001b[31mred');
    const terminal = new Terminal(`${TOP()} --interval 0.2 '${rig.daemon.configFile}'; sleep 60`);
    try {
      await holder.query('BEGIN');
      const waits = waiter.query('SELECT 1').catch((error: unknown) => error);
      await terminal.shows('1 waiting, the first for');
      await terminal.shows(/^app +postgres +1 /m);

      terminal.type('k');
      await terminal.shows(/waiting .* 127\.0\.0\.1 +waiter/m);
      terminal.type('k');
      await terminal.shows(/^kill client \d+ \(app, .*y\/N$/m);
      terminal.type('n');
      await terminal.shows('not done: kill client');
      terminal.type('k');
      await terminal.shows('y/N');
      terminal.type('y');
      await terminal.shows('done: kill client');
      expect(await waits).toMatchObject({ code: '57P01' });

      terminal.type('1');
      await terminal.shows('DATABASE');
      await terminal.shows(/^app /m);
      terminal.type('py');
      await terminal.shows('PAUSE app is under way');
      await terminal.shows(/^app .* paused$/m);
      await holder.query('COMMIT');
      await terminal.shows('done: PAUSE app');
      terminal.type('ry');
      await terminal.shows('done: RESUME app');
      await holder.query('SELECT 1');

      terminal.resize(60, 12);
      await terminal.shows(/^DATABASE USER.*BUSY ~$/m);
      for (const tab of ['2', '3', '4', '5', '6', '?']) terminal.type(tab);
      await terminal.shows('any key: back');
    } finally {
      terminal.close();
      await Promise.all([holder.end(), waiter.end()]);
    }
  },
);

testWith('tmux')('the terminal is as it was, however it ends', async () => {
  const after =
    "; echo ended with $?; stty -a | tr ' ;' '\\n\\n' | grep -x -e -*icanon -e -*echo; sleep 60";
  const pidFile = `${rig.daemon.dir}/top.pid`;
  const start = `sh -c 'echo $$ > ${pidFile}; exec "$0" "$@"'`;
  const command = `${start} ${TOP()} --interval 0.2 '${rig.daemon.configFile}'${after}`;
  const pidOf = (): number => Number(readFileSync(pidFile, 'utf8'));
  for (const [end, code] of [
    [(terminal: Terminal) => terminal.type('q'), 0],
    [(terminal: Terminal) => terminal.key('C-c'), 0],
    [() => process.kill(pidOf(), 'SIGTERM'), 143],
  ] as const) {
    const terminal = new Terminal(command);
    try {
      await terminal.shows('clients 0');
      end(terminal);
      await terminal.shows(`ended with ${code}`);
      await terminal.shows(/^icanon\necho$|^echo\nicanon$|^icanon$/m);
      expect(terminal.text()).not.toContain('clients 0');
    } finally {
      terminal.close();
    }
  }
});

testWith('tmux')('it can be stopped and go on, by a key or by a signal', async () => {
  const pidFile = `${rig.daemon.dir}/top.pid`;
  const notingPid = `sh -c 'echo $$ > ${pidFile}; exec "$0" "$@"'`;
  const terminal = new Terminal('bash --norc --noprofile -i');
  try {
    terminal.type(`${notingPid} ${TOP()} --interval 0.2 '${rig.daemon.configFile}'`);
    terminal.key('Enter');
    const byKey = (): void => terminal.key('C-z');
    const bySignal = (): void => {
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTSTP');
    };
    for (const stop of [byKey, bySignal]) {
      await terminal.shows('clients 0');
      stop();
      await terminal.shows('Stopped');
      expect(terminal.text()).not.toContain('clients 0');
      terminal.type('clear; fg');
      terminal.key('Enter');
    }
    await terminal.shows('clients 0');
    terminal.type('q');
    await waitFor(() => !terminal.text().includes('clients 0'), { what: 'the shell to be back' });
  } finally {
    terminal.close();
  }
});

testWith('tmux')(
  'a daemon that goes and comes back, which is the last thing here, is waited for',
  async () => {
    const terminal = new Terminal(`${TOP()} --interval 0.2 '${rig.daemon.configFile}'; sleep 60`);
    const { port } = rig.daemon;
    try {
      await terminal.shows('as dba  active');
      await rig.daemon.stop('SIGKILL');
      await terminal.shows('connection lost, trying again');
      const again = await startDaemon({
        config: configText(rig.cluster.primary, OPTIONS),
        userlist: OPTIONS.userlist ?? '',
        port,
      });
      try {
        await terminal.shows('connected again');
        await waitFor(() => !terminal.text().includes('lost'), {
          what: 'the head to be as before',
        });
      } finally {
        await again.stop();
      }
    } finally {
      terminal.close();
    }
  },
);
