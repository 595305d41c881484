import type { Server } from '@pgweir/testkit';
import type { Contestant, Place, Running } from './contestants/contestant';
import type { LoadGenerator } from './load/generator';
import { type IdleMemory, measureIdleClients } from './measure/idle-clients';
import { measureRound, type Round } from './measure/round';
import { roleOf } from './postgres/roles';
import type { Scenario } from './scenarios/scenario';
import { unservable } from './scenarios/select';

export interface BenchmarkOrder {
  readonly postgres: Server;
  readonly scramSecret: string;
  readonly contestants: readonly Contestant[];
  readonly scenarios: readonly Scenario[];
  readonly load: LoadGenerator;
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** Groups of scenarios that are played once before they count. */
  readonly warmUpGroups: readonly string[];
  /** Ascending. Empty: memory is not measured. */
  readonly idleCounts: readonly number[];
  readonly progress: (text: string) => void;
}

/** All rounds of one scenario through one contestant. */
export interface Cell {
  readonly scenario: Scenario;
  readonly contestant: string;
  readonly rounds: readonly Round[];
}

export interface IdleCell extends IdleMemory {
  readonly contestant: string;
}

/** Something that was not measured, or not to the end. */
export interface Omission {
  /** undefined: all of them. */
  readonly contestant: string | undefined;
  /** The scenario, or what else was tried. */
  readonly during: string;
  readonly reason: string;
}

export interface BenchmarkResult {
  readonly cells: readonly Cell[];
  readonly idle: readonly IdleCell[];
  /** What went wrong. */
  readonly failures: readonly Omission[];
  /** What nobody tried, because it makes no sense. */
  readonly skipped: readonly Omission[];
}

const IDLE_CLIENTS = 'idle clients';

/** Runs everything. What fails is reported and not tried again; the rest goes on. */
export async function runBenchmark(order: BenchmarkOrder): Promise<BenchmarkResult> {
  const benchmark = new Benchmark(order);
  if (order.scenarios.length > 0) {
    try {
      await benchmark.startAll();
      await benchmark.warmUp();
      for (let round = 1; round <= order.rounds; round++) await benchmark.round(round);
    } finally {
      await benchmark.stopAll();
    }
  }
  if (order.idleCounts.length > 0) await benchmark.idleClients();
  return benchmark.result();
}

class Benchmark {
  readonly #order: BenchmarkOrder;
  readonly #scenarios: readonly Scenario[];
  readonly #running = new Map<Contestant, Running>();
  readonly #cells = new Map<string, Cell & { readonly rounds: Round[] }>();
  readonly #idle: IdleCell[] = [];
  readonly #failures: Omission[] = [];
  readonly #skipped: Omission[] = [];

