import type { Sample, Tab } from './sample';

export const SORTS = ['waiting', 'clients', 'links', 'time'] as const;
export type Sort = (typeof SORTS)[number];

export interface PoolName {
  readonly database: string;
  readonly user: string;
}

/** A command for the console, and what it is called to people. */
export interface Order {
  readonly command: string;
  readonly says: string;
}

/** What keys mean at the moment. */
export type Mode =
  | { readonly kind: 'browse' }
  | { readonly kind: 'filter'; readonly text: string }
  /** Nothing is changed before somebody has said yes. */
  | { readonly kind: 'confirm'; readonly order: Order }
  | { readonly kind: 'help' };

export type Link = { readonly kind: 'up' } | { readonly kind: 'lost'; readonly reason: string };

/** All that a page is made from. Plain data. */
export interface TopState {
  /** Whose console it is. */
  readonly where: string;
  readonly tab: Tab;
  readonly sort: Sort;
  /** What a row has to have in it. */
  readonly filter: string;
  /** Only the clients of this pool. */
  readonly pool: PoolName | undefined;
  readonly mode: Mode;
  /** Key of the row. */
  readonly selected: string | undefined;
  readonly before: Sample | undefined;
  readonly now: Sample | undefined;
  readonly link: Link;
  /** What happened last. */
  readonly message: string;
  /** Commands that have not been answered yet. */
  readonly pending: readonly string[];
}

export function firstState(where: string): TopState {
  return {
    where,
    tab: 'pools',
    sort: 'waiting',
    filter: '',
    pool: undefined,
    mode: { kind: 'browse' },
    selected: undefined,
    before: undefined,
    now: undefined,
    link: { kind: 'up' },
    message: '',
    pending: [],
  };
}

/** A sample has come. One of another process has nothing in common with the one before. */
export function withSample(state: TopState, sample: Sample): TopState {
  const isContinued = state.link.kind === 'up' && state.now?.version === sample.version;
  return {
    ...state,
    before: isContinued ? state.now : undefined,
    now: sample,
    link: { kind: 'up' },
    message: state.link.kind === 'up' ? state.message : 'connected again',
  };
}

export function withLoss(state: TopState, reason: string): TopState {
  return { ...state, link: { kind: 'lost', reason } };
}
