import type { Setting, SettingTable } from '../config/settings/row';
import { markdownTable } from './markdown';
import { accepted, ENTRIES, GROUPS, meaning } from './setting-groups';

const INTRODUCTION = `# Settings

Generated from the table of settings (\`npm run docs -w packages/cli\`); do not edit.

The file has the format of \`pgbouncer.ini\`: \`[section]\`, \`key = value\`, comments on lines of their own
that begin with \`;\` or \`#\`, and \`%include FILE\`. A name with unusual characters stands in 'single
quotes'. \`pgweir --check FILE\` reports every problem and warning, and what differs from PgBouncer, with its
line, and opens nothing.

Times are seconds (\`30\`, \`0.5\`) or a number with a unit: \`us\`, \`ms\`, \`s\`, \`min\`, \`h\`, \`d\`. Whole
numbers may be octal (\`0777\`) or hexadecimal (\`0x1ff\`). Switches are \`0\` or \`1\`, or a word such as
\`on\`.

The column _class_ says: **works**; **no effect** (accepted, with one warning); **refused** (only the
value given there is accepted). _restart_ marks settings that a reload does not change.
`;

/** The manual page of all settings, in Markdown. */
export function settingsPage(): string {
  const globals = GROUPS.map(([title, table]) => `### ${title}\n\n${globalTable(table)}`);
  const entries = ENTRIES.map(
    ([title, text, table]) => `## ${title}\n\n${text}\n\n${entryTable(table)}`,
  );
  return [INTRODUCTION, '## `[pgbouncer]`\n', ...globals, ...entries].join('\n');
}

function globalTable(table: SettingTable): string {
  const rows = Object.entries(table).map(([name, row]) => [
    `\`${name}\``,
    accepted(row),
    row.default === '' ? 'not set' : `\`${row.default}\``,
    row.reloadable ? '' : 'restart',
    classOf(row),
    meaning(row),
  ]);
  return markdownTable(['setting', 'value', 'default', 'change', 'class', 'meaning'], rows);
}

function entryTable(table: SettingTable): string {
  const rows = Object.entries(table).map(([name, row]) => [
    `\`${name}\``,
    accepted(row),
    classOf(row),
    meaning(row),
  ]);
  return markdownTable(['parameter', 'value', 'class', 'meaning'], rows);
}

function classOf(row: Setting<unknown>): string {
  switch (row.class.kind) {
    case 'works':
      return 'works';
    case 'no-effect':
      return `no effect: ${row.class.why}`;
    case 'refused':
      return `refused unless ${row.class.silentAt}: ${row.class.why}`;
  }
}
