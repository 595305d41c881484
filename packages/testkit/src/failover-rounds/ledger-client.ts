import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random';
import { type Application, type ApplicationNeeds, PAUSE_MS } from './application';
import { Diary, describe } from './diary';
import type { Ledger } from './ledger';
import { PG_STYLES, PgApplication } from './pg-application';
import { POSTGRESJS_CONNECTIONS, PostgresJsApplication } from './postgresjs-application';

/** How statements are sent: by `pg` in one of its ways, or by postgres.js. */
export const STYLES = [...PG_STYLES, 'postgres.js'] as const;
export type Style = (typeof STYLES)[number];

/** What has been answered. A write that may have been lost is no answer. */
export type Answered = 'read' | 'write' | 'transaction' | 'lost write';

export interface LedgerClientNeeds {
  readonly port: number;
  readonly name: string;
  readonly style: Style;
  readonly random: Random;
  readonly ledger: Ledger;
  /** An error, or an answer, that must not be. */
  readonly wrong: (what: string) => void;
  /** How long an answer took. */
  readonly answered: (what: Answered, ms: number) => void;
}

/**
 * An application that works on without an end: writes by themselves, transactions, reads. It knows what
 * became of each of its entries, or that nobody can know, and takes no other error than those that may be.
 */
export class LedgerClient {
  readonly #needs: LedgerClientNeeds;
  readonly #application: Application;
  readonly #diary: Diary;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(needs: LedgerClientNeeds) {
    const { ledger, name, port, random, style, wrong } = needs;
    this.#needs = needs;
    this.#diary = new Diary(name, ledger);
    this.#application = applicationOf(style, {
      ...{ port, random, diary: this.#diary },
      lost: (what) => wrong(`${name}: the connection was lost: ${what}`),
    });
  }

  /** Errors so far that may be, by their codes. */
  get errors(): ReadonlyMap<string, number> {
    return this.#diary.errors;
  }

  async start(): Promise<void> {
    await this.#application.connect();
    const lanes = Array.from({ length: this.#application.lanes }, () => this.#work());
    this.#running = Promise.all(lanes);
  }

  /** Ends after what it is at. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#application.end();
  }

  /** Is what it has set up still there? While no server is lost. */
  async check(): Promise<void> {
    const { name, wrong } = this.#needs;
    await this.#application.check().catch((error: unknown) => wrong(`${name}: ${describe(error)}`));
  }

  async #work(): Promise<void> {
    const { random, name, wrong } = this.#needs;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#piece();
      } catch (error) {
        wrong(`${name}: ${describe(error)}`);
        return;
      }
      await delay(PAUSE_MS * random.next());
    }
  }

  async #piece(): Promise<void> {
    const { answered, random } = this.#needs;
    const application = this.#application;
    const dice = random.next();
    const startedMs = performance.now();
    const took = (): number => performance.now() - startedMs;
    if (dice < 0.4) {
      const isCommitted = await application.write();
      answered(isCommitted ? 'write' : 'lost write', took());
    } else if (dice < 0.7) {
      await application.transaction();
      answered('transaction', took());
    } else {
      await application.read();
      answered('read', took());
    }
  }
}

/** How many connections a client of this style has open. */
export function connectionsOf(style: Style): number {
  return style === 'postgres.js' ? POSTGRESJS_CONNECTIONS : 1;
}

function applicationOf(style: Style, needs: ApplicationNeeds): Application {
  return style === 'postgres.js'
    ? new PostgresJsApplication(needs)
    : new PgApplication(needs, style);
}
