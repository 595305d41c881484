import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, startCluster } from '@pgweir/testkit';
import type { Client } from 'pg';
import { DATABASE, USER } from './stage';

export const MAX_CONNECTIONS = 200;
const LOOK_MS = 20;
/** Of each item, as schema.sql says. */
const IN_STOCK = 1000;

/** A PostgreSQL with a shop in it. */
export async function startPostgres(): Promise<Cluster> {
  const cluster = await startCluster({
    keepCache: false,
    users: [{ name: USER }],
    databases: [{ name: DATABASE }],
    settings: { max_connections: String(MAX_CONNECTIONS) },
  });
  try {
    const client = await superuser(cluster, DATABASE);
    try {
      await client.query(readFileSync(join(__dirname, '..', 'schema.sql'), 'utf8'));
    } finally {
      await client.end();
    }
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Counts the connections that PostgreSQL has, by its own view. */
export class ConnectionCount {
  /** The most to the shop's database at any look. */
  most = 0;
  readonly #client: Client;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;
  #failure: unknown;

  private constructor(client: Client) {
    this.#client = client;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  static async open(cluster: Cluster): Promise<ConnectionCount> {
    return new ConnectionCount(await superuser(cluster, 'postgres'));
  }

  /** @throws Error of PostgreSQL when a look has failed */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.end();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const sql = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1';
    this.#client
      .query<{ n: number }>(sql, [DATABASE])
      .then(({ rows }) => {
        this.most = Math.max(this.most, rows[0]?.n ?? 0);
        this.#isLooking = false;
      })
      .catch((error: unknown) => {
        this.#failure = error;
      });
  }
}

/** What the shop's books say: each order is there once, and has taken what it says from the stock. */
export async function readBooks(cluster: Cluster): Promise<{ orders: number; taken: number }> {
  const client = await superuser(cluster, DATABASE);
  try {
    const { rows } = await client.query<{ orders: number; taken: number }>(`
      SELECT (SELECT count(*)::int FROM orders) AS orders,
             (SELECT sum(${IN_STOCK} - "left")::int FROM stock) AS taken`);
    return rows[0] ?? { orders: 0, taken: 0 };
  } finally {
    await client.end();
  }
}

function superuser({ primary }: Cluster, database: string): Promise<Client> {
  return primary.connect({ host: primary.socketDir, database });
}
