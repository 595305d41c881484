import { Client, type ClientConfig } from 'pg';

/** Each competitor's settings differ from every other's and from a fresh connection's. */
const STATES: readonly Readonly<Record<string, string>>[] = [
  { TimeZone: 'Asia/Tokyo', DateStyle: 'German', search_path: 'nowhere' },
  { TimeZone: 'America/Caracas', bytea_output: 'escape', extra_float_digits: '-5' },
  {
    IntervalStyle: 'iso_8601',
    standard_conforming_strings: 'off',
    default_tablespace: 'pg_default',
  },
];

export interface Competitors {
  /** Until each has run `rounds` more transactions. */
  ran(rounds: number): Promise<void>;
  /** @throws Error when one of them failed, or saw another state than its own */
  stop(): Promise<void>;
}

/**
 * Clients that run short transactions one after another, each with settings of its own and checking that
 * they hold, until `stop`.
 */
export async function startCompetitors(config: ClientConfig): Promise<Competitors> {
  const all = await Promise.all(STATES.map((state) => startCompetitor(config, state)));
  return {
    ran: async (rounds) => {
      await Promise.all(all.map((each) => each.ran(rounds)));
    },
    stop: async () => {
      await Promise.all(all.map((each) => each.stop()));
    },
  };
}

async function startCompetitor(
  config: ClientConfig,
  state: Readonly<Record<string, string>>,
): Promise<Competitors> {
  const client = new Client(config);
  // Its queries reject when it breaks; without a listener the process would end.
  client.on('error', (error) => error);
  await client.connect();
  for (const [name, value] of Object.entries(state)) await client.query(`SET ${name} = '${value}'`);
  const waiting = new Set<{ left: number; resolve: () => void }>();
  let isStopped = false;
  const running = (async () => {
    const names = Object.keys(state);
    const shown = names.map((name, i) => `current_setting('${name}') AS s${i}`).join(', ');
    while (!isStopped) {
      const { rows } = await client.query<Record<string, string>>(`SELECT ${shown}`);
      names.forEach((name, i) => {
        const seen = rows[0]?.[`s${i}`] ?? '';
        if (!seen.startsWith(state[name] ?? '')) throw new Error(`${name} is ${seen}`);
      });
      for (const each of waiting) if (--each.left <= 0) each.resolve();
    }
  })();
  // `stop` and `ran` report it.
  running.catch((error) => error);
  return {
    ran: async (rounds) => {
      const waiter = { left: rounds, resolve: (): void => undefined };
      const enough = new Promise<void>((resolve) => {
        waiter.resolve = resolve;
      });
      waiting.add(waiter);
      await Promise.race([enough, running]);
      waiting.delete(waiter);
    },
    stop: async () => {
      isStopped = true;
      try {
        await running;
      } finally {
        await client.end();
      }
    },
  };
}
