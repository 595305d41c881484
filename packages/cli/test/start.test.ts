import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunOptions } from '../src/command-line';
import type { DaemonOptions } from '../src/daemon-options';
import { systemAccounts } from '../src/process/accounts';
import { NO_SERVICE } from '../src/service/service-environment';
import { start } from '../src/start';
import { tempDir } from './support/temp-dir';

const directory = tempDir();
const RUN: RunOptions = {
  configPath: 'p.ini',
  daemon: false,
  quiet: true,
  verbose: 0,
  user: undefined,
  restart: false,
};
const INI = `[databases]
* = host=x
[pgbouncer]
auth_type = trust
pidfile = p.pid
logfile = p.log
`;

function run(
  runDaemon: (options: DaemonOptions) => Promise<number>,
  { ini = INI, ...flags }: Partial<RunOptions> & { readonly ini?: string } = {},
) {
  writeFileSync(directory.file('p.ini'), ini);
  const errors: string[] = [];
  const code = start({
    run: { ...RUN, ...flags },
    cwd: directory.path,
    self: ['/no/such/program'],
    stderr: (text) => errors.push(text),
    service: NO_SERVICE,
    runDaemon,
  });
  return code.then((value) => ({ code: value, stderr: errors.join('') }));
}

test('the pidfile is there once the daemon is up, and gone when it has ended', async () => {
  const seen: boolean[] = [];
  const { code } = await run((daemon) => {
    seen.push(existsSync(directory.file('p.pid')));
    daemon.onUp('up');
    seen.push(existsSync(directory.file('p.pid')));
    return Promise.resolve(7);
  });
  expect(seen).toEqual([false, true]);
  expect(existsSync(directory.file('p.pid'))).toBe(false);
  expect(code).toBe(7);
});

test('a bad configuration starts nothing and shows every problem', async () => {
  let started = false;
  const { code, stderr } = await run(
    () => {
      started = true;
      return Promise.resolve(0);
    },
    { ini: '[pgbouncer]\nlisten_port = x\npool_mode = y\n' },
  );
  expect({ code, started }).toEqual({ code: 1, started: false });
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^p\.ini:2: problem: listen_port = "x"/),
    expect.stringMatching(/^p\.ini:3: problem: pool_mode = "y"/),
    'pgweir: cannot load config file p.ini',
    '',
  ]);
});

test('the pidfile of a running daemon keeps a second one from starting', async () => {
  // The parent of this process lives as long as the test does.
  writeFileSync(directory.file('p.pid'), `${process.ppid}\n`);
  const { code, stderr } = await run(() => Promise.resolve(0));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^pgweir: pidfile '.*p\.pid' exists, another instance running\?\n$/);
  expect(existsSync(directory.file('p.pid'))).toBe(true);
});

test('in the background a pidfile is required', async () => {
  const ini = INI.replace('pidfile = p.pid', '');
  const { code, stderr } = await run(() => Promise.resolve(0), { ini, daemon: true });
  expect(code).toBe(1);
  expect(stderr).toBe('pgweir: daemon needs pidfile configured\n');
});

test('a background start that fails says why', async () => {
  const { code, stderr } = await run(() => Promise.resolve(0), { daemon: true });
  expect(code).toBe(1);
  expect(stderr).toContain('ENOENT');
});

test('an unknown user or a log file that cannot be opened ends the start', async () => {
  const unknown = await run(() => Promise.resolve(0), { user: 'no-such-user-here' });
  expect(unknown).toEqual({
    code: 1,
    stderr: "pgweir: user 'no-such-user-here' is not known here\n",
  });
  const ini = INI.replace('p.log', 'no/such/folder.log');
  const log = await run(() => Promise.resolve(0), { ini });
  expect(log.code).toBe(1);
  expect(log.stderr).toContain("cannot open logfile 'no/such/folder.log': no such file");
});

