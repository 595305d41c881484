import { createHandler, type Environment } from './handler';

/** What this process is told: first whose environments it plays, then to run all of them at once. */
export type FleetOrder =
  | { readonly kind: 'environments'; readonly environments: readonly Environment[] }
  | { readonly kind: 'run' };

/** What came of one run. */
export interface FleetResult {
  /** From the start of an invocation to its end, of those that did not fail. */
  readonly latenciesMs: readonly number[];
  /** Of the others. */
  readonly errors: readonly string[];
}

/** To an order: that it is ready, or what came of the run. */
export type FleetAnswer = 'ready' | FleetResult;

/** Orders spread over so many items: neighbours would wait for each other's locks. */
const ITEMS = 1000;

type Handler = ReturnType<typeof createHandler>;

/**
 * Plays the part of Lambda for many execution environments in one process. Real ones are a process each;
 * what pgweir sees of them is the same: a connection, a token and a transaction for each invocation.
 */
function main(): void {
  let handlers: readonly Handler[] = [];
  process.on('message', (order: FleetOrder) => {
    switch (order.kind) {
      case 'environments':
        handlers = order.environments.map((environment) => createHandler(environment));
        answer('ready');
        return;
      case 'run':
        runAll(handlers).then(answer, (error: unknown) => {
          console.error(error);
          process.exit(1);
        });
    }
  });
}

function answer(what: FleetAnswer): void {
  process.send?.(what);
}

async function runAll(handlers: readonly Handler[]): Promise<FleetResult> {
  const latenciesMs: number[] = [];
  const errors: string[] = [];
  const all = handlers.map(async (handler, index) => {
    const startedMs = performance.now();
    try {
      await handler({ item: (index % ITEMS) + 1, quantity: 1 });
      latenciesMs.push(performance.now() - startedMs);
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  });
  await Promise.all(all);
  return { latenciesMs, errors };
}

main();
