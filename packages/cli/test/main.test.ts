import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@pgweir/testkit';
import { tempDir } from './support/temp-dir';

const MAIN = path.join(__dirname, '..', 'dist', 'main.js');
const directory = tempDir();

function pgweir(...args: readonly string[]) {
  if (!existsSync(MAIN)) throw new Error('not built: npm run build');
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: directory.path,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const TEN_MISTAKES = `[databases]
pgbouncer = host=x
app = host=x prot=5432
[pgbouncer]
listen_port = 70000
pool_mode = transactional
max_client_con = 5
query_timeout = -1
this is no assignment
auth_type = ldap
client_tls_sslmode = requird
[pgbouncers]
`;

test('npm links a program that is there before anything is built', () => {
  const folder = path.join(__dirname, '..');
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const program = path.join(folder, bin.pgweir);
  expect(program).not.toContain('dist');
  const { stdout } = spawnSync(program, ['-V'], { encoding: 'utf8' });
  expect(stdout).toContain('pgweir');
});

test('ten mistakes: ten messages with file and line, and exit 1', () => {
  writeFileSync(directory.file('ten.ini'), TEN_MISTAKES);
  const { code, stdout, stderr } = pgweir('ten.ini');
  expect(code).toBe(1);
  expect(stdout).toBe('');
  const places = stderr.split('\n').flatMap((line) => line.match(/^ten\.ini:\d+(?=: )/) ?? []);
  expect(places).toEqual([2, 3, 5, 6, 7, 8, 9, 10, 11, 12].map((line) => `ten.ini:${line}`));
});

test('--check shows problems, warnings and notes together, with a verdict', () => {
  writeFileSync(
    directory.file('bad.ini'),
    `${TEN_MISTAKES}[pgbouncer]\npkt_buf = 1\nlisten_backlog = 9\n`,
  );
  const bad = pgweir('--check', 'bad.ini');
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain('bad.ini:14: warning: pkt_buf has no effect');
  expect(bad.stderr).toContain(
    'bad.ini:15: note: listen_backlog: without it 4096, where PgBouncer has 128',
  );
  expect(bad.stdout).toMatch(/^bad\.ini cannot be used: 10 problems, \d+ warnings?, \d+ notes?\n$/);
  writeFileSync(
    directory.file('good.ini'),
    '[databases]\n* = host=10.0.0.1 user=u\n[pgbouncer]\nauth_type=any\n',
  );
  expect(pgweir('--check', 'good.ini')).toEqual({
    code: 0,
    stdout: 'good.ini can be used: 0 problems, 0 warnings, 0 notes\n',
    stderr: '',
  });
});

test('without arguments it says what is missing', () => {
  const { code, stderr } = pgweir();
  expect(code).toBe(1);
  expect(stderr).toContain('pgweir: no configuration file specified\n');
});

test('-d returns when the daemon is up; SIGTERM ends it and removes the pidfile', async () => {
  writeFileSync(directory.file('users'), '"a" "b"\n');
  writeFileSync(
    directory.file('d.ini'),
    `[databases]
* = host=127.0.0.1
[pgbouncer]
auth_type = trust
auth_file = users
unix_socket_dir = ${directory.path}
pidfile = d.pid
logfile = d.log
`,
  );
  expect(pgweir('-d', 'd.ini')).toEqual({ code: 0, stdout: '', stderr: '' });
  const pid = Number(readFileSync(directory.file('d.pid'), 'utf8'));
  expect(readFileSync(directory.file('d.log'), 'utf8')).toContain(`[${pid}] LOG process up`);
  try {
    const second = pgweir('-d', 'd.ini');
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("d.pid' exists, another instance running?\n");
    process.kill(pid, 'SIGTERM');
    await waitFor(() => !existsSync(directory.file('d.pid')), { what: 'the daemon to end' });
  } finally {
    // Only after a failure: nothing may outlive the test.
    if (existsSync(directory.file('d.pid'))) process.kill(pid, 'SIGKILL');
  }
});
