import type { Setting, SettingTable } from '../config/settings/row';
import { entry, manualHead, paragraphs, section, subsection, verbatim } from './roff';
import { accepted, ENTRIES, GROUPS, meaning } from './setting-groups';

const SYNTAX = `The file has the format of \`pgbouncer.ini\`: \`[section]\`, \`key = value\`, comments on lines of
their own that begin with \`;\` or \`#\`, and \`%include FILE\`. A name with unusual characters stands in 'single
quotes'. \`pgweir --check FILE\` reports every problem and warning with its line, and opens nothing.

Times are seconds (\`30\`, \`0.5\`) or a number with a unit: \`us\`, \`ms\`, \`s\`, \`min\`, \`h\`, \`d\`. Whole
numbers may be octal (\`0777\`) or hexadecimal (\`0x1ff\`). Switches are \`0\` or \`1\`, or a word such as \`on\`.

A reload (SIGHUP, or RELOAD on the console) applies the file as a whole or not at all. It does not change
settings marked "restart".`;

const EXAMPLE = `[databases]
app = host=10.0.0.5 port=5432 dbname=app

[pgbouncer]
listen_addr = *
listen_port = 6432
auth_type = scram-sha-256
auth_file = /etc/pgweir/userlist.txt
pool_mode = transaction
default_pool_size = 20
admin_users = dba
`;

/** pgweir(5): every setting, from the table of settings. */
export function settingsManual(): string {
  const groups = GROUPS.map(([title, table]) => subsection(title, globals(table)));
  const entries = ENTRIES.map(([title, text, table]) =>
    section(title.replaceAll('`', ''), paragraphs(text), parameters(table)),
  );
  return `${[
    manualHead(5, 'the configuration of pgweir'),
    section('DESCRIPTION', paragraphs(SYNTAX)),
    section('[pgbouncer]', ...groups),
    ...entries,
    section('EXAMPLES', verbatim(EXAMPLE)),
    section('SEE ALSO', paragraphs('`pgweir`(1)')),
  ].join('\n')}\n`;
}

function globals(table: SettingTable): string {
  return listed(table, (row) => [
    accepted(row),
    row.default === '' ? 'not set by default' : `default: ${row.default}`,
    ...(row.reloadable ? [] : ['restart']),
  ]);
}

function parameters(table: SettingTable): string {
  return listed(table, (row) => [accepted(row)]);
}

function listed(table: SettingTable, facts: (row: Setting<unknown>) => readonly string[]): string {
  return Object.entries(table)
    .map(([name, row]) => entry(name, `${meaning(row)}${limitation(row)}`, facts(row).join('; ')))
    .join('\n');
}

/** What does not work, and why. */
function limitation({ class: of }: Setting<unknown>): string {
  switch (of.kind) {
    case 'works':
      return '';
    case 'no-effect':
      return ` Accepted without effect: ${of.why}.`;
    case 'refused':
      return ` Refused unless it is ${of.silentAt}: ${of.why}.`;
  }
}
