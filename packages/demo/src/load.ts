import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { DEMO } from './daemon-files';

/** Between two transactions of one client: applications think, too. */
const PAUSE_MS = 20;
/** After an error, for instance while PostgreSQL restarts. */
const RETRY_MS = 1_000;

/** Clients that keep running short transactions through pgweir. */
export class Load {
  readonly #port: number;
  readonly #stopping = new AbortController();
  readonly #clients: Promise<void>[];

  constructor(options: { readonly port: number; readonly clients: number }) {
    this.#port = options.port;
    // Each client's pause listens to it.
    setMaxListeners(0, this.#stopping.signal);
    this.#clients = Array.from({ length: options.clients }, () => this.#keepRunning());
  }

  /** Ends all of them after the transaction they are in. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#clients);
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const client = new Client({ host: '127.0.0.1', port: this.#port, ...DEMO });
      // The statement under way rejects as well.
      client.on('error', () => this.#stopping.signal.aborted);
      try {
        await client.connect();
        while (!this.#stopping.signal.aborted) {
          await runTransaction(client).catch(() => client.query('ROLLBACK'));
          await this.#pause(PAUSE_MS);
        }
      } catch {
        await this.#pause(RETRY_MS);
      } finally {
        await client.end().catch((error: unknown) => error);
      }
    }
  }

  async #pause(limitMs: number): Promise<void> {
    await delay(limitMs, undefined, { signal: this.#stopping.signal }).catch(
      (error: unknown) => error,
    );
  }
}

async function runTransaction(client: Client): Promise<void> {
  const id = 1 + Math.floor(Math.random() * 1000);
  await client.query('BEGIN');
  await client.query('UPDATE items SET visits = visits + 1 WHERE id = $1', [id]);
  await client.query('SELECT name, visits FROM items WHERE id = $1', [id]);
  await client.query('COMMIT');
}
