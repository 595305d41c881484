import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { Findings } from '../../src/config/finding';
import { readIniFile } from '../../src/config/ini-file';
import { loadConfig } from '../../src/config/load';
import { FileRecorder } from '../../src/config/recorded-files';
import { checkFiles } from '../../src/doctor/file-checks';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();

interface Written {
  readonly databases?: string;
  readonly settings?: string;
  readonly mode?: number;
}

/** What there is to say of a configuration and its files, but for what is well. */
function check({ databases = 'app = host=db', settings = '', mode = 0o600 }: Written) {
  writeFileSync(directory.file('users.txt'), '"app" "hidden"\n', { mode: 0o600 });
  const text = `[databases]\n${databases}\n[pgbouncer]\nauth_file = users.txt\nunix_socket_dir = ${directory.path}\n${settings}\n`;
  writeFileSync(directory.file('p.ini'), text);
  chmodSync(directory.file('p.ini'), mode);
  const { readFile } = new FileRecorder();
  const result = loadConfig('p.ini', { cwd: directory.path, readFile, environment: {} });
  if (result.kind === 'failed') throw new Error(result.problems[0]?.message);
  const { entries } = readIniFile('p.ini', { cwd: directory.path, readFile }, new Findings());
  const examine = () =>
    checkFiles(result.config, directory.path, entries)
      .filter(({ verdict }) => verdict !== 'ok')
      .map(({ name, subject }) => `${name}: ${subject.replace(directory.path, '.')}`);
  return { examine, found: examine() };
}

test.each([
  ['a password of an entry', { databases: 'app = host=db user=a password=hidden' }],
  ['that of the page', { settings: 'metrics_addr = 127.0.0.1:1\ndashboard_password = hidden' }],
  ['that of Patroni', { databases: 'app = host=db patroni=http://a:hidden@db:1' }],
  [
    'that of a directory',
    { settings: 'auth_ldap_options = ldapserver=db ldapbasedn=x ldapbindpasswd=hidden' },
  ],
])('an ini file that others may read has a secret in it: %s', (_what, written) => {
  expect(check({ ...written, mode: 0o644 }).found).toEqual([
    'readable-by-others: configuration ./p.ini',
  ]);
  expect(check({ ...written, mode: 0o640 }).found).toEqual([]);
});

test.each([
  { databases: 'app = host=db patroni=http://db:1' },
  { settings: 'metrics_addr = 127.0.0.1:1\ndashboard_password =' },
  { settings: 'auth_ldap_options = ldapserver=db ldapprefix=x' },
])('an ini file without a secret is for everybody: %j', (written) => {
  expect(check({ ...written, mode: 0o644 }).found).toEqual([]);
});

test('an included file is looked at by itself', () => {
  writeFileSync(directory.file('more.ini'), '[databases]\nb = host=db password=hidden\n');
  chmodSync(directory.file('more.ini'), 0o644);
  expect(check({ mode: 0o644, settings: '%include more.ini' }).found).toEqual([
    'readable-by-others: configuration ./more.ini',
  ]);
});

test('a list of users that others may read, or that is gone by now', () => {
  const { examine } = check({});
  chmodSync(directory.file('users.txt'), 0o644);
  expect(examine()).toEqual(['readable-by-others: auth_file ./users.txt']);
  rmSync(directory.file('users.txt'));
  expect(examine()).toEqual(['not-examined: auth_file ./users.txt']);
});

test('a folder for sockets in which everybody may put one', () => {
  chmodSync(directory.path, 0o1777);
  expect(check({}).found).toEqual(['shared-folder: unix_socket_dir .']);
});
