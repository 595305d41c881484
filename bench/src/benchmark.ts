import type { Server } from '@pgweir/testkit';
import type { Contestant, Running } from './contestants/contestant';
import type { LoadGenerator } from './load/target';
import { type IdleMemory, measureIdleClients } from './measure/idle-clients';
import { measureRound, type Round } from './measure/round';
import type { Scenario } from './scenarios';

export interface BenchmarkOrder {
  readonly postgres: Server;
  readonly contestants: readonly Contestant[];
  readonly scenarios: readonly Scenario[];
  readonly load: LoadGenerator;
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** Ascending. Empty: memory is not measured. */
  readonly idleCounts: readonly number[];
  readonly progress: (text: string) => void;
}

/** All rounds of one scenario through one contestant. */
export interface Cell {
  readonly scenario: string;
  readonly contestant: string;
  readonly rounds: readonly Round[];
}

export interface IdleCell extends IdleMemory {
  readonly contestant: string;
}

export interface Failure {
  readonly contestant: string;
  /** The scenario, or what else was tried. */
  readonly during: string;
  readonly reason: string;
}

export interface BenchmarkResult {
  readonly cells: readonly Cell[];
  readonly idle: readonly IdleCell[];
  readonly failures: readonly Failure[];
}

/** Runs everything. What fails is reported and not tried again; the rest goes on. */
export async function runBenchmark(order: BenchmarkOrder): Promise<BenchmarkResult> {
  const benchmark = new Benchmark(order);
  try {
    await benchmark.startAll();
    await benchmark.warmUp();
    for (let round = 1; round <= order.rounds; round++) await benchmark.round(round);
  } finally {
    await benchmark.stopAll();
  }
  if (order.idleCounts.length > 0) await benchmark.idleClients();
  return benchmark.result();
}

class Benchmark {
  readonly #order: BenchmarkOrder;
  readonly #running = new Map<Contestant, Running>();
  readonly #cells = new Map<string, Cell & { readonly rounds: Round[] }>();
  readonly #idle: IdleCell[] = [];
  readonly #failures: Failure[] = [];

  constructor(order: BenchmarkOrder) {
    this.#order = order;
  }

  result(): BenchmarkResult {
    return { cells: [...this.#cells.values()], idle: this.#idle, failures: this.#failures };
  }

  async startAll(): Promise<void> {
    for (const contestant of this.#order.contestants) {
      await this.#attempt(contestant, 'start', async () => {
        this.#running.set(contestant, await contestant.start(this.#order.postgres));
      });
    }
  }

  async stopAll(): Promise<void> {
    for (const running of this.#running.values()) await running.stop();
  }

  /** Lets compilers compile and pools fill: every kind of statement once, with most clients. */
  async warmUp(): Promise<void> {
    const widest = new Map<string, Scenario>();
    for (const scenario of this.#order.scenarios) {
      const known = widest.get(scenario.mode);
      if (known === undefined || known.clients < scenario.clients) {
        widest.set(scenario.mode, scenario);
      }
    }
    for (const scenario of widest.values()) {
      await this.#eachContestant(scenario, `warming up: ${scenario.name}`, 1);
    }
    this.#cells.clear();
  }

  /** Contestants take turns within each scenario, so that a drifting machine hits all alike. */
  async round(number: number): Promise<void> {
    const { scenarios, rounds, secondsPerRound } = this.#order;
    for (const scenario of scenarios) {
      const text = `round ${number} of ${rounds}: ${scenario.name}`;
      await this.#eachContestant(scenario, text, secondsPerRound);
    }
  }

  /** Each in a fresh process: memory that load has left behind would hide what clients take. */
  async idleClients(): Promise<void> {
    const { contestants, postgres, idleCounts, progress } = this.#order;
    for (const contestant of contestants) {
      progress(`idle clients: ${contestant.name}`);
      await this.#attempt(contestant, 'idle clients', async () => {
        const running = await contestant.start(postgres);
        try {
          for (const memory of await measureIdleClients(running, idleCounts)) {
            this.#idle.push({ contestant: contestant.name, ...memory });
          }
        } finally {
          await running.stop();
        }
      });
    }
  }

  async #eachContestant(scenario: Scenario, text: string, seconds: number): Promise<void> {
    for (const [contestant, running] of this.#running) {
      if (this.#hasFailed(contestant, scenario.name)) continue;
      this.#order.progress(`${text}, ${contestant.name}`);
      await this.#attempt(contestant, scenario.name, async () => {
        const how = { load: this.#order.load, seconds };
        const round = await measureRound(running, scenario, how);
        this.#cell(scenario, contestant).rounds.push(round);
      });
    }
  }

  #cell(scenario: Scenario, contestant: Contestant): { readonly rounds: Round[] } {
    const key = `${scenario.name} ${contestant.name}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell = { scenario: scenario.name, contestant: contestant.name, rounds: [] };
    this.#cells.set(key, cell);
    return cell;
  }

  #hasFailed(contestant: Contestant, during: string): boolean {
    return this.#failures.some((it) => it.contestant === contestant.name && it.during === during);
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
