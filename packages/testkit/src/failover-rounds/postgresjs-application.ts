import { setTimeout as delay } from 'node:timers/promises';
import postgres, { type Sql, type TransactionSql } from 'postgres';
import { waitFor } from '../wait-for';
import { type Application, type ApplicationNeeds, checkThings, PAUSE_MS } from './application';
import { codeOf, LOST_IN_TRANSACTION, OUTCOME_UNKNOWN, TRANSACTION_FAILED } from './diary';

/** Statements go over these, and one more connection listens. */
const CONNECTIONS = 2;
/** How many connections one application has open. */
export const POSTGRESJS_CONNECTIONS = CONNECTIONS + 1;
const PIPELINED_MAX = 4;
const HEARS_WITHIN_MS = 5_000;
const END_WITHIN_S = 10;

/**
 * A small pool of postgres.js: it sends statements before those ahead of them are answered, and listens.
 * It would open lost connections again, unseen, so it is asked whether it has.
 */
export class PostgresJsApplication implements Application {
  /** More than connections: what finds none free is sent behind what others have under way. */
  readonly lanes = CONNECTIONS + 1;
  readonly #needs: ApplicationNeeds;
  readonly #sql: Sql;
  readonly #heard = new Set<string>();
  readonly #channel: string;
  #listens = 0;
  #asked = 0;
  #isEnding = false;

  constructor(needs: ApplicationNeeds) {
    this.#needs = needs;
    const { diary, lost, port, random } = needs;
    this.#channel = `news of ${diary.name}`;
    this.#sql = postgres({
      ...{ host: '127.0.0.1', port, user: 'app', database: 'app', max: CONNECTIONS },
      // Statements with values are pipelined only where they are prepared, which not everybody wants.
      prepare: random.chance(0.5),
      // It would close connections that are half an hour old.
      max_lifetime: null,
      onnotice: () => undefined,
      onclose: () => {
        if (!this.#isEnding) lost('postgres.js has lost a connection');
      },
    });
  }

  async connect(): Promise<void> {
    // All of them, so that none is opened later on.
    await Promise.all(Array.from({ length: CONNECTIONS }, () => this.#read()));
    await this.#sql.listen(
      this.#channel,
      (payload) => this.#heard.add(payload),
      // Its own `onclose` stands in the place of ours on this connection: it listens once more.
      () => {
        if (++this.#listens > 1) this.#needs.lost('postgres.js has lost the one that listens');
      },
    );
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#sql.end({ timeout: END_WITHIN_S });
  }

  /** Several at once, with reads among them. */
  async write(): Promise<boolean> {
    const { random } = this.#needs;
    const writes = Array.from({ length: random.between(1, PIPELINED_MAX) }, () => this.#write());
    const reads = random.chance(0.3) ? [this.#read(), this.#read()] : [];
    const [acknowledged] = await Promise.all([Promise.all(writes), ...reads]);
    return acknowledged.includes(true);
  }

  async read(): Promise<void> {
    const count = this.#needs.random.between(1, PIPELINED_MAX);
    await Promise.all(Array.from({ length: count }, () => this.#read()));
  }

  async transaction(): Promise<void> {
    const { diary, random } = this.#needs;
    const entries = [diary.entry(), diary.entry()];
    const fill = random.pick([this.#oneByOne, this.#together, this.#behindSavepoint]);
    // Nothing of it may be there, unless COMMIT is said to have worked.
    diary.note(entries, 'rolled back');
    let at: 'begin' | 'failed' | 'commit' = 'begin';
    try {
      await this.#sql.begin(async (tx) => {
        try {
          await fill.call(this, tx, entries);
        } catch (error) {
          at = 'failed';
          diary.allow(error, [LOST_IN_TRANSACTION]);
          await mustHaveFailed(tx);
          throw error;
        }
        at = 'commit';
      });
      diary.note(entries, 'committed');
    } catch (error) {
      this.#ended(at, error, entries);
    }
  }

  /** It hears what is sent to it. */
  async check(): Promise<void> {
    await waitFor(
      async () => {
        const payload = String(++this.#asked);
        await this.#sql.notify(this.#channel, payload);
        return await waitFor(() => this.#heard.has(payload), {
          ...{ what: 'a notification', deadlineMs: 200 },
        });
      },
      { what: 'what was sent to a channel', deadlineMs: HEARS_WITHIN_MS },
    );
  }

  #ended(at: 'begin' | 'failed' | 'commit', error: unknown, entries: readonly string[]): void {
    const { diary } = this.#needs;
    if (at === 'commit') return diary.commitFailed(error, entries);
    if (at === 'begin') return diary.allow(error, [LOST_IN_TRANSACTION]);
    // The same that was met inside; postgres.js has rolled back.
    if (codeOf(error) !== LOST_IN_TRANSACTION) throw error;
  }

  async #write(): Promise<boolean> {
    const { diary } = this.#needs;
    const entry = diary.entry();
    try {
      await insert(this.#sql, entry);
      diary.note([entry], 'committed');
      return true;
    } catch (error) {
      diary.note([entry], 'unknown');
      diary.allow(error, [OUTCOME_UNKNOWN]);
      return false;
    }
  }

  async #read(): Promise<void> {
    const id = this.#needs.random.between(1, 100);
    checkThings(await this.#sql`SELECT id, worth FROM things WHERE id = ${id}`, id);
  }

  async #oneByOne(tx: TransactionSql, entries: readonly string[]): Promise<void> {
    for (const entry of entries) {
      await insert(tx, entry);
      await delay(PAUSE_MS * this.#needs.random.next());
    }
  }

  /** The first that fails tells what has happened; what follows hears that the transaction failed. */
  async #together(tx: TransactionSql, entries: readonly string[]): Promise<void> {
    const ends = await Promise.allSettled(entries.map((entry) => insert(tx, entry)));
    const [first, ...others] = ends.flatMap((end) =>
      end.status === 'rejected' ? [end.reason] : [],
    );
    if (first === undefined) return;
    for (const other of others) if (codeOf(other) !== TRANSACTION_FAILED) throw other;
    if (ends.at(-1)?.status === 'fulfilled')
      throw new Error('a statement behind a lost one worked');
    throw first;
  }

  /** postgres.js goes back to the savepoint when something fails behind it, which is lost as well. */
  async #behindSavepoint(tx: TransactionSql, entries: readonly string[]): Promise<void> {
    const [before = '', ...behind] = entries;
    await insert(tx, before);
    let first: unknown;
    try {
      await tx.savepoint(async (point) => {
        try {
          await this.#oneByOne(point, behind);
        } catch (error) {
          first = error;
          throw error;
        }
      });
    } catch (error) {
      if (first !== undefined && codeOf(error) !== TRANSACTION_FAILED) throw error;
      throw first ?? error;
    }
  }
}

async function insert(sql: Sql | TransactionSql, entry: string): Promise<void> {
  await sql`INSERT INTO ledger (entry) VALUES (${entry})`;
}

/** Whoever does not know that a transaction has failed must not write outside of it. */
async function mustHaveFailed(tx: TransactionSql): Promise<void> {
  try {
    await insert(tx, 'must not be');
  } catch (error) {
    if (codeOf(error) === TRANSACTION_FAILED) return;
    throw error;
  }
  throw new Error('a statement of a lost transaction was carried out');
}
