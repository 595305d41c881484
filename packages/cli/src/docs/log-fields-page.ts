import { LOG_FIELDS } from '@pgweir/pooler';
import { linked, markdownTable } from './markdown';

const INTRODUCTION = `# Fields of log lines

Generated from the list of fields (\`npm run docs -w packages/cli\`); do not edit. How lines are written, and which
there are: [the guide](../../../docs/logs.md). A line has those of these that it has something to say about.
`;

/** Every field that a log line may have, in Markdown. */
export function logFieldsPage(): string {
  const rows = Object.entries(LOG_FIELDS).map(([name, text]) => [`\`${name}\``, linked(text)]);
  return [INTRODUCTION, markdownTable(['field', 'what it says'], rows)].join('\n');
}
