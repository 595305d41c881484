import { type Daemon, startDaemon } from '@pgweir/testkit';
import { run, testWith } from './support/programs';

let daemon: Daemon | undefined;

afterEach(async () => {
  await daemon?.stop();
});

describe.each([1, 2])('with workers = %d', (workers) => {
  testWith('psql')('libpq finds a Unix socket in the abstract name space', async () => {
    const directory = `@pgweir-test-${process.pid}-${workers}`;
    daemon = await startDaemon({
      config: [
        '[databases]',
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        'listen_port = {port}',
        `unix_socket_dir = ${directory}`,
        'auth_type = trust',
        'auth_file = {dir}/userlist.txt',
        'admin_users = app',
        `workers = ${workers}`,
      ].join('\n'),
      userlist: '"app" ""\n',
    });
    const env = { PGHOST: directory, PGPORT: String(daemon.port), PGUSER: 'app' };
    const args = ['--no-psqlrc', '--dbname', 'pgbouncer', '--command', 'SHOW VERSION'];
    const { code, stdout, stderr } = await run('psql', args, { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('pgweir');
  });
});
