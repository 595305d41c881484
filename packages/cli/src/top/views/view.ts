import { printable } from '../../terminal/printable';
import type { Sample } from '../sample';
import type { Order, PoolName, TopState } from '../state';
import type { TableColumn, TableRow } from '../table';

/** One row, with what can be done to it. */
export interface ViewRow extends TableRow {
  readonly pool?: PoolName;
  /** What `k` does there. */
  readonly kill?: Order;
}

/** One tab: what its rows are. */
export interface View {
  readonly columns: readonly TableColumn[];
  /** What it is made from; where the console has none of it, the tab says so. */
  readonly item: string;
  /** What an empty page says. */
  readonly none: string;
  rows(sample: Sample, state: TopState): readonly ViewRow[];
}

export const left = (title: string, width: number): TableColumn => ({
  title,
  align: 'left',
  width,
});
export const right = (title: string, width: number): TableColumn => ({
  ...{ title, align: 'right', width },
});
export const wide = (title: string, width: number): TableColumn => ({
  ...{ title, align: 'left', width, stretches: true },
});

/** Whatever the console sent, as it may be shown. */
export const cells = (...values: readonly (string | number)[]): readonly string[] =>
  values.map((value) => printable(String(value)));
