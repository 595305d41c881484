import { setTimeout as delay } from 'node:timers/promises';
import { Client, type QueryConfig, type QueryResult } from 'pg';
import type { Random } from '../random';
import type { Ledger } from './ledger';

/** How statements are sent. */
export const STYLES = ['simple', 'extended', 'prepared'] as const;
export type Style = (typeof STYLES)[number];

export interface LedgerClientNeeds {
  readonly port: number;
  readonly name: string;
  readonly style: Style;
  readonly random: Random;
  readonly ledger: Ledger;
  /** An error, or an answer, that must not be. */
  readonly wrong: (what: string) => void;
  /** How long an answer took. */
  readonly answered: (what: 'read' | 'write' | 'transaction', ms: number) => void;
}

/** A client's errors by what it was doing; anything else is wrong. */
const LOST_IN_TRANSACTION = '08006';
const OUTCOME_UNKNOWN = '08007';
const TRANSACTION_FAILED = '25P02';

const PAUSE_MS = 5;

/**
 * An application that works on without an end: writes by themselves, transactions, reads. It knows what
 * became of each of its entries, or that nobody can know, and takes no other error than those that may be.
 */
export class LedgerClient {
  readonly #needs: LedgerClientNeeds;
  readonly #client: Client;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #made = 0;
  /** Errors so far that may be, by their codes. */
  readonly errors = new Map<string, number>();

  constructor(needs: LedgerClientNeeds) {
    this.#needs = needs;
    const { port, name, wrong } = needs;
    this.#client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    this.#client.on('error', (error) => {
      if (!this.#stopping.signal.aborted)
        wrong(`${name}: the connection was lost: ${error.message}`);
    });
  }

  async start(): Promise<void> {
    await this.#client.connect();
    this.#running = this.#work();
  }

  /** Ends after what it is at. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#client.end();
  }

  async #work(): Promise<void> {
    const { random, name, wrong } = this.#needs;
    while (!this.#stopping.signal.aborted) {
      try {
        const dice = random.next();
        if (dice < 0.4) await this.#timed('write', () => this.#write());
        else if (dice < 0.7) await this.#timed('transaction', () => this.#transaction());
        else await this.#timed('read', () => this.#read());
      } catch (error) {
        wrong(`${name}: ${describe(error)}`);
        return;
      }
      await delay(PAUSE_MS * random.next());
    }
  }

  async #timed(what: 'read' | 'write' | 'transaction', run: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    await run();
    this.#needs.answered(what, performance.now() - startedMs);
  }

  #entry(): string {
    return `${this.#needs.name}-${++this.#made}`;
  }

  async #write(): Promise<void> {
    const entry = this.#entry();
    const { ledger } = this.#needs;
    try {
      await this.#insert(entry);
      ledger.note(entry, 'committed');
    } catch (error) {
      ledger.note(entry, 'unknown');
      this.#allow(error, [OUTCOME_UNKNOWN]);
    }
  }

  async #read(): Promise<void> {
    const id = this.#needs.random.between(1, 100);
    const { rows } = await this.#run('SELECT id, worth FROM things WHERE id = $1', [id]);
    const [row]: unknown[] = rows;
    if (JSON.stringify(row) !== JSON.stringify({ id, worth: id * 2 })) {
      throw new Error(`a read of ${id} brought ${JSON.stringify(rows)}`);
    }
  }

  async #transaction(): Promise<void> {
    const { ledger, random } = this.#needs;
    const entries = [this.#entry(), this.#entry()];
    const noteAll = (fate: 'committed' | 'rolled back' | 'unknown'): void => {
      for (const entry of entries) ledger.note(entry, fate);
    };
    // Nothing of it may be there, unless COMMIT says something else.
    noteAll('rolled back');
    try {
      await this.#run('BEGIN', []);
      for (const entry of entries) {
        await this.#insert(entry);
        await delay(PAUSE_MS * random.next());
      }
    } catch (error) {
      this.#allow(error, [LOST_IN_TRANSACTION]);
      await this.#rollBack();
      return;
    }
    await this.#commit(noteAll);
  }

  async #commit(noteAll: (fate: 'committed' | 'unknown') => void): Promise<void> {
    try {
      const { command } = await this.#run('COMMIT', []);
      if (command === 'COMMIT') noteAll('committed');
      else if (command !== 'ROLLBACK') throw new Error(`COMMIT was answered with ${command}`);
    } catch (error) {
      // It may have been lost before COMMIT; that ends the transaction in any case.
      this.#allow(error, [OUTCOME_UNKNOWN, LOST_IN_TRANSACTION]);
      if (codeOf(error) === OUTCOME_UNKNOWN) noteAll('unknown');
    }
  }

  /** Whoever does not know that a transaction has failed must not write outside of it. */
  async #rollBack(): Promise<void> {
    try {
      await this.#insert('must not be');
      throw new Error('a statement of a lost transaction was carried out');
    } catch (error) {
      if (codeOf(error) !== TRANSACTION_FAILED) throw error;
    }
    const { command } = await this.#run('ROLLBACK', []);
    if (command !== 'ROLLBACK') throw new Error(`ROLLBACK was answered with ${command}`);
  }

  #insert(entry: string): Promise<QueryResult> {
    return this.#run('INSERT INTO ledger (entry) VALUES ($1)', [entry]);
  }

  #run(text: string, values: readonly (string | number)[]): Promise<QueryResult> {
    const client = this.#client;
    switch (this.#needs.style) {
      case 'simple':
        return client.query(inline(text, values));
      case 'extended':
        return client.query<Record<string, unknown>>(asExtended(text, values));
      case 'prepared':
        return client.query({ name: text, text, values: [...values] });
    }
  }

  /** @throws the error, if it may not be */
  #allow(error: unknown, codes: readonly string[]): void {
    const code = codeOf(error);
    if (code === undefined || !codes.includes(code)) throw error;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}

/** Also where there are no values, which is more than the types of `pg` know. */
function asExtended(text: string, values: readonly (string | number)[]): QueryConfig {
  const config = { text, values: [...values], queryMode: 'extended' };
  return config;
}

/** Our own entries and numbers have nothing that needs care. */
function inline(text: string, values: readonly (string | number)[]): string {
  return text.replace('$1', () => {
    const [value = ''] = values;
    return typeof value === 'number' ? String(value) : `'${value}'`;
  });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${codeOf(error) ?? 'no code'} ${error.message}` : String(error);
}
