import { errorCode } from '../process/error-code';
import type { Fate, Ledger } from './ledger';

/** A client's errors by what it was doing; anything else is wrong. */
export const LOST_IN_TRANSACTION = '08006';
export const OUTCOME_UNKNOWN = '08007';
export const TRANSACTION_FAILED = '25P02';

/** What one application has tried to do, and the errors that it has met and may meet. */
export class Diary {
  readonly name: string;
  readonly #ledger: Ledger;
  #made = 0;
  /** Errors so far that may be, by their codes. */
  readonly errors = new Map<string, number>();

  constructor(name: string, ledger: Ledger) {
    this.name = name;
    this.#ledger = ledger;
  }

  /** The text of an entry that nobody has made yet. */
  entry(): string {
    return `${this.name}-${++this.#made}`;
  }

  note(entries: readonly string[], fate: Fate): void {
    for (const entry of entries) this.#ledger.note(entry, fate);
  }

  /** @throws the error, if it may not be */
  allow(error: unknown, codes: readonly string[]): void {
    const code = codeOf(error);
    if (code === undefined || !codes.includes(code)) throw error;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** A COMMIT that failed: the transaction may be there, or it was lost before COMMIT came. */
  commitFailed(error: unknown, entries: readonly string[]): void {
    this.allow(error, [OUTCOME_UNKNOWN, LOST_IN_TRANSACTION]);
    if (codeOf(error) === OUTCOME_UNKNOWN) this.note(entries, 'unknown');
  }
}

/** The SQLSTATE, or the code that the driver has made up. */
export function codeOf(error: unknown): string | undefined {
  const code = errorCode(error);
  return typeof code === 'string' ? code : undefined;
}

export function describe(error: unknown): string {
  return error instanceof Error ? `${codeOf(error) ?? 'no code'} ${error.message}` : String(error);
}
