/** A table as the formatter of this repository wants it: columns padded to one width. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  const [first = [], ...others] = cells;
  return `${[first, rule, ...others].map(line).join('\n')}\n`;
}

function cell(text: string): string {
  // Angle brackets outside of code would be taken for HTML.
  return text.replaceAll('|', '\\|').replace(/(?<!`)<(\w+)>/g, '`<$1>`');
}

/** Names of pages become links from `packages/cli/docs`. */
export function linked(text: string): string {
  return text.replace(/\bdocs\/([\w-]+\.md)/g, '[$1](../../../docs/$1)');
}