  constructor(order: BenchmarkOrder) {
    this.#order = order;
    this.#scenarios = order.scenarios.filter((scenario) => {
      const reason = unservable(scenario);
      if (reason === undefined) return true;
      this.#skipped.push({ contestant: undefined, during: scenario.name, reason });
      return false;
    });
  }

  result(): BenchmarkResult {
    return {
      cells: [...this.#cells.values()],
      idle: this.#idle,
      failures: this.#failures,
      skipped: this.#skipped,
    };
  }

  async startAll(): Promise<void> {
    for (const contestant of this.#order.contestants) {
      await this.#attempt(contestant, 'start', async () => {
        this.#running.set(contestant, await contestant.start(this.#place(contestant)));
      });
    }
  }

  async stopAll(): Promise<void> {
    for (const [contestant, running] of this.#running) {
      await this.#attempt(contestant, 'stop', () => running.stop());
    }
  }

  /** Lets compilers compile and pools fill: the last scenario of each group, for a second. */
  async warmUp(): Promise<void> {
    const groups = new Map(this.#scenarios.map((scenario) => [scenario.group, scenario]));
    for (const [group, scenario] of groups) {
      if (!this.#order.warmUpGroups.includes(group)) continue;
      await this.#eachContestant(scenario, { text: `warming up: ${scenario.name}`, seconds: 1 });
    }
    this.#cells.clear();
  }

  /**
   * Contestants take turns within each scenario, so that a drifting machine hits all alike, and each
   * round begins with another one, so that nobody always follows the same.
   */
  async round(number: number): Promise<void> {
    const { rounds, secondsPerRound } = this.#order;
    for (const scenario of this.#scenarios) {
      const text = `round ${number} of ${rounds}: ${scenario.name}`;
      await this.#eachContestant(scenario, { text, seconds: secondsPerRound, first: number - 1 });
    }
  }

  /** Each in a fresh process: memory that load has left behind would hide what clients take. */
  async idleClients(): Promise<void> {
    const { contestants, idleCounts, progress } = this.#order;
    for (const contestant of contestants.filter(({ caps }) => caps !== undefined)) {
      if (this.#hasFailed(contestant, 'start')) continue;
      progress(`${IDLE_CLIENTS}: ${contestant.name}`);
      await this.#attempt(contestant, IDLE_CLIENTS, async () => {
        const running = await contestant.start(this.#place(contestant));
        try {
          const entrance = running.enter('transaction', Math.max(...idleCounts));
          if (entrance.kind === 'closed') {
            this.#skip(contestant, IDLE_CLIENTS, entrance.reason);
            return;
          }
          for (const memory of await measureIdleClients(entrance, idleCounts)) {
            this.#idle.push({ contestant: contestant.name, ...memory });
          }
        } finally {
          await running.stop();
        }
      });
    }
  }

  async #eachContestant(
    scenario: Scenario,
    { text, seconds, first = 0 }: { text: string; seconds: number; first?: number },
  ): Promise<void> {
    for (const [contestant, running] of rotated([...this.#running], first)) {
      if (this.#hasFailed(contestant, scenario.name)) continue;
      if (!isFor(scenario, contestant)) continue;
      await this.#attempt(contestant, scenario.name, async () => {
        const entrance = running.enter(scenario.door, scenario.clients);
        if (entrance.kind === 'closed') {
          this.#skip(contestant, scenario.name, entrance.reason);
          return;
        }
        this.#order.progress(`${text}, ${contestant.name}`);
        const how = { load: this.#order.load, seconds };
        const round = await measureRound(entrance, scenario, how);
        this.#cell(scenario, contestant).rounds.push(round);
      });
    }
  }

  #place({ name }: Contestant): Place {
    const { postgres, scramSecret } = this.#order;
    return { postgres, scramSecret, role: (pool) => roleOf(name, pool) };
  }

  #cell(scenario: Scenario, contestant: Contestant): { readonly rounds: Round[] } {
    const key = `${scenario.name} ${contestant.name}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell = { scenario, contestant: contestant.name, rounds: [] };
    this.#cells.set(key, cell);
    return cell;
  }

  #hasFailed(contestant: Contestant, during: string): boolean {
    return this.#failures.some((it) => it.contestant === contestant.name && it.during === during);
  }

  #skip({ name }: Contestant, during: string, reason: string): void {
    if (this.#skipped.some((it) => it.contestant === name && it.during === during)) return;
    this.#skipped.push({ contestant: name, during, reason });
    this.#order.progress(`left out: ${name}, ${during}: ${reason}`);
  }

  async #attempt(contestant: Contestant, during: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#failures.push({ contestant: contestant.name, during, reason });
      this.#order.progress(`failed: ${contestant.name}, ${during}: ${reason}`);
    }
  }
}

function isFor({ only }: Scenario, { name, caps }: Contestant): boolean {
  if (only === 'pgweir') return name.startsWith('pgweir-');
  return only === undefined || caps !== undefined;
}

/** The same, beginning with the one at `first`, which may be beyond the end. */
function rotated<Item>(items: readonly Item[], first: number): readonly Item[] {
  const at = first % Math.max(1, items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}
