import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseConnectionString } from '../config/connection-string';
import type { DaemonConfig } from '../config/daemon-config';
import type { IniEntry } from '../config/ini-assignment';
import { ENVIRONMENT } from '../config/ini-file';
import { SETTINGS } from '../config/settings';
import type { SettingTable } from '../config/settings/row';
import { reasonOf } from '../system-error';
import { type Diagnosis, fine, found } from './findings';

/**
 * Files with secrets are for nobody else, and what pgweir writes can be written. `entries`: of the
 * configuration itself, from whatever files they are. Changes nothing.
 */
export function checkFiles(
  config: DaemonConfig,
  cwd: string,
  entries: readonly IniEntry[],
): readonly Diagnosis[] {
  const { values, listen } = config;
  const secrets: readonly (readonly [name: string, file: string])[] = [
    ...filesWithSecrets(entries).map((file) => ['configuration', file] as const),
    ['auth_file', values.auth_file],
    ['client_tls_key_file', values.client_tls_key_file],
    ['server_tls_key_file', values.server_tls_key_file],
    ['mock_auth_secret_file', values.mock_auth_secret_file],
  ];
  const written = [
    ['pidfile', values.pidfile],
    ['logfile', values.logfile],
  ] as const;
  const dir = listen.unixSocketDir;
  return [
    ...secrets.flatMap(([name, file]) =>
      // What is in variables is in no file.
      file === '' || file.startsWith(ENVIRONMENT)
        ? []
        : [checkSecret(name, path.resolve(cwd, file))],
    ),
    ...written.flatMap(([name, file]) =>
      file === '' ? [] : [checkWritable(name, path.resolve(cwd, file))],
    ),
    ...(dir?.startsWith('/') ? checkSocketDir(dir) : []),
  ];
}

/** Those in which something stands that nobody else may see. */
function filesWithSecrets(entries: readonly IniEntry[]): readonly string[] {
  const files = entries.filter(hasSecret).map(({ file }) => file);
  return [...new Set(files)];
}

function hasSecret({ section, key, value }: IniEntry): boolean {
  if (section === 'pgbouncer') return isSecret(SETTINGS.pgbouncer, key, value);
  if (section !== 'databases') return false;
  const read = parseConnectionString(value);
  const parameters = read.kind === 'ok' ? read.parameters : [];
  return parameters.some((one) => isSecret(SETTINGS.databases, one.key, one.value));
}

function isSecret(table: SettingTable, key: string, value: string): boolean {
  if (value === '' || table[key]?.secret !== true) return false;
  // Some are secret for what may stand in them beside a place.
  if (key === 'auth_ldap_options') return /ldapbindpasswd/i.test(value);
  return !value.includes('://') || /:\/\/[^/\s]*@/.test(value);
}

function checkSocketDir(dir: string): readonly Diagnosis[] {
  const writable = checkWritable('unix_socket_dir', path.join(dir, 'socket'));
  const mode = statSync(dir, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS_WRITE) === 0) return [writable];
  return [writable, found('shared-folder', `unix_socket_dir ${dir}`, `mode ${shownMode(mode)}`)];
}

const OTHERS_WRITE = 0o002;

function shownMode(mode: number): string {
  return (mode & 0o1777).toString(8).padStart(4, '0');
}

const OTHERS_READ = 0o004;
const GROUP_READ = 0o040;

function checkSecret(name: string, file: string): Diagnosis {
  const subject = `${name} ${file}`;
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return found('not-examined', subject, 'it was there, and is gone');
  const shown = `mode ${shownMode(mode)}`;
  if ((mode & OTHERS_READ) !== 0) return found('readable-by-others', subject, shown);
  // A group of its own is a common way to give it to the service.
  const whom = (mode & GROUP_READ) === 0 ? 'its owner' : 'its owner and group';
  return fine('secret-file', subject, `${shown}: for ${whom} alone`);
}

/** The file itself if it is there; otherwise it has to be created in its folder. */
function checkWritable(name: string, file: string): Diagnosis {
  const target = existsSync(file) ? file : path.dirname(file);
  const shown = name === 'unix_socket_dir' ? path.dirname(file) : file;
  try {
    accessSync(target, constants.W_OK);
    return fine('writable', `${name} ${shown}`, 'can be written');
  } catch (error) {
    return found('not-writable', `${name} ${shown}`, reasonOf(error));
  }
}
