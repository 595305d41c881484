import type { Server } from '@pgweir/testkit';
import type { CatalogQuestions } from '../../src/routing/catalog-knowledge';

type Client = Awaited<ReturnType<Server['connect']>>;

/** All values as the text that PostgreSQL sends. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

/** Asks a real server, on one connection. */
export class AskingServer implements CatalogQuestions {
  readonly #client: Client;
  /** Why there was no answer. */
  readonly errors: unknown[] = [];
  asked = 0;
  #pending = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  ask(sql: string, answer: (row: readonly (string | null)[] | undefined) => void): void {
    this.asked++;
    this.#pending++;
    this.#client
      .query({ text: sql, rowMode: 'array', types: AS_TEXT })
      .then(
        (result: unknown) => rowOf(result),
        (error: unknown) => {
          this.errors.push(error);
          return undefined;
        },
      )
      .then((row) => {
        this.#pending--;
        answer(row);
      });
  }
}

function rowOf(result: unknown): readonly (string | null)[] | undefined {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result;
  if (typeof last !== 'object' || last === null || !('rows' in last)) return undefined;
  const rows: unknown = last.rows;
  const row: unknown = Array.isArray(rows) && rows.length === 1 ? rows[0] : undefined;
  return Array.isArray(row) && row.every(isColumn) ? row : undefined;
}

function isColumn(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
