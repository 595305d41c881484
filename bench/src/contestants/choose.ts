import type { BenchOptions } from '../command-line';
import { findBun } from './bun';
import type { Contestant } from './contestant';
import { direct } from './direct';
import { floor } from './floor';
import { findPgbouncer, PGBOUNCER, pgbouncers } from './pgbouncer';
import { findPgpool, PGPOOL, pgpool } from './pgpool';
import { type PgweirVariant, pgweir, pgweirName } from './pgweir';
import { NODE } from './runtime';

export interface Contestants {
  readonly present: readonly Contestant[];
  /** Who would take part by default and is not here. */
  readonly absent: readonly Absence[];
}

export interface Absence {
  readonly contestant: string;
  readonly reason: string;
}

export function chooseContestants(options: BenchOptions, postgresVersion: string): Contestants {
  const { floor: withFloor, profileDir } = options;
  const absent: Absence[] = [];
  const runtimes = options.node ? [NODE] : [];
  if (options.bun) runtimes.push(...orAbsent(findBun(), absent, ABSENT.bun));
  const bouncers = options.pgbouncer ?? orAbsent(findPgbouncer(), absent, ABSENT.pgbouncer);
  const pool = options.pgpool ?? orAbsent(findPgpool(), absent, ABSENT.pgpool)[0] ?? false;
  const present = [
    direct(`PostgreSQL ${postgresVersion}`),
    ...runtimes.flatMap((runtime) =>
      variants(options).map((variant) => pgweir({ runtime, variant, profileDir })),
    ),
    ...(withFloor ? runtimes.map(floor) : []),
    ...(bouncers === false ? [] : pgbouncers(bouncers)),
    ...(pool === false ? [] : [pgpool(pool)]),
  ];
  return { present, absent };
}

function variants({ workers, leak }: BenchOptions): readonly PgweirVariant[] {
  return [
    'default',
    ...(leak ? (['leak'] as const) : []),
    ...(workers === undefined ? [] : [{ workers }]),
  ];
}

const ABSENT = {
  bun: {
    contestant: pgweirName('bun'),
    reason: 'the npm package bun is not installed, or does not run here',
  },
  pgbouncer: { contestant: PGBOUNCER, reason: 'not on PATH, and no --pgbouncer' },
  pgpool: { contestant: PGPOOL, reason: 'not on PATH, and no --pgpool' },
};

/** What was found, or nothing, noted in `absent`. */
function orAbsent<Found>(found: Found | undefined, absent: Absence[], absence: Absence): Found[] {
  if (found !== undefined) return [found];
  absent.push(absence);
  return [];
}
