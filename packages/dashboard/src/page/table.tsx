import { Component, type ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';

export interface TableColumn<Row> {
  readonly name: string;
  /** What it is sorted by; undefined: it is not. */
  readonly by?: (row: Row) => string | number;
  readonly show: (row: Row) => ComponentChildren;
  readonly kind?: 'number' | 'text' | 'wide';
  /** Says more than the name. */
  readonly help?: string;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sort?: { readonly column: string; readonly down: boolean };
  /** What stands there instead of no rows. */
  readonly empty: ComponentChildren;
  readonly isMarked?: (row: Row) => boolean;
}

/** A table whose columns are sorted by buttons in their heads. */
export function Table<Row>({ caption, columns, rows, keyOf, empty, ...rest }: TableProps<Row>) {
  const [sort, setSort] = useState(rest.sort);
  const sorted = useMemo(() => sortedRows(rows, columns, sort), [rows, columns, sort]);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const turn = (column: string, isNumber: boolean): void =>
    setSort({ column, down: sort?.column === column ? !sort.down : isNumber });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it by keys
    <section class="scroller" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, by, kind = 'text', help }) => (
              <th key={name} scope="col" class={kind} title={help} aria-sort={sortOf(sort, name)}>
                {by === undefined ? (
                  name
                ) : (
                  <button type="button" onClick={() => turn(name, kind === 'number')}>
                    {name}
                    <span class="arrow" aria-hidden="true">
                      {sort?.column === name ? (sort.down ? '▾' : '▴') : ''}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <Line key={keyOf(row)} {...{ row, columns }} isMarked={rest.isMarked?.(row) === true} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface LineProps<Row> {
  readonly row: Row;
  readonly columns: readonly TableColumn<Row>[];
  readonly isMarked: boolean;
}

/** Drawn anew only when something in it has changed: of many rows most have not. */
class Line<Row> extends Component<LineProps<Row>> {
  override shouldComponentUpdate(next: LineProps<Row>): boolean {
    const { row, columns, isMarked } = this.props;
    if (columns !== next.columns || isMarked !== next.isMarked) return true;
    return !isShallowlyEqual(row, next.row);
  }

  override render({ row, columns, isMarked }: LineProps<Row>) {
    return (
      <tr class={isMarked ? 'marked' : undefined}>
        {columns.map(({ name, kind = 'text', show }) => (
          <td key={name} class={kind}>
            {show(row)}
          </td>
        ))}
      </tr>
    );
  }
}

function isShallowlyEqual(a: unknown, b: unknown): boolean {
  const [x, y] = [Object.entries(a ?? {}), new Map(Object.entries(b ?? {}))];
  return x.length === y.size && x.every(([name, value]) => y.get(name) === value);
}

type Sort = { readonly column: string; readonly down: boolean };

function sortOf(sort: Sort | undefined, name: string): 'ascending' | 'descending' | 'none' {
  if (sort?.column !== name) return 'none';
  return sort.down ? 'descending' : 'ascending';
}

function sortedRows<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  sort: Sort | undefined,
): readonly Row[] {
  const by = columns.find(({ name }) => name === sort?.column)?.by;
  if (by === undefined) return rows;
  const sign = sort?.down === true ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    return x < y ? -sign : x > y ? sign : 0;
  });
}
