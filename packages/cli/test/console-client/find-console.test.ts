import { chmodSync } from 'node:fs';
import { loadConfig } from '../../src/config/load';
import { findConsoles } from '../../src/console-client/find-console';
import { reading } from '../support/config-files';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();

/** `kind` of each way to the console, the first first. */
function ways(settings: string, user = ''): readonly string[] {
  const ini = `[databases]\napp = host=db\n[pgbouncer]\nauth_file = ul\nlisten_addr = 127.0.0.1\n${user}${settings}`;
  const files = { '/p.ini': ini, '/ul': '"dba" "secret"\n' };
  const result = loadConfig('/p.ini', { cwd: '/', readFile: reading(files), environment: {} });
  if (result.kind === 'failed') throw new Error(result.problems[0]?.message);
  return findConsoles(result.config).map(
    ({ host, user: who, password, proof }) =>
      `${host} ${who} ${password === undefined ? 'unknown' : 'known'} ${proof}`,
  );
}

const TCP = '127.0.0.1 dba known scram';

test.each([
  ['auth_type = scram-sha-256\nadmin_users = dba\nunix_socket_dir =', [TCP]],
  [
    'auth_type = scram-sha-256\nadmin_users = dba\nunix_socket_dir = @p',
    [TCP, '@p pgbouncer known scram'],
  ],
  ['auth_type = md5\nadmin_users = dba\nunix_socket_dir = @p', ['@p pgbouncer known scram', TCP]],
  [
    'auth_type = scram-sha-256\nadmin_users = other\nunix_socket_dir = @p',
    ['@p pgbouncer known scram', '127.0.0.1 other unknown scram'],
  ],
  ['auth_type = scram-sha-256\nunix_socket_dir = @p', ['@p pgbouncer known scram']],
  ['auth_type = scram-sha-256\nunix_socket_dir =', []],
])('%j', (settings, expected) => {
  expect(ways(settings)).toEqual(expected);
});

test('who does not own the process shows a password only where nobody else can listen', () => {
  const settings = `auth_type = md5\nadmin_users = dba\nunix_socket_dir = ${directory.path}`;
  const mine = process.getuid?.() === 0 ? 'user = nobody\n' : 'user = root\n';
  chmodSync(directory.path, 0o755);
  expect(ways(settings, mine)).toEqual([`${directory.path} dba known any`, TCP]);
  chmodSync(directory.path, 0o777);
  expect(ways(settings, mine)).toEqual([`${directory.path} dba known scram`, TCP]);
});
