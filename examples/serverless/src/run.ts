import { AwsKeys } from '@pgweir/testkit';
import { Lambda, type WaveResult } from './lambda';
import { ConnectionCount, readBooks, startPostgres } from './shop';
import { environments, startPgweir, startRds, startSts } from './stage';

export interface RunOptions {
  /** How many at once. */
  readonly invocations: number;
  readonly links: number;
  /** That play Lambda. */
  readonly processes: number;
  /** Of pgweir. */
  readonly workers: number;
  /** Told what happens, a line at a time. */
  readonly say: (line: string) => void;
}

export interface Wave extends WaveResult {
  readonly stsRequests: number;
}

export interface RunResult {
  /** Every environment is new and makes its token. */
  readonly cold: Wave;
  /** The same environments once more: they have their tokens still. */
  readonly warm: Wave;
  /** The most that PostgreSQL had at a time, by its own view, and by logins and ends of sessions. */
  readonly linksMax: number;
  readonly books: { readonly orders: number; readonly taken: number };
  /** Lines of pgweir's log from warnings on: why it has refused somebody, for instance. */
  readonly complaints: readonly string[];
}

/**
 * PostgreSQL, AWS as far as it is needed, pgweir, and Lambda with so many environments. Everything is
 * stopped and removed when it returns or throws.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { invocations, links, processes, workers, say } = options;
  /** What to undo, last first. */
  const undo: (() => Promise<unknown>)[] = [];
  try {
    say('starting PostgreSQL, the stand-ins of AWS, and pgweir ...');
    const keys = new AwsKeys();
    const cluster = await startPostgres();
    undo.unshift(() => cluster.stop());
    const sts = await startSts(keys);
    undo.unshift(() => sts.stop());
    const rds = await startRds(keys, cluster);
    undo.unshift(() => rds.stop());
    const pgweir = await startPgweir({ keys, sts, rds, links, workers });
    undo.unshift(() => pgweir.stop());
    const lambda = await Lambda.start(environments(invocations, keys, pgweir), processes);
    undo.unshift(() => lambda.stop());
    const connections = await ConnectionCount.open(cluster);
    const wave = async (): Promise<Wave> => {
      const before = sts.endpoint.requests.length;
      const result = await lambda.invokeAll();
      return { ...result, stsRequests: sts.endpoint.requests.length - before };
    };
    say(`invoking: ${invocations} at once, twice ...`);
    try {
      const [cold, warm] = [await wave(), await wave()];
      const linksMax = Math.max(connections.most, rds.sessionsMax);
      const lines = pgweir.log().split('\n');
      const complaints = lines.filter((line) => / (WARNING|ERROR|FATAL) /.test(line));
      return { cold, warm, linksMax, books: await readBooks(cluster), complaints };
    } finally {
      await connections.stop();
    }
  } finally {
    for (const step of undo) {
      // One that fails must not keep the others from being taken.
      await step().catch((error: unknown) => console.error('while stopping:', error));
    }
  }
}
