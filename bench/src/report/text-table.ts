/** A column of a Markdown table: words to the left, figures to the right. */
export interface Column {
  readonly name: string;
  readonly isWord?: true;
}

/** A Markdown table whose columns are as wide as their widest cell. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map(({ name }, at) =>
    Math.max(3, name.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, at) => {
      const width = widths[at] ?? 0;
      return columns[at]?.isWord === true ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map(
    (width, at) => `${'-'.repeat(width - 1)}${columns[at]?.isWord === true ? '-' : ':'}`,
  );
  return [line(columns.map(({ name }) => name)), line(rule), ...rows.map(line)].join('\n');
}

/** A dash for what is not known. */
export function decimals(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits);
}
