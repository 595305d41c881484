import { quotedName } from '../console-client/console-connection';
import type { Key, KeyName } from '../terminal/keys';
import { TABS, type Tab } from './sample';
import type { Order, Sort, TopState } from './state';
import { selectedIndex, visibleRows } from './views/views';

/** What a key has done besides changing the state. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'redraw' }
  /** Another tab needs other things: ask at once. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'run'; readonly order: Order };

export interface Pressed {
  readonly state: TopState;
  readonly effect?: Effect;
}

/** So much does a filter have. */
const FILTER_MAX = 64;

/** What a key does. `pageSize`: rows that fit. */
export function press(state: TopState, key: Key, pageSize: number): Pressed {
  if (key.kind === 'named' && key.name === 'interrupt') return { state, effect: { kind: 'quit' } };
  if (key.kind === 'named' && key.name === 'suspend') return { state, effect: { kind: 'suspend' } };
  if (key.kind === 'named' && key.name === 'redraw') return { state, effect: { kind: 'redraw' } };
  switch (state.mode.kind) {
    case 'help':
      return { state: { ...state, mode: { kind: 'browse' } } };
    case 'filter':
      return { state: typeFilter(state, state.mode.text, key) };
    case 'confirm':
      return decide(state, state.mode.order, key);
    case 'browse':
      return browse({ ...state, message: '' }, key, pageSize);
  }
}

function typeFilter(state: TopState, text: string, key: Key): TopState {
  if (key.kind === 'text') {
    return { ...state, mode: { kind: 'filter', text: (text + key.text).slice(0, FILTER_MAX) } };
  }
  switch (key.name) {
    case 'enter':
      return { ...state, filter: text, mode: { kind: 'browse' } };
    case 'escape':
      return { ...state, mode: { kind: 'browse' } };
    case 'backspace':
      return { ...state, mode: { kind: 'filter', text: [...text].slice(0, -1).join('') } };
    default:
      return state;
  }
}

/** Anything but y is no. */
function decide(state: TopState, order: Order, key: Key): Pressed {
  const after: TopState = { ...state, mode: { kind: 'browse' } };
  const isYes = key.kind === 'text' && key.text.toLowerCase() === 'y';
  if (!isYes) return { state: { ...after, message: `not done: ${order.says}` } };
  return { state: { ...after, message: '' }, effect: { kind: 'run', order } };
}

function browse(state: TopState, key: Key, pageSize: number): Pressed {
  if (key.kind === 'named') return browseNamed(state, key.name, pageSize);
  const tab = TABS[Number(key.text) - 1];
  if (tab !== undefined) return toTab(state, tab);
  const sort = SORT_KEYS[key.text];
  if (sort !== undefined) {
    return { state: { ...state, sort, message: `sorted by ${SORT_WORDS[sort]}` } };
  }
  switch (key.text) {
    case 'q':
      return { state, effect: { kind: 'quit' } };
    case '?':
    case 'h':
      return { state: { ...state, mode: { kind: 'help' } } };
    case '/':
      return { state: { ...state, mode: { kind: 'filter', text: state.filter } } };
    case 'p':
      return { state: askAboutDatabase(state, 'PAUSE') };
    case 'r':
      return { state: askAboutDatabase(state, 'RESUME') };
    case 'k':
      return kill(state);
    default:
      return { state };
  }
}

const SORT_KEYS: Readonly<Record<string, Sort>> = {
  w: 'waiting',
  c: 'clients',
  l: 'links',
  t: 'time',
};

const SORT_WORDS: Readonly<Record<Sort, string>> = {
  waiting: 'how many wait',
  clients: 'clients',
  links: 'links',
  time: 'how long the first has waited',
};

function browseNamed(state: TopState, name: KeyName, pageSize: number): Pressed {
  switch (name) {
    case 'up':
      return { state: moved(state, -1) };
    case 'down':
      return { state: moved(state, 1) };
    case 'page-up':
      return { state: moved(state, -pageSize) };
    case 'page-down':
      return { state: moved(state, pageSize) };
    case 'home':
      return { state: moved(state, Number.NEGATIVE_INFINITY) };
    case 'end':
      return { state: moved(state, Number.POSITIVE_INFINITY) };
    case 'tab':
    case 'right':
      return toTab(state, neighbour(state.tab, 1));
    case 'back-tab':
    case 'left':
      return toTab(state, neighbour(state.tab, -1));
    case 'enter':
      return toClients(state);
    case 'escape':
      return { state: { ...state, filter: '', pool: undefined } };
    default:
      return { state };
  }
}

function moved(state: TopState, by: number): TopState {
  const rows = visibleRows(state);
  const at = Math.min(Math.max(selectedIndex(rows, state) + by, 0), rows.length - 1);
  return { ...state, selected: rows[at]?.key };
}

function neighbour(tab: Tab, by: 1 | -1): Tab {
  return TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length] ?? tab;
}

function toTab(state: TopState, tab: Tab): Pressed {
  const next: TopState = { ...state, tab, pool: undefined, selected: undefined };
  return { state: next, effect: { kind: 'refresh' } };
}

function selectedRow(state: TopState) {
  const rows = visibleRows(state);
  return rows[selectedIndex(rows, state)];
}

/** The clients of the pool that is selected. */
function toClients(state: TopState): Pressed {
  const pool = selectedRow(state)?.pool;
  if (pool === undefined || state.tab === 'clients') return { state };
  const next: TopState = { ...state, tab: 'clients', pool, filter: '', selected: undefined };
  return { state: next, effect: { kind: 'refresh' } };
}

function askAboutDatabase(state: TopState, word: 'PAUSE' | 'RESUME'): TopState {
  const database = selectedRow(state)?.pool?.database;
  if (database === undefined) return { ...state, message: 'no database is selected' };
  const order = { command: `${word} ${quotedName(database)}`, says: `${word} ${database}` };
  return { ...state, mode: { kind: 'confirm', order } };
}

/** Of a pool one chooses a client first. */
function kill(state: TopState): Pressed {
  const row = selectedRow(state);
  if (row?.kill !== undefined) {
    return { state: { ...state, mode: { kind: 'confirm', order: row.kill } } };
  }
  if (state.tab === 'pools' && row !== undefined) return toClients(state);
  return { state: { ...state, message: 'no client is selected' } };
}
