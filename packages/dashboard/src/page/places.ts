import type { PoolName } from './requests';

export const VIEWS = {
  overview: { title: 'Overview' },
  pools: { title: 'Pools' },
  servers: { title: 'Servers' },
  sessions: { title: 'Queue and pins' },
  statements: { title: 'Statements' },
  system: { title: 'System' },
  settings: { title: 'Settings' },
} as const;

export type View = keyof typeof VIEWS;

/** Where somebody is on the page: what stands behind the # of its address. */
export interface Place {
  readonly view: View;
  readonly pool: PoolName | undefined;
}

export function placeOf(hash: string): Place {
  const [, name = '', database, user] = hash.split('/');
  const view = isView(name) ? name : 'overview';
  if (view !== 'pools' || database === undefined || user === undefined) {
    return { view, pool: undefined };
  }
  return { view, pool: { database: decoded(database), user: decoded(user) } };
}

export function hashOf(view: View): string {
  return view === 'overview' ? '#/' : `#/${view}`;
}

function isView(name: string): name is View {
  return Object.hasOwn(VIEWS, name);
}

/** Somebody may have typed it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
