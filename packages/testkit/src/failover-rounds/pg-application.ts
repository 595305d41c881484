import { setTimeout as delay } from 'node:timers/promises';
import { Client, type QueryConfig, type QueryResult } from 'pg';
import { type Application, type ApplicationNeeds, checkThings, PAUSE_MS } from './application';
import { codeOf, LOST_IN_TRANSACTION, OUTCOME_UNKNOWN, TRANSACTION_FAILED } from './diary';

/** How statements are sent with `pg`. */
export const PG_STYLES = ['simple', 'extended', 'prepared'] as const;
export type PgStyle = (typeof PG_STYLES)[number];

/** One connection by `pg`, one statement at a time. */
export class PgApplication implements Application {
  readonly lanes = 1;
  readonly #needs: ApplicationNeeds;
  readonly #style: PgStyle;
  readonly #client: Client;
  #isEnding = false;

  constructor(needs: ApplicationNeeds, style: PgStyle) {
    this.#needs = needs;
    this.#style = style;
    const { port } = needs;
    this.#client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    this.#client.on('error', (error) => {
      if (!this.#isEnding) needs.lost(error.message);
    });
  }

  async connect(): Promise<void> {
    await this.#client.connect();
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#client.end();
  }

  async write(): Promise<boolean> {
    const { diary } = this.#needs;
    const entry = diary.entry();
    try {
      await this.#insert(entry);
      diary.note([entry], 'committed');
      return true;
    } catch (error) {
      diary.note([entry], 'unknown');
      diary.allow(error, [OUTCOME_UNKNOWN]);
      return false;
    }
  }

  async read(): Promise<void> {
    const id = this.#needs.random.between(1, 100);
    const { rows } = await this.#run('SELECT id, worth FROM things WHERE id = $1', [id]);
    checkThings(rows, id);
  }

  async transaction(): Promise<void> {
    const { diary, random } = this.#needs;
    const entries = [diary.entry(), diary.entry()];
    // Nothing of it may be there, unless COMMIT says something else.
    diary.note(entries, 'rolled back');
    try {
      await this.#run('BEGIN', []);
      for (const entry of entries) {
        await this.#insert(entry);
        await delay(PAUSE_MS * random.next());
      }
    } catch (error) {
      diary.allow(error, [LOST_IN_TRANSACTION]);
      await this.#rollBack();
      return;
    }
    await this.#commit(entries);
  }

  /** The connection is all that it has. */
  async check(): Promise<void> {
    await this.read();
  }

  async #commit(entries: readonly string[]): Promise<void> {
    const { diary } = this.#needs;
    try {
      const { command } = await this.#run('COMMIT', []);
      if (command === 'COMMIT') diary.note(entries, 'committed');
      else throw new Error(`COMMIT was answered with ${command}`);
    } catch (error) {
      diary.commitFailed(error, entries);
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
    switch (this.#style) {
      case 'simple':
        return client.query(inline(text, values));
      case 'extended':
        return client.query<Record<string, unknown>>(asExtended(text, values));
      case 'prepared':
        return client.query({ name: text, text, values: [...values] });
    }
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
