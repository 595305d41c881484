import { LEDGER_STYLES, Ledger, LedgerClient, Random, waitFor } from '@pgweir/testkit';

/** For the owner of the tables. */
export const LEDGER_SCHEMA = `
  CREATE TABLE ledger (entry text NOT NULL);
  CREATE TABLE things (id int PRIMARY KEY, worth int NOT NULL);
  INSERT INTO things SELECT n, n * 2 FROM generate_series(1, 100) AS n;
  GRANT ALL ON ledger, things TO app`;

/** Who can be asked what is in the tables. */
interface Source {
  query(text: string): Promise<Record<string, unknown>[]>;
}

/** Applications that write to and read from a primary without an end, and what they were told. */
export class LedgerLoad {
  readonly ledger = new Ledger();
  /** What must not be, one line each. */
  readonly wrong: string[] = [];
  /** The longest time that an answer took. */
  longestMs = 0;
  readonly #clients: LedgerClient[] = [];

  async start(port: number, count = 6): Promise<void> {
    for (let at = 0; at < count; at++) {
      const style = LEDGER_STYLES[at % LEDGER_STYLES.length] ?? 'simple';
      const client = new LedgerClient({
        ...{ port, name: `${style}${at}`, style, ledger: this.ledger },
        random: new Random(at + 1),
        wrong: (what) => void this.wrong.push(what),
        answered: (_what, ms) => {
          this.longestMs = Math.max(this.longestMs, ms);
        },
      });
      await client.start();
      this.#clients.push(client);
    }
  }

  /** Waits until entries have been made since. */
  async untilWorked(): Promise<void> {
    const before = this.ledger.count('committed');
    const hasWorked = (): boolean => this.ledger.count('committed') > before + 50;
    await waitFor(hasWorked, { what: 'work to be done', deadlineMs: 20_000 });
  }

  /** The codes of errors so far that may be when a server is lost. */
  get errors(): readonly string[] {
    return this.#clients.flatMap((client) => [...client.errors].map(([code]) => code));
  }

  /** Ends. @returns what must not be, errors that may be when a server is lost not among it */
  async stop(primary: Source): Promise<readonly string[]> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    const rows = await primary.query(
      'SELECT entry, count(*)::int AS count FROM ledger GROUP BY entry',
    );
    const found = new Map(rows.map(({ entry, count }) => [String(entry), Number(count)]));
    return [...this.wrong, ...this.ledger.judge(found)];
  }
}
