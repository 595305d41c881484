import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FleetAnswer, FleetOrder, FleetResult } from './fleet';
import type { Environment } from './handler';

export interface WaveResult extends FleetResult {
  readonly elapsedMs: number;
}

/** Processes that play execution environments of Lambda. */
export class Lambda {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  /** @throws Error when a process ends instead of getting ready; none is left then */
  static async start(environments: readonly Environment[], processes: number): Promise<Lambda> {
    const lambda = new Lambda(
      Array.from({ length: Math.min(processes, environments.length) }, () =>
        fork(join(__dirname, 'fleet.js')),
      ),
    );
    try {
      const count = lambda.#children.length;
      await lambda.#askAll((index) => ({
        kind: 'environments',
        environments: environments.filter((_, i) => i % count === index),
      }));
      return lambda;
    } catch (error) {
      await lambda.stop();
      throw error;
    }
  }

  /** One invocation in each environment, all at the same time. */
  async invokeAll(): Promise<WaveResult> {
    const startedMs = performance.now();
    const answers = await this.#askAll(() => ({ kind: 'run' }));
    const results = answers.flatMap((answer) => (answer === 'ready' ? [] : [answer]));
    return {
      latenciesMs: results.flatMap(({ latenciesMs }) => latenciesMs),
      errors: results.flatMap(({ errors }) => errors),
      elapsedMs: performance.now() - startedMs,
    };
  }

  async stop(): Promise<void> {
    const running = this.#children.filter(({ exitCode, signalCode }) => !(exitCode ?? signalCode));
    const ends = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(ends);
  }

  /** @returns the answers, in the order of the processes */
  #askAll(orderOf: (index: number) => FleetOrder): Promise<readonly FleetAnswer[]> {
    return Promise.all(
      this.#children.map(async (child, index) => {
        const given = new AbortController();
        const answer: Promise<FleetAnswer> = once(child, 'message', given).then(([one]) => one);
        const end: Promise<never> = once(child, 'exit', given).then(() => {
          throw new Error('a process of the fleet has ended');
        });
        child.send(orderOf(index));
        try {
          return await Promise.race([answer, end]);
        } finally {
          answer.catch(() => undefined);
          end.catch(() => undefined);
          given.abort();
        }
      }),
    );
  }
}
