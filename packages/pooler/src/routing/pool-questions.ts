import { query } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { makeBlank } from '../pool/blank-link';
import { OwnLease } from '../pool/own-lease';
import type { Pool } from '../pool/pool';
import type { Clock } from '../ports/clock';
import { ANSWER_WITHIN_MS, type CatalogQuestions } from './catalog-knowledge';

type Row = readonly (string | null)[];

interface PoolQuestionsNeeds {
  readonly clock: Clock;
  /** A pool of the database; undefined: it has none now. */
  readonly pool: () => Pool | undefined;
  /** Runs something soon, and not within the message of a client. */
  readonly soon: (run: () => void) => void;
}

/** Asks the catalog on a link that is borrowed from a pool of the database, behind clients that wait. */
export class PoolQuestions implements CatalogQuestions {
  readonly #needs: PoolQuestionsNeeds;

  constructor(needs: PoolQuestionsNeeds) {
    this.#needs = needs;
  }

  ask(sql: string, answer: (row: Row | undefined) => void): void {
    this.#needs.soon(() => {
      const pool = this.#needs.pool();
      if (pool === undefined) answer(undefined);
      else new Errand({ pool, sql, answer, clock: this.#needs.clock }).start();
    });
  }
}

interface ErrandNeeds {
  readonly pool: Pool;
  readonly sql: string;
  readonly answer: (row: Row | undefined) => void;
  readonly clock: Clock;
}

/** One question. */
class Errand {
  readonly #needs: ErrandNeeds;
  readonly #lease = new OwnLease({
    granted: (link) => this.#granted(link),
    refused: () => this.#end(undefined),
    linkLost: () => this.#end(undefined),
  });
  #over = false;

  constructor(needs: ErrandNeeds) {
    this.#needs = needs;
  }

  start(): void {
    const link = this.#needs.pool.lease(this.#lease);
    if (link !== undefined) this.#granted(link);
  }

  #granted(link: Link): void {
    const { clock, pool } = this.#needs;
    link.limitTime({ nowMs: clock.nowMs(), limitMs: ANSWER_WITHIN_MS });
    makeBlank(link, { pool, lease: this.#lease }, (error) => {
      if (error === undefined) this.#ask(link);
      else {
        this.#end(undefined);
        link.close('settings were refused');
      }
    });
  }

  #ask(link: Link): void {
    const { clock, sql } = this.#needs;
    link.limitTime({ nowMs: clock.nowMs(), limitMs: ANSWER_WITHIN_MS });
    link.runOwnMessages(
      [query(sql)],
      (result) => {
        link.deadlineMs = 0;
        link.releaseNow();
        this.#end(result.kind === 'done' && result.tooLong !== true ? result.row : undefined);
      },
      'row',
    );
  }

  #end(row: Row | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#needs.answer(row);
  }
}
