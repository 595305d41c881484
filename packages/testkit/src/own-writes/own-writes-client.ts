import { setTimeout as delay } from 'node:timers/promises';
import { Client, type QueryResult } from 'pg';
import type { Random } from '../random';

/** What the sessions have been told is committed, row by row. */
export type Acknowledged = Map<number, number>;

export interface OwnWritesNeeds {
  readonly port: number;
  /** The row that only this client writes. */
  readonly row: number;
  readonly rows: number;
  readonly random: Random;
  readonly acknowledged: Acknowledged;
  /** A read that must not be. */
  readonly wrong: (what: string) => void;
  /** A read was answered by the server at this port. */
  readonly readAt: (port: number) => void;
  /** Whether every client has to see what any other was told. */
  readonly isGlobal: boolean;
}

const PAUSE_MS_MAX = 30;
const READ = 'SELECT value, whoami() AS port FROM counters WHERE id = $1';

/**
 * An application that writes and reads what it has written at once, by itself and in transactions, and
 * looks at what others write: no read may be older than what its session knows.
 */
export class OwnWritesClient {
  readonly #needs: OwnWritesNeeds;
  readonly #client: Client;
  readonly #stopping = new AbortController();
  /** The newest that it has seen of each row. */
  readonly #seen = new Map<number, number>();
  #written = 0;
  #running: Promise<void> | undefined;

  constructor(needs: OwnWritesNeeds) {
    this.#needs = needs;
    const { port, row, wrong } = needs;
    this.#client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    this.#client.on('error', (error) => {
      if (!this.#stopping.signal.aborted) wrong(`client ${row}: ${error.message}`);
    });
  }

  async start(): Promise<void> {
    await this.#client.connect();
    this.#running = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#client.end();
  }

  /** What carries what this session has seen to another one. */
  async token(): Promise<string> {
    const { rows } = await this.#client.query<Record<string, string>>('SHOW pgweir.lsn');
    return rows[0]?.['pgweir.lsn'] ?? '';
  }

  async #work(): Promise<void> {
    const { random, row, rows, wrong } = this.#needs;
    while (!this.#stopping.signal.aborted) {
      try {
        const dice = random.next();
        if (dice < 0.15) await this.#write();
        else if (dice < 0.25) await this.#writeInTransaction();
        else if (dice < 0.6) await this.#read(row, random.next() < 0.5);
        else if (dice < 0.95) await this.#read(random.between(1, rows), random.next() < 0.5);
        else await this.#readTwice(random.between(1, rows));
      } catch (error) {
        wrong(`client ${row}: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
      if (random.next() < 0.7) await delay(PAUSE_MS_MAX * random.next());
    }
  }

  async #write(): Promise<void> {
    const { acknowledged, row } = this.#needs;
    this.#written++;
    await this.#client.query('UPDATE counters SET value = $1 WHERE id = $2', [this.#written, row]);
    this.#seen.set(row, this.#written);
    acknowledged.set(row, this.#written);
  }

  async #writeInTransaction(): Promise<void> {
    const { acknowledged, row } = this.#needs;
    this.#written++;
    await this.#client.query('BEGIN');
    await this.#client.query(`UPDATE counters SET value = ${this.#written} WHERE id = ${row}`);
    await this.#client.query('COMMIT');
    this.#seen.set(row, this.#written);
    acknowledged.set(row, this.#written);
  }

  async #read(id: number, isPrepared: boolean): Promise<void> {
    const known = this.#known(id);
    const result: QueryResult<{ value: number; port: string }> = isPrepared
      ? await this.#client.query({ name: 'read', text: READ, values: [id] })
      : await this.#client.query(READ.replace('$1', String(id)));
    this.#take(id, known, result);
  }

  /** In a transaction that only reads. */
  async #readTwice(id: number): Promise<void> {
    const known = this.#known(id);
    await this.#client.query('BEGIN READ ONLY');
    const first = await this.#client.query<{ value: number; port: string }>(READ, [id]);
    const second = await this.#client.query<{ value: number; port: string }>(READ, [id]);
    await this.#client.query('COMMIT');
    this.#take(id, known, first);
    this.#take(id, first.rows[0]?.value ?? 0, second);
  }

  /** What a read that begins now has to see at least. */
  #known(id: number): number {
    const { acknowledged, isGlobal } = this.#needs;
    const seen = this.#seen.get(id) ?? 0;
    return isGlobal ? Math.max(seen, acknowledged.get(id) ?? 0) : seen;
  }

  #take(id: number, known: number, { rows }: QueryResult<{ value: number; port: string }>): void {
    const { readAt, row, wrong } = this.#needs;
    const [answer] = rows;
    if (answer === undefined) throw new Error(`no row ${id}`);
    readAt(Number(answer.port));
    if (answer.value < known) {
      wrong(
        `client ${row} has read ${answer.value} of row ${id} at ${answer.port}, after ${known}`,
      );
    }
    this.#seen.set(id, Math.max(answer.value, known));
  }
}
