import { Client } from 'pg';
import { ADMIN } from './daemon-files';

/** What the status line shows. */
export interface Status {
  readonly clients: number;
  readonly waiting: number;
  readonly links: number;
  readonly activeLinks: number;
  readonly transactionsPerSecond: number;
}

interface Counters {
  readonly atMs: number;
  readonly transactions: number;
}

/** Reads pgweir's figures through its console, as an operator would. */
export class StatusReader {
  readonly #port: number;
  #client: Client | undefined;
  #last: Counters | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** @throws Error when the console does not answer; the next call connects anew */
  async read(): Promise<Status> {
    try {
      const client = this.#client ?? (await this.#connect());
      const pools = await ask(client, 'SHOW POOLS');
      const stats = await ask(client, 'SHOW STATS_TOTALS');
      return this.#status(pools, stats);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.#port,
      ...ADMIN,
      connectionTimeoutMillis: 3_000,
      query_timeout: 3_000,
    });
    // Its queries reject as well, and `read` connects anew.
    client.on('error', () => {
      this.#client = undefined;
    });
    await client.connect();
    this.#client = client;
    return client;
  }

  #status(pools: readonly Row[], stats: readonly Row[]): Status {
    const served = pools.filter(isTraffic);
    const sum = (...names: readonly string[]): number =>
      served.reduce(
        (total, row) => names.reduce((part, name) => part + numberOf(row, name), total),
        0,
      );
    const transactions = stats
      .filter(isTraffic)
      .reduce((total, row) => total + numberOf(row, 'xact_count'), 0);
    const now: Counters = { atMs: performance.now(), transactions };
    const before = this.#last ?? now;
    this.#last = now;
    const seconds = (now.atMs - before.atMs) / 1000;
    const waiting = sum('cl_waiting');
    const activeLinks = sum('sv_active');
    return {
      clients: sum('cl_active') + waiting,
      waiting,
      links: activeLinks + sum('sv_idle', 'sv_used', 'sv_tested', 'sv_login'),
      activeLinks,
      transactionsPerSecond:
        seconds > 0 ? Math.max(0, Math.round((transactions - before.transactions) / seconds)) : 0,
    };
  }
}

type Row = Readonly<Record<string, unknown>>;

async function ask(client: Client, command: string): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>(command);
  return rows;
}

/** The console's own pool is no traffic. */
function isTraffic(row: Row): boolean {
  return row.database !== ADMIN.database;
}

/** The console sends numbers as text or as bigints, which `pg` leaves as text. */
function numberOf(row: Row, name: string): number {
  const value = Number(row[name] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

export function formatStatus(status: Status): string {
  const format = (value: number): string => value.toLocaleString('en-GB');
  return (
    `clients ${format(status.clients)} (${format(status.waiting)} waiting) · ` +
    `links ${format(status.links)} (${format(status.activeLinks)} active) · ` +
    `${format(status.transactionsPerSecond)} transactions/s`
  );
}
