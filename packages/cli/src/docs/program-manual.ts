import { commandOptions, optionsOf } from '../command-line';
import { PREFIX, TEXTS } from '../config/environment/variables';
import { SIGNALS } from '../signals';
import { commandOf } from '../tools/tool';
import { TOOLS } from '../tools/tools';
import { entry, manualHead, paragraphs, section, verbatim } from './roff';

const DESCRIPTION = `\`pgweir\` stands between applications and PostgreSQL and lets many clients share few connections. It
speaks the PostgreSQL protocol on both sides, and reads the files of PgBouncer as they are.

It runs in the foreground unless \`-d\` is given, logs to stderr and to \`logfile\`, and is told what to do by signals, or
on the console: the database \`pgbouncer\` (or \`pgweir\`) for those who are in \`admin_users\`.`;

/** Beyond what its help says. */
const MORE: Readonly<Record<string, string>> = {
  'iam-token':
    'It is signed with the credentials of AWS that the environment, a profile, the container or the instance has.',
};

const FILES: Readonly<Record<string, string>> = {
  'config.ini': 'The configuration: `pgweir`(5). There is no default for its place.',
  auth_file: 'Names and passwords (or SCRAM verifiers) of users, one per line in double quotes.',
  'auth_hba_file, auth_ident_file':
    'Rules of who may log in, from where and how, and maps of names for them.',
  iam_map_file: 'Which identities of IAM may log in as which users.',
  pidfile: 'The number of the process while it runs.',
  logfile: 'Log lines are appended. It is opened again by SIGHUP.',
  '/dev/log': 'Where lines go as well with `syslog = 1`.',
  'unix_socket_dir/.s.PGSQL.port.restart':
    'Where another process asks for the ports (`-R`), for processes of the same user alone.',
  'unix_socket_dir/.s.PGSQL.port': 'The Unix socket, with the port of `listen_port`.',
};

const ENVIRONMENT: Readonly<Record<string, string>> = {
  'PGWEIR_NAME, PGWEIR_NAME_FILE':
    'With `--from-env`, and where a file says `%include env:`: the value of the setting `name` of `[pgbouncer]`, or the ' +
    'file that has it. A setting whose own name ends in `_file` is that setting. A name that is none is a problem.',
  ...Object.fromEntries(
    Object.entries(TEXTS).map(([word, help]) => [`${PREFIX}${word.toUpperCase()}`, help]),
  ),
  NOTIFY_SOCKET:
    'The service manager is told there when the daemon is ready, reloads and stops, and how it goes.',
  'WATCHDOG_USEC, WATCHDOG_PID':
    'Signs of life are sent to NOTIFY_SOCKET twice in so many microseconds.',
  'LISTEN_FDS, LISTEN_PID':
    'Sockets that the service manager has opened. They are listened on instead of `listen_addr` and ' +
    '`unix_socket_dir`; `listen_backlog` holds for them. Not with `-d`.',
  AWS_ENDPOINT_URL_STS:
    'URL of what is asked instead of the regional endpoints of STS (`auth_type = iam`): https, or http to this ' +
    'host.',
  JOURNAL_STREAM:
    'Where stderr is the journal, lines on it carry their levels, and neither time nor process.',
};

/** pgweir(1): the command line, signals and files. */
export function programManual(): string {
  const options = commandOptions().map(({ flags, help }) => entry(flags, `${sentence(help)}.`));
  return `${[
    manualHead(1, 'connection pooler for PostgreSQL'),
    section('SYNOPSIS', '.B pgweir', '.RI [ options ]', '.I config.ini'),
    section('DESCRIPTION', paragraphs(DESCRIPTION)),
    section('OPTIONS', ...options),
    ...TOOLS.map(toolSection),
    section('SIGNALS', ...entries(SIGNALS)),
    section(
      'EXIT STATUS',
      paragraphs(
        '0 after a shutdown that was asked for (and for a configuration that `--check` finds usable), 1 otherwise.',
      ),
    ),
    section('FILES', ...entries(FILES)),
    section('ENVIRONMENT', ...entries(ENVIRONMENT)),
    section('EXAMPLES', verbatim(EXAMPLES)),
    section('SEE ALSO', paragraphs('`pgweir`(5)')),
  ].join('\n')}\n`;
}

function toolSection(tool: (typeof TOOLS)[number]): string {
  const command = commandOf(tool);
  const usage = `\`pgweir ${tool.word}\` ${command.createHelp().commandUsage(command).replace(`${command.name()} `, '')}`;
  const text = [usage, command.description(), MORE[tool.word]].filter((part) => part !== undefined);
  const options = optionsOf(command).map(({ flags, help }) => entry(flags, `${sentence(help)}.`));
  return section(`PGWEIR ${tool.word.toUpperCase()}`, paragraphs(text.join('\n\n')), ...options);
}

const EXAMPLES = `pgweir --check /etc/pgweir/pgweir.ini
pgweir /etc/pgweir/pgweir.ini
psql "host=127.0.0.1 port=6432 user=dba dbname=pgbouncer" -c 'SHOW POOLS'
`;

function entries(table: Readonly<Record<string, string>>): string[] {
  return Object.entries(table).map(([term, text]) => entry(term, text));
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
