import type { Client } from 'pg';
import type { PlayTarget } from '../differential/player';
import { Competitor, freeLinks } from './competition';
import type { Interference } from './player';

export interface RivalOptions {
  readonly target: PlayTarget;
  /** The scenario's users: each has a pool of its own. */
  readonly users: readonly string[];
  readonly links: number;
  readonly statements: readonly string[];
  /** The pooler's console. */
  readonly console: Client;
  /** A superuser's direct connection to the same database. */
  readonly aside: Client;
  readonly deadlineMs: number;
}

/** How often a session's next step could have been on another link than its last one, and was. */
export interface LinkChanges {
  chances: number;
  changes: number;
}

/**
 * Makes each transaction of a scenario land on another link than the one before: before a step, all
 * links that are free are taken by competitors, and all are given back but the one that the session
 * used last. Whichever link the pooler then takes, it is another one.
 */
export class Rivals implements Interference {
  readonly changes: LinkChanges = { chances: 0, changes: 0 };
  readonly #pools: ReadonlyMap<string, RivalPool>;

  private constructor(pools: ReadonlyMap<string, RivalPool>) {
    this.#pools = pools;
  }

  static async start(options: RivalOptions): Promise<Rivals> {
    const pools = new Map<string, RivalPool>();
    const rivals = new Rivals(pools);
    try {
      for (const user of options.users) {
        const pool = new RivalPool(options, user, rivals.changes);
        pools.set(user, pool);
        await pool.start();
      }
    } catch (error) {
      await rivals.stop();
      throw error;
    }
    return rivals;
  }

  async before(session: string, user: string): Promise<void> {
    await this.#pools.get(user)?.before(session);
  }

  async after(session: string, user: string): Promise<void> {
    await this.#pools.get(user)?.after(session);
  }

  /** @returns what competitors saw that was not theirs */
  async stop(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const pool of this.#pools.values()) found.push(...(await pool.stop()));
    return found;
  }
}

class RivalPool {
  readonly #options: RivalOptions;
  readonly #user: string;
  readonly #changes: LinkChanges;
  readonly #competitors: Competitor[] = [];
  readonly #linkPids = new Set<number>();
  /** The link of each session's last step. */
  readonly #last = new Map<string, number>();
  /** Sessions whose last link a competitor holds now. */
  readonly #barred = new Set<string>();

  constructor(options: RivalOptions, user: string, changes: LinkChanges) {
    this.#options = options;
    this.#user = user;
    this.#changes = changes;
  }

  /** More competitors than there are links. Leaves all links open and used by them. */
  async start(): Promise<void> {
    const { target, statements, deadlineMs, links } = this.#options;
    for (let number = 0; number <= links; number++)
      this.#competitors.push(
        await Competitor.start({ target, user: this.#user, number, statements, deadlineMs }),
      );
    // One may listen for all of them.
    await this.#takeFree(await this.#free());
    await this.#giveBack(undefined);
  }

  async before(session: string): Promise<void> {
    await this.#takeFree(await this.#free());
    const last = this.#last.get(session);
    if (last !== undefined && this.#competitors.some(({ pid }) => pid === last)) {
      this.#barred.add(session);
      this.#changes.chances += 1;
    }
    await this.#giveBack(last);
  }

  async after(session: string): Promise<void> {
    const { rows } = await this.#options.aside.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1)
       ORDER BY query_start DESC NULLS LAST LIMIT 1`,
      [[...this.#linkPids]],
    );
    const [row] = rows;
    if (row === undefined) return;
    if (this.#barred.delete(session) && row.pid !== this.#last.get(session))
      this.#changes.changes += 1;
    this.#last.set(session, row.pid);
  }

  async stop(): Promise<readonly string[]> {
    await Promise.all(this.#competitors.map((each) => each.stop()));
    return this.#competitors.flatMap(({ violations }) => violations);
  }

  #free(): Promise<number> {
    const { console, links, target } = this.#options;
    return freeLinks(console, { database: target.database, user: this.#user, links });
  }

  async #takeFree(free: number): Promise<void> {
    for (let left = free; left > 0; left--) {
      const competitor = this.#competitors.find(({ pid }) => pid === undefined);
      if (competitor === undefined) return;
      await competitor.begin();
      if (competitor.pid !== undefined) this.#linkPids.add(competitor.pid);
      // Another one is to have the next link.
      this.#competitors.push(...this.#competitors.splice(this.#competitors.indexOf(competitor), 1));
    }
  }

  /** All that competitors hold, but this one. */
  async #giveBack(kept: number | undefined): Promise<void> {
    const holders = this.#competitors.filter(({ pid }) => pid !== undefined && pid !== kept);
    for (const each of holders) await each.commit();
  }
}
