import { quoteText } from '../session-state/sql-text';
import type { Effects } from '../sql/effects';

type Unlistens = Effects['unlistens'];

/** Names, for as long as a transaction lasts, the UNLISTENs in it that hold so far. */
const WITNESS = 'pgweir.unlistened';

export const WITNESS_SQL = `pg_catalog.current_setting('${WITNESS}',true)`;
export const WITNESS_NAME = WITNESS;

interface Undoing {
  readonly id: number;
  readonly unlistens: Unlistens;
}

let lastId = 0;

/**
 * UNLISTENs of channels that the link does not listen to, because the listening link does. Whether they
 * hold is up to the transaction: a setting that is changed behind each of them shares its fate.
 */
export class UndoneListens {
  /** Of the group of messages that is under way. */
  #fresh: Undoing[] = [];
  /** Those that the setting bears witness of. */
  #witnessed: Undoing[] = [];
  #groupFailed = false;

  get isEmpty(): boolean {
    return this.#fresh.length === 0 && this.#witnessed.length === 0;
  }

  /** PostgreSQL has to be asked which of them hold. */
  get needsWitness(): boolean {
    return this.#witnessed.length > 0;
  }

  add(unlistens: Unlistens): void {
    this.#fresh.push({ id: ++lastId, unlistens });
  }

  groupFails(): void {
    this.#groupFailed = true;
  }

  /** ReadyForQuery inside a transaction. @returns what has to be run in it */
  groupEnded({ failed }: { readonly failed: boolean }): string | undefined {
    const fresh = this.#fresh;
    const holds = !failed && !this.#groupFailed;
    this.#fresh = [];
    this.#groupFailed = false;
    if (!holds || fresh.length === 0) return undefined;
    this.#witnessed.push(...fresh);
    const ids = fresh.map(({ id }) => `,${id}`).join('');
    const before = `coalesce(${WITNESS_SQL},'')`;
    return `SELECT pg_catalog.set_config('${WITNESS}',${before} OPERATOR(pg_catalog.||) ${quoteText(ids)},false)`;
  }

  /**
   * The transaction is over. `witness`: the value of the setting.
   *
   * @returns what is not listened to any more
   */
  settle(witness: string | null): readonly Unlistens[] {
    const ids = new Set((witness ?? '').split(',').map(Number));
    const held = this.#witnessed.filter(({ id }) => ids.has(id));
    if (!this.#groupFailed) held.push(...this.#fresh);
    this.clear();
    return held.map(({ unlistens }) => unlistens);
  }

  /** Nothing is under way. */
  calm(): void {
    this.#groupFailed = false;
  }

  clear(): void {
    this.#fresh = [];
    this.#witnessed = [];
    this.#groupFailed = false;
  }
}
