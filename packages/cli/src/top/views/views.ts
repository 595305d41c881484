import type { Tab } from '../sample';
import type { TopState } from '../state';
import { CLIENTS } from './clients';
import { PINS } from './pins';
import { POOLS } from './pools';
import { QUEUE } from './queue';
import { SERVERS } from './servers';
import { STATEMENTS } from './statements';
import type { View, ViewRow } from './view';

const VIEWS: Readonly<Record<Tab, View>> = {
  pools: POOLS,
  clients: CLIENTS,
  servers: SERVERS,
  queue: QUEUE,
  pins: PINS,
  statements: STATEMENTS,
};

export function viewOf({ tab }: TopState): View {
  return VIEWS[tab];
}

/** The rows of the page, all of them, in their order. */
export function visibleRows(state: TopState): readonly ViewRow[] {
  if (state.now === undefined) return [];
  const rows = viewOf(state).rows(state.now, state);
  const wanted = (state.mode.kind === 'filter' ? state.mode.text : state.filter).toLowerCase();
  if (wanted === '') return rows;
  return rows.filter((row) => row.cells.some((cell) => cell.toLowerCase().includes(wanted)));
}

/** Where the selection is; the first row when what was selected is gone. */
export function selectedIndex(rows: readonly ViewRow[], { selected }: TopState): number {
  return Math.max(
    0,
    rows.findIndex(({ key }) => key === selected),
  );
}
