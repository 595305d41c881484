import { spawnSync } from 'node:child_process';
import { daemonCommand, freePort, startDaemon } from '@pgweir/testkit';
import { consoleRows } from './support/crew';

function check(...args: readonly string[]) {
  const [program, ...first] = daemonCommand();
  const { status, stdout } = spawnSync(program, [...first, 'healthcheck', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout };
}

function config(...more: readonly string[]): string {
  return `[databases]
app = host=127.0.0.1 port=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {dir}
auth_file = userlist.txt
${more.join('\n')}
`;
}

const USERLIST = '"app" "secret"\n';

test('a daemon is healthy while it runs, by its file or its address, and then it is not', async () => {
  const daemon = await startDaemon({
    config: config('auth_type = scram-sha-256'),
    userlist: USERLIST,
  });
  try {
    const name = `127.0.0.1:${daemon.port}`;
    const serving = { status: 0, stdout: `${name} - serving\n` };
    expect(check(daemon.configFile)).toEqual(serving);
    expect(check('--listen', name)).toEqual(serving);
    expect(check('--listen', daemon.socketPath)).toMatchObject({ status: 0 });
    const { configFile, socketPath } = daemon;
    await daemon.stop('SIGTERM');
    expect(check('--listen', name)).toMatchObject({ status: 2 });
    expect(check('--listen', socketPath)).toMatchObject({ status: 2 });
    expect(check(configFile)).toMatchObject({ status: 3 });
  } finally {
    await daemon.stop();
  }
});

test('with metrics_addr it asks /readyz, which says more than that somebody listens', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const daemon = await startDaemon({
    config: config('auth_type = trust', 'admin_users = app', `metrics_addr = ${address}`),
    userlist: USERLIST,
  });
  try {
    const serving = { status: 0, stdout: `${address} - serving\n` };
    expect(check(daemon.configFile)).toEqual(serving);
    expect(check('--addr', address)).toEqual(serving);
    await consoleRows(daemon, 'PAUSE');
    expect(check('--listen', `127.0.0.1:${daemon.port}`)).toMatchObject({ status: 0 });
    const paused = {
      status: 1,
      stdout: `${address} - rejecting: 503 {"status":"not ready","reason":"paused"}\n`,
    };
    expect(check(daemon.configFile)).toEqual(paused);
    expect(check('--addr', address)).toEqual(paused);
  } finally {
    await daemon.stop();
  }
  expect(check('--addr', address)).toMatchObject({ status: 2 });
});

test('the socket of a daemon may be a name in the abstract space', async () => {
  const daemon = await startDaemon({
    config: `[databases]
app = host=127.0.0.1 port=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = @pgweir-test-{port}
auth_type = md5
auth_file = userlist.txt
admin_users = dba
`,
    userlist: '"dba" "dba-secret"\n',
  });
  try {
    const name = `@pgweir-test-${daemon.port}`;
    const path = `${name}/.s.PGSQL.${daemon.port}`;
    expect(check('--listen', path)).toEqual({ status: 0, stdout: `${path} - serving\n` });
    expect(check('--listen', `${path}x`)).toMatchObject({ status: 2 });
    // The password could not be proven by TCP without being shown.
    const [program, ...first] = daemonCommand();
    const args = [...first, 'top', '--interval', '0.2', daemon.configFile];
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: daemon.dir });
    expect(stderr).toBe('');
    expect(stdout).toContain(`  ${name}:${daemon.port} as pgbouncer  active`);
  } finally {
    await daemon.stop();
  }
});
