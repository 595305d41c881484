import type { BenchmarkResult, Cell, IdleCell, Omission } from '../benchmark';
import type { Absence } from '../contestants/choose';
import type { Caps } from '../contestants/doors';
import { median } from '../measure/median';
import type { Round } from '../measure/round';
import type { Refusals } from '../postgres/refused';
import type { Scenario } from '../scenarios/scenario';
import type { Machine } from './machine';
import { type TargetRow, targetRows } from './targets';

/** What the JSON file holds. */
export interface Report extends Measured {
  readonly targets: readonly TargetRow[];
}

export interface Measured extends About {
  readonly results: readonly ResultRow[];
  readonly idle: readonly IdleCell[];
  readonly failures: readonly Omission[];
  readonly skipped: readonly Omission[];
}

/** What is known besides the figures. */
export interface About {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Machine;
  /** By name of the contestant. */
  readonly versions: Readonly<Record<string, string>>;
  readonly run: RunFacts;
  readonly absent: readonly Absence[];
  /** PostgreSQL's answers to one link too many. */
  readonly refusals: Refusals;
}

export interface RunFacts {
  readonly load: string;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly links: Caps;
}

export interface ResultRow extends Pick<Scenario, 'group' | 'section' | 'clients'> {
  readonly scenario: string;
  readonly contestant: string;
  /** Each figure's own median over the rounds. */
  readonly median: Round;
  readonly rounds: readonly Round[];
}

export function makeReport(result: BenchmarkResult, about: About): Report {
  const { cells, idle, failures, skipped } = result;
  const results = inOrder(cells).map(({ scenario, contestant, rounds }) => {
    const { name, group, section, clients } = scenario;
    return {
      ...{ scenario: name, group, section, clients, contestant },
      median: medianRound(rounds),
      rounds,
    };
  });
  const measured = { ...about, results, idle, failures, skipped };
  return { ...measured, targets: targetRows(measured) };
}

/** Cells came as they were measured first; a scenario that failed at first may come late. */
function inOrder(cells: readonly Cell[]): Cell[] {
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  return scenarios.flatMap((it) => cells.filter(({ scenario }) => scenario === it));
}

function medianRound(rounds: readonly Round[]): Round {
  const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const orNull = (figure: (round: Round) => number | null): number | null => {
    const known = rounds.map(figure).filter((value) => value !== null);
    return known.length === 0 ? null : median(known);
  };
  return {
    count: of((round) => round.count),
    perSecond: of((round) => round.perSecond),
    p50Us: orNull((round) => round.p50Us),
    p99Us: orNull((round) => round.p99Us),
    p999Us: orNull((round) => round.p999Us),
    maxUs: orNull((round) => round.maxUs),
    cpuUs: orNull((round) => round.cpuUs),
    userUs: orNull((round) => round.userUs),
    systemUs: orNull((round) => round.systemUs),
    residentBytes: orNull((round) => round.residentBytes),
    loadCores: orNull((round) => round.loadCores),
  };
}
