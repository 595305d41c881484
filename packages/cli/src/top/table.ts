import { fitted, textWidth } from '../terminal/text-width';

export interface TableColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** The least columns; a stretching one gets what is left over, shared with others of its kind. */
  readonly width: number;
  readonly stretches?: true;
}

/** One thing on a page. */
export interface TableRow {
  /** Stays the same from sample to sample. */
  readonly key: string;
  /** As long as they like, and already `printable`. */
  readonly cells: readonly string[];
  readonly look?: 'alert' | 'dim';
}

/** Widths that fill `width` columns, with one blank between two. */
export function columnWidths(columns: readonly TableColumn[], width: number): readonly number[] {
  const gaps = columns.length - 1;
  const fixed = columns.reduce((sum, column) => sum + (column.stretches ? 0 : column.width), gaps);
  const flexible = columns.filter(({ stretches }) => stretches);
  const each = Math.floor((width - fixed) / Math.max(1, flexible.length));
  let rest = Math.max(0, width - fixed - each * flexible.length);
  return columns.map((column) => {
    if (column.stretches !== true) return column.width;
    const more = rest > 0 ? 1 : 0;
    rest -= more;
    return Math.max(column.width, each + more);
  });
}

/** One line of exactly `width` columns. */
export function tableLine(
  columns: readonly TableColumn[],
  cells: readonly string[],
  width: number,
): string {
  const widths = columnWidths(columns, width);
  const texts = columns.map((column, at) => fitted(cells[at] ?? '', widths[at] ?? 0, column.align));
  const line = texts.join(' ');
  return textWidth(line) === width ? line : fitted(line, width);
}
