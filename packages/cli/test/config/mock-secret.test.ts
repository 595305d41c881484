import { loaded, problems } from '../support/config-files';

const INI = '[databases]\n* = host=x\n[pgbouncer]\nauth_file = userlist.txt\n';
const secret = (users: string, more: Readonly<Record<string, string>> = {}, line = ''): string =>
  loaded(`${INI}${line}\n`, {
    '/etc/pgweir/userlist.txt': users,
    ...more,
  }).pooler.mockAuthenticationSecret.toString('hex');

test('the same files give the same secret, in every process and after a restart', () => {
  expect(secret('"a" "b"\n')).toBe(secret('"a" "b"\n'));
  expect(secret('"a" "b"\n')).toHaveLength(64);
});

test('other users or another machine give another secret', () => {
  const base = secret('"a" "b"\n');
  expect(secret('"a" "c"\n')).not.toBe(base);
  expect(secret('"a" "b"\n', { '/etc/machine-id': '0123\n' })).not.toBe(base);
});

test('mock_auth_secret_file stands above everything else', () => {
  const own = { '/etc/pgweir/mock': 'long and random' };
  const line = 'mock_auth_secret_file = mock';
  expect(secret('"a" "b"\n', own, line)).toBe(
    secret('"other" "users"\n', { ...own, '/etc/machine-id': '0123\n' }, line),
  );
  expect(secret('', { '/etc/pgweir/mock': 'something else' }, line)).not.toBe(
    secret('', own, line),
  );
});

test('an empty mock_auth_secret_file is a problem: everybody could guess it', () => {
  const files = { '/etc/pgweir/userlist.txt': '', '/etc/pgweir/mock': '\n' };
  expect(problems(`${INI}mock_auth_secret_file = mock\n`, files)).toEqual([
    '5: mock_auth_secret_file: the file is empty',
  ]);
});
