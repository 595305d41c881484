import { BackendError, type BackendMessage, RawClient, rowValues } from '@pgweir/testkit';

/** Queueing behind all other clients is part of a burst. */
const CLIENT_DEADLINE_MS = 60_000;

export interface BurstOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  /** How many connect at once. Default 1,000. */
  readonly clients?: number;
  /** How often, one round after the other. Default 10. */
  readonly rounds?: number;
  /** Told after each round. */
  readonly onRound?: (round: RoundResult) => void;
}

export interface RoundResult {
  /** From 1. */
  readonly round: number;
  readonly elapsedMs: number;
  readonly errors: number;
}

export interface BurstResult {
  /** Clients that got what they asked for, over all rounds. */
  readonly served: number;
  /** How many clients failed, by the error's text. Empty: none. */
  readonly errors: ReadonlyMap<string, number>;
  readonly elapsedMs: number;
  /** From a client's connect to its last answer, of those that were served. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Many clients that connect at the same moment, log in, run a short transaction each and leave; and
 * the same again. A client asks for a value that only it knows, and fails if it gets another.
 */
export async function runBurst(options: BurstOptions): Promise<BurstResult> {
  const { clients = 1000, rounds = 10 } = options;
  const errors = new Map<string, number>();
  const latencies: number[] = [];
  const startedMs = performance.now();
  for (let round = 1; round <= rounds; round++) {
    const roundMs = performance.now();
    let failed = 0;
    const all = Array.from({ length: clients }, async (_, i) => {
      try {
        latencies.push(await runClient(options, `client ${round}.${i}`));
      } catch (error) {
        failed += 1;
        const text = error instanceof Error ? error.message : String(error);
        errors.set(text, (errors.get(text) ?? 0) + 1);
      }
    });
    await Promise.all(all);
    options.onRound?.({ round, elapsedMs: performance.now() - roundMs, errors: failed });
  }
  latencies.sort((a, b) => a - b);
  const quantile = (part: number): number =>
    latencies[Math.max(0, Math.ceil(latencies.length * part) - 1)] ?? 0;
  return {
    served: latencies.length,
    errors,
    elapsedMs: performance.now() - startedMs,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
  };
}

/** @returns milliseconds from connect to the last answer */
async function runClient(options: BurstOptions, secret: string): Promise<number> {
  const { host, port, user, database, password } = options;
  const startedMs = performance.now();
  const client = await RawClient.connect({ host, port });
  const limit = { deadlineMs: CLIENT_DEADLINE_MS };
  try {
    const login = password === undefined ? { user, database } : { user, database, password };
    await client.login({ ...login, ...limit });
    failOnError(await client.query('BEGIN', limit));
    const answer = failOnError(await client.query(`SELECT '${secret}'`, limit));
    const rows = answer.filter(({ tag }) => tag === 'D').map(rowValues);
    if (rows.length !== 1 || rows[0]?.[0] !== secret) {
      throw new Error('a client got an answer that was not meant for it');
    }
    failOnError(await client.query('COMMIT', limit));
    const elapsedMs = performance.now() - startedMs;
    await client.end();
    return elapsedMs;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function failOnError(messages: readonly BackendMessage[]): readonly BackendMessage[] {
  const error = messages.find(({ tag }) => tag === 'E');
  if (error !== undefined) throw new BackendError(error);
  return messages;
}
