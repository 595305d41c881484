import type { Client } from 'pg';
import type { PlayTarget } from '../differential/player';
import { rowValues } from '../wire/backend-message';
import { bind, execute, parse, query, sync } from '../wire/frontend';
import { RawClient } from '../wire/raw-client';

/** One's own settings, so that every competitor differs from the others and from a fresh connection. */
const STATES: readonly Readonly<Record<string, string>>[] = [
  { search_path: 'nowhere', TimeZone: 'Pacific/Auckland', work_mem: '9MB' },
  { search_path: 'pg_catalog', DateStyle: 'SQL, DMY', TimeZone: 'America/Caracas' },
  { IntervalStyle: 'iso_8601', bytea_output: 'escape', 'own.tenant': 'somebody else' },
  { standard_conforming_strings: 'off', role: 'rival', extra_float_digits: '-3' },
];

export interface CompetitorOptions {
  readonly target: PlayTarget;
  readonly user: string;
  /** Of `STATES`; also told apart by it. */
  readonly number: number;
  /** Names of the prepared statements that it has too, with another text. */
  readonly statements: readonly string[];
  readonly deadlineMs: number;
}

/**
 * A session with other state than the scenario's. It never holds a link beyond its transaction, unless
 * the pooler pins what should not be pinned.
 */
export class Competitor {
  /** The link that its open transaction holds. */
  pid: number | undefined;
  /** Answers that were not its own state. */
  readonly violations: string[] = [];
  readonly #client: RawClient;
  readonly #options: CompetitorOptions;
  readonly #state: Readonly<Record<string, string>>;

  private constructor(client: RawClient, options: CompetitorOptions) {
    this.#client = client;
    this.#options = options;
    this.#state = {
      ...STATES[options.number % STATES.length],
      application_name: `competitor ${options.number}`,
    };
  }

  static async start(options: CompetitorOptions): Promise<Competitor> {
    const client = await RawClient.connect(options.target);
    const competitor = new Competitor(client, options);
    try {
      const { database } = options.target;
      await client.login({ user: options.user, database, deadlineMs: options.deadlineMs });
      await competitor.#prepare();
    } catch (error) {
      client.destroy();
      throw error;
    }
    return competitor;
  }

  /** Opens a transaction, which takes a link, and looks at its own state in it. */
  async begin(): Promise<void> {
    const names = Object.keys(this.#state);
    const settings = names.map((name) => `current_setting('${name}', true)`);
    const rows = await this.#ask(
      query(`BEGIN; SELECT pg_backend_pid(), ${settings.join(', ')}; NOTIFY competition, 'x'`),
      ...this.#options.statements.flatMap((statement) => [bind({ statement }), execute(), sync()]),
    );
    const [[pid, ...values] = [], ...answers] = rows;
    this.pid = Number(pid);
    names.forEach((name, i) => {
      this.#expect(name, values[i] ?? 'NULL', this.#state[name] ?? '');
    });
    this.#options.statements.forEach((name, i) => {
      this.#expect(`statement ${name}`, answers[i]?.[0] ?? 'no row', this.#answer);
    });
  }

  async commit(): Promise<void> {
    this.pid = undefined;
    await this.#ask(query('COMMIT'));
  }

  async stop(): Promise<void> {
    await this.#client.end();
  }

  get #answer(): string {
    return `answer of competitor ${this.#options.number}`;
  }

  #expect(what: string, got: string, expected: string): void {
    if (got === expected) return;
    const { number } = this.#options;
    this.violations.push(`competitor ${number}: ${what} is ${got}, not ${expected}`);
  }

  async #prepare(): Promise<void> {
    for (const [name, value] of Object.entries(this.#state))
      await this.#ask(query(`SET ${name} = ${name === 'search_path' ? value : `'${value}'`}`));
    if (this.#options.number % 2 === 0) await this.#ask(query('LISTEN competition'));
    for (const name of this.#options.statements)
      await this.#ask(parse(`SELECT '${this.#answer}'`, name), sync());
  }

  /** The rows of all answers. An error counts as a violation. */
  async #ask(...frames: readonly Buffer[]): Promise<(string | null)[][]> {
    let owed = frames.filter((each) => each[0] === QUERY || each[0] === SYNC).length;
    this.#client.send(...frames);
    const { deadlineMs } = this.#options;
    const messages = await this.#client.until(({ tag }) => tag === 'Z' && --owed === 0, {
      deadlineMs,
    });
    this.#client.forget();
    for (const message of messages)
      if (message.tag === 'E')
        this.violations.push(
          `competitor ${this.#options.number}: ${message.body.toString().replaceAll('\0', ' ')}`,
        );
    return messages.filter(({ tag }) => tag === 'D').map(rowValues);
  }
}

const QUERY = 0x51;
const SYNC = 0x53;

/** How many links of a pool a new transaction could take at once, as the pooler's console says. */
export async function freeLinks(
  console: Client,
  pool: { readonly database: string; readonly user: string; readonly links: number },
): Promise<number> {
  const { rows } = await console.query<Record<string, unknown>>('SHOW POOLS');
  const row = rows.find((each) => each.database === pool.database && each.user === pool.user);
  if (row === undefined) return pool.links;
  const count = (name: string): number => Number(row[name] ?? 0);
  const idle = count('sv_idle') + count('sv_used');
  const names = Object.keys(row).filter((name) => name.startsWith('sv_'));
  const all = names.reduce((sum, name) => sum + count(name), 0);
  return idle + Math.max(0, pool.links - all);
}