/** Starts in a process of its own, which may change its user. @returns what it says */
function startApart(ini: string, flags: Partial<RunOptions> = {}): string {
  writeFileSync(directory.file('p.ini'), ini);
  const module = (name: string): string => JSON.stringify(join(__dirname, '../src', name));
  const script = `
    require('esbuild-register');
    const { start } = require(${module('start')});
    const { NO_SERVICE } = require(${module('service/service-environment')});
    const say = (text) => process.stdout.write(String(text));
    start({
      run: ${JSON.stringify({ ...RUN, ...flags })},
      cwd: ${JSON.stringify(directory.path)},
      self: ['/no/such/program'],
      stderr: say,
      service: NO_SERVICE,
      runDaemon: async () => (say(process.getuid()), 0),
    });`;
  const options = { cwd: join(__dirname, '..'), encoding: 'utf8' as const };
  return spawnSync(process.execPath, ['-e', script], options).stdout;
}

test('the daemon runs as the user of the settings; the flag -u goes first', () => {
  const ini = (user: string): string => `[databases]\n[pgbouncer]\nuser = ${user}\n`;
  if (process.getuid?.() === 0) {
    expect(startApart(ini('nobody'))).toBe(String(systemAccounts.user('nobody')?.uid));
    expect(startApart(ini('nobody'), { user: 'root' })).toBe('0');
  } else {
    expect(startApart(ini('root'))).toMatch(/^pgweir: cannot become user 'root': /);
    expect(startApart(ini('root'), { user: 'nobody' })).toMatch(/cannot become user 'nobody'/);
  }
});

test('a daemon that fails leaves its reason in the log and no pidfile', async () => {
  const { code } = await run((daemon) => {
    daemon.onUp('up');
    return Promise.reject(new Error('port 6432 is in use'));
  });
  expect(code).toBe(1);
  expect(readFileSync(directory.file('p.log'), 'utf8')).toContain(
    'ERROR cannot go on: port 6432 is in use',
  );
  expect(existsSync(directory.file('p.pid'))).toBe(false);
});

test('warnings of the configuration are in the log', async () => {
  await run(() => Promise.resolve(0), { ini: `${INI}pkt_buf = 8192\n` });
  expect(readFileSync(directory.file('p.log'), 'utf8')).toMatch(
    /WARNING p\.ini:7: warning: pkt_buf/,
  );
});

test('a reload compares with what was last read, not with what was read first', async () => {
  const seen: string[] = [];
  const reload = (daemon: DaemonOptions, ini: string): void => {
    writeFileSync(directory.file('p.ini'), ini);
    const result = daemon.reload();
    seen.push(
      result.kind === 'ok'
        ? `${result.config.pooler.clientsMax} ${result.config.listen.port} ${result.warnings.length}`
        : `${result.problems.length} problems`,
    );
  };
  await run((daemon) => {
    reload(daemon, `${INI}max_client_conn = 5\n`);
    reload(daemon, `${INI}max_client_conn = five\n`);
    reload(daemon, `${INI}max_client_conn = 6\nlisten_port = 1\n`);
    return Promise.resolve(0);
  });
  // The third has two warnings: nobody can log in without auth_file, and the port needs a restart.
  expect(seen).toEqual(['5 6432 1', '1 problems', '6 6432 2']);
});

test('whatever goes wrong in reading the files again, the daemon goes on with what it has', async () => {
  const { code } = await run((daemon) => {
    const broken = jest.replaceProperty(
      process,
      'env',
      new Proxy(process.env, {
        ownKeys: () => {
          throw new RangeError('overlooked');
        },
      }),
    );
    try {
      const result = daemon.reload();
      expect(result).toMatchObject({ kind: 'failed', problems: [{ file: 'p.ini' }] });
      expect(daemon.loaded().isOld).toBe(true);
    } finally {
      broken.restore();
    }
    expect(daemon.reload().kind).toBe('ok');
    expect(daemon.loaded().isOld).toBe(false);
    return Promise.resolve(7);
  });
  expect(code).toBe(7);
  expect(readFileSync(directory.file('p.log'), 'utf8')).toContain('RangeError: overlooked');
});
