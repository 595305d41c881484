import { COMMANDS } from '../admin/command-help';
import type { ShowItem } from '../admin/show/item';
import { ITEMS, OUR_ITEMS } from '../admin/show/items';
import { linked, markdownTable } from './markdown';

const INTRODUCTION = `# The console: items and commands

Generated from the tables of the console (\`npm run docs -w packages/cli\`); do not edit. How to use it:
[the guide](../../../docs/console.md).

Columns, their order and types are PgBouncer's, but for what is marked _ours_. Types are \`text\` where
none is given.
`;

/** Every item of SHOW and every command, in Markdown. */
export function consolePage(): string {
  const items = Object.entries(ITEMS).sort(([a], [b]) => (a < b ? -1 : 1));
  const commands = COMMANDS.map(({ usage, help, isOurs }) => [
    usage.map((line) => `\`${line}\``).join(' or '),
    isOurs === true ? 'ours' : '',
    linked(help),
  ]);
  return [
    INTRODUCTION,
    '## SHOW\n\nFor `admin_users` and `stats_users`. `SELECT` is another word for `SHOW`; `SHOW HELP` lists all.\n',
    ...items.map(([name, item]) => showSection(name, item)),
    '## Commands\n\nFor `admin_users`. An argument with unusual characters stands in double quotes.\n',
    markdownTable(['command', '', 'what it does'], commands),
  ].join('\n');
}

function showSection(name: string, { columns, forAdmins, help }: ShowItem): string {
  const title = `### SHOW ${name.toUpperCase()}`;
  const marks = [
    ...(Object.hasOwn(OUR_ITEMS, name) ? ['_ours_'] : []),
    ...(forAdmins === true ? ['_administrators only_'] : []),
  ];
  const about = [linked(help), ...marks].join(' · ');
  const shown = columns.map(([column, type]) =>
    type === 'text' ? `\`${column}\`` : `\`${column}\` ${type}`,
  );
  return `${title}\n\n${about}\n\n${shown.join(', ')}\n`;
}
