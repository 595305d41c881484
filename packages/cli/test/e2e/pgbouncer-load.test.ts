import {
  type Cluster,
  type Daemon,
  pgbouncerCommand,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import type { Client } from 'pg';
import {
  columns,
  enter,
  ITEMS,
  saying,
  startEither,
  testBoth,
  VERSION,
  WHY,
} from './support/rehearsal';

/*
 * The rehearsal of a migration under load: what operators do all day goes on while clients work, with
 * PgBouncer and then with pgweir on the same files, and nobody notices.
 */

let cluster: Cluster;
const daemons: Daemon[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app', password: 'app secret' }] });
});

afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await cluster.stop();
});

/** A dozen clients in transaction mode: some stay, some come anew for each transaction. */
const LOAD = Array.from({ length: 12 }, (_, at) => ({
  database: at % 3 === 0 ? 'forced' : 'app',
  stays: at % 4 !== 0,
}));
const STAYING = LOAD.filter(({ stays }) => stays).length;

/** Clients that run transactions, and one that reads the console, until they are told to end. */
class Load {
  readonly failures: string[] = [];
  /** What the log should have: how often each database was entered. */
  readonly logins: Record<string, number> = {};
  /** Every set of columns that an item of the console has had. */
  readonly shapes = new Map(ITEMS.map((item) => [item, new Set<string>()]));
  readonly #done = LOAD.map(() => 0);
  readonly #daemon: Daemon;
  readonly #ends: readonly Promise<void>[];
  #over = false;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    const clients = LOAD.map(({ database, stays }, at) =>
      this.#whileOn(database, 'app', async (client) => {
        do {
          await transaction(client, at);
          this.#done[at] = (this.#done[at] ?? 0) + 1;
        } while (stays && !this.#over);
      }),
    );
    const reads = this.#whileOn('pgbouncer', 'reader', async (client) => {
      for (const [item, shapes] of this.shapes) {
        shapes.add(columns(await client.query(`SHOW ${item}`)).join(', '));
      }
    });
    this.#ends = [...clients, reads];
  }

  /** Resolves when every client has had transactions of its own since. */
  async goesOn(): Promise<void> {
    const least = this.#done.map((count) => count + 2);
    const isOn = () => this.#done.every((count, at) => count >= (least[at] ?? 0));
    await waitFor(() => this.failures.length > 0 || isOn(), { what: 'all clients to go on' });
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#ends);
  }

  async #whileOn(
    database: string,
    user: string,
    use: (client: Client) => Promise<void>,
  ): Promise<void> {
    while (!this.#over && this.failures.length === 0) {
      try {
        const client = await enter(this.#daemon, database, user);
        this.logins[database] = (this.logins[database] ?? 0) + 1;
        await use(client).finally(() => client.end());
      } catch (error) {
        this.failures.push(`${database}: ${error}`);
      }
    }
  }
}

async function transaction(client: Client, number: number): Promise<void> {
  await client.query('BEGIN');
  const { rows } = await client.query('SELECT $1::int AS n', [number]);
  expect(rows).toEqual([{ n: number }]);
  await client.query('SELECT count(*) FROM pg_class');
  await client.query('COMMIT');
}

/** Operations that nobody should notice. Behind each PAUSE: how many clients wait before it goes on. */
const OPERATIONS: readonly (readonly [command: string, waiting?: number])[] = [
  ['RELOAD'],
  ['RECONNECT'],
  ['PAUSE', STAYING],
  ['RELOAD'],
  ['RESUME'],
  ['RECONNECT app'],
  ['PAUSE app', LOAD.filter(({ database, stays }) => database === 'app' && stays).length],
  ['RESUME app'],
  ['RELOAD'],
];

/** How often each database was entered and left, as the log says. */
function traffic(log: string): Readonly<Record<string, readonly [came: number, left: number]>> {
  const found: Record<string, [number, number]> = {};
  const count = (pattern: RegExp, which: 0 | 1) => {
    for (const [, database = ''] of log.matchAll(pattern)) {
      found[database] ??= [0, 0];
      found[database][which]++;
    }
  };
  count(/ login attempt: db=(\S+) user=/g, 0);
  count(/ (\w+)\/\w+@\S+ closing because: client close request/g, 1);
  count(/ login attempt client=\d+ database=(\S+) user=/g, 0);
  count(/ closing because: client close request client=\d+ database=(\S+) user=/g, 1);
  return found;
}

async function rehearse(command?: readonly [string, ...string[]]) {
  const daemon = await startEither(cluster, command);
  daemons.push(daemon);
  const console = await enter(daemon, 'pgbouncer', 'chief');
  const load = new Load(daemon);
  const heard: string[] = [];
  let holds = false;
  try {
    for (const [sql, waiting = 0] of OPERATIONS) {
      if (!holds) await load.goesOn();
      heard.push(await saying(console, sql));
      holds = waiting > 0 || (holds && !sql.startsWith('RESUME'));
      if (waiting === 0) continue;
      const waits = async () => {
        const { rows } = await console.query('SHOW POOLS');
        return rows.reduce((sum, row) => sum + row.cl_waiting, 0) >= waiting;
      };
      await waitFor(waits, { what: `${waiting} clients to wait behind ${sql}` });
    }
    await load.goesOn();
  } catch (error) {
    // Who waits behind a PAUSE would wait on.
    await daemon.stop('SIGKILL');
    throw error;
  } finally {
    await load.end();
    await console.end();
  }
  const { failures, shapes, logins } = load;
  const expected = Object.entries({ ...logins, pgbouncer: (logins.pgbouncer ?? 0) + 1 });
  const allGone = () =>
    expected.every(([database, count]) => (traffic(daemon.log())[database]?.[1] ?? 0) >= count);
  await waitFor(allGone, { what: 'the log to have everybody leave' });
  // Everybody who came has left, and each has its two lines.
  expect(traffic(daemon.log())).toEqual(
    Object.fromEntries(expected.map(([database, count]) => [database, [count, count]])),
  );
  await daemon.stop();
  return { heard, failures, shapes: new Map([...shapes].map(([item, all]) => [item, [...all]])) };
}

testBoth(
  `under load nobody notices reloads, pauses and new connections, with PgBouncer ${VERSION ?? ''} and with pgweir${WHY}`,
  async () => {
    const was = await rehearse(pgbouncerCommand());
    const is = await rehearse();
    expect(is.failures).toEqual(was.failures);
    expect(is.failures).toEqual([]);
    expect(is.heard).toEqual(was.heard);
    for (const [item, shapes] of is.shapes) {
      const [wanted, ...others] = was.shapes.get(item) ?? [];
      expect([item, shapes.length, others]).toEqual([item, 1, []]);
      const names = wanted?.split(', ') ?? [];
      const shown = shapes[0]?.split(', ').filter((column) => names.includes(column));
      expect([item, shown]).toEqual([item, names]);
    }
  },
);
