import type { BenchmarkResult, Failure, IdleCell } from '../benchmark';
import { median } from '../measure/median';
import type { Round } from '../measure/round';
import type { Machine } from './machine';

/** What the JSON file holds. */
export interface Report {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Machine;
  /** By name of the program. */
  readonly versions: Readonly<Record<string, string>>;
  readonly run: RunFacts;
  readonly results: readonly ResultRow[];
  readonly idle: readonly IdleCell[];
  readonly failures: readonly Failure[];
}

export interface RunFacts {
  readonly load: string;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly linksInTransactionMode: number;
  readonly linksInSessionMode: number;
}

export interface ResultRow {
  readonly scenario: string;
  readonly contestant: string;
  /** Each figure's own median over the rounds. */
  readonly median: Round;
  readonly rounds: readonly Round[];
}

export function makeReport(
  result: BenchmarkResult,
  about: Pick<Report, 'startedAt' | 'commit' | 'machine' | 'versions' | 'run'>,
): Report {
  const results = result.cells.map(({ scenario, contestant, rounds }) => ({
    scenario,
    contestant,
    median: medianRound(rounds),
    rounds,
  }));
  return { ...about, results, idle: result.idle, failures: result.failures };
}

function medianRound(rounds: readonly Round[]): Round {
  const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const orNull = (figure: (round: Round) => number | null): number | null => {
    const known = rounds.map(figure).filter((value) => value !== null);
    return known.length === 0 ? null : median(known);
  };
  return {
    transactions: of((round) => round.transactions),
    perSecond: of((round) => round.perSecond),
    p50Us: of((round) => round.p50Us),
    p99Us: of((round) => round.p99Us),
    cpuUs: orNull((round) => round.cpuUs),
    userUs: orNull((round) => round.userUs),
    systemUs: orNull((round) => round.systemUs),
  };
}
