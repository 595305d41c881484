import type { ConsoleRow } from '../console-client/console-connection';

export const TABS = ['pools', 'clients', 'servers', 'queue', 'pins', 'statements'] as const;
export type Tab = (typeof TABS)[number];

/** What was read at one time. Plain data, as the console sent it. */
export interface Sample {
  readonly atMs: number;
  readonly version: string;
  readonly items: Readonly<Record<string, readonly ConsoleRow[]>>;
  /** Items that this console does not have. */
  readonly missing: ReadonlySet<string>;
}

/** For the head of the page, and for the pools. */
const ALWAYS = ['STATE', 'POOLS', 'DATABASES', 'STATS_TOTALS', 'WORKERS', 'WAITS'] as const;
/** Besides, only for who looks at them: with many clients they are long. */
const OF_TAB: Readonly<Record<Tab, readonly string[]>> = {
  pools: [],
  clients: ['CLIENTS'],
  servers: ['TOPOLOGY', 'SERVERS'],
  queue: ['QUEUE', 'CLIENTS'],
  pins: ['PINS'],
  statements: ['STATEMENTS'],
};

interface Shows {
  show(item: string): Promise<readonly ConsoleRow[]>;
  /** Undefined: what failed was the question, not the connection. */
  readonly lost: Error | undefined;
}

/** Reads what a tab needs. @throws Error when the connection is lost */
export async function readSample(
  console: Shows,
  tab: Tab,
  before: Sample | undefined,
  nowMs: () => number,
): Promise<Sample> {
  const missing = new Set(before?.missing);
  const items: Record<string, readonly ConsoleRow[]> = {};
  const atMs = nowMs();
  const version = before?.version ?? (await console.show('VERSION'))[0]?.version ?? '';
  for (const item of [...ALWAYS, ...OF_TAB[tab]]) {
    if (missing.has(item)) continue;
    try {
      items[item] = await console.show(item);
    } catch (error) {
      if (console.lost !== undefined || !(error instanceof Error)) throw error;
      // PgBouncer has fewer of them, and so has an older pgweir.
      missing.add(item);
    }
  }
  return { atMs, version, items, missing };
}

export function rowsOf(sample: Sample | undefined, item: string): readonly ConsoleRow[] {
  return sample?.items[item] ?? [];
}

/** 0 where it is no number. */
export function numberOf(row: ConsoleRow | undefined, column: string): number {
  const value = Number(row?.[column] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

export function textOf(row: ConsoleRow | undefined, column: string): string {
  return row?.[column] ?? '';
}
