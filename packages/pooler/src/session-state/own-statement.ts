import type { Profile } from './profile';
import { RecentKeys } from './recent-keys';
import type { SharedStatement } from './shared-statement';
import { type Message, nameEndAt } from './statement-messages';

/** A prepared statement as one client knows it. */
export interface OwnStatement {
  statement: SharedStatement;
  /** The settings of the session when it was prepared, without those that were `open`. */
  profile: Profile;
  /** Settings that were changing in the transaction: what they were is not known. */
  open: ReadonlySet<string> | undefined;
  /** When the client prepared it, by `tickOfStatements`. */
  readonly parsedAt: number;
  /** The result that the client has been told of (`shapeOf`); 0: it was told of none. */
  shape: number;
  /** PostgreSQL has taken its Parse. */
  isSure: boolean;
  /** As long as PostgreSQL has not answered its Parse: the one that had the name before it. */
  before: OwnStatement | undefined;
  /** What became of its Parse; of the unnamed one, `skipped` leaves the one before it, `failed` none. */
  fate: 'taken' | 'skipped' | 'failed';
}

/** PostgreSQL cuts names of prepared statements here. */
export const NAME_BYTES_MAX = 63;

/** The key of the statement that a Bind names, empty for the unnamed one; undefined: it is cut. */
export function boundKey({ buffer, start, end }: Message): string | undefined {
  const name = nameEndAt(buffer, start, end) + 1;
  const nameEnd = name === 0 ? -1 : nameEndAt(buffer, name, end);
  if (nameEnd < 0) return undefined;
  return OwnStatements.key(buffer, name, nameEnd);
}

const KEYS = new RecentKeys();

/** The statements that one client has prepared by the protocol, by the names that it gave them. */
export class OwnStatements {
  #unnamed: OwnStatement | undefined;
  #named: Map<string, OwnStatement> | undefined;
  #bytes = 0;
  /** A statement is under way that takes away what was prepared before this; 0: none is. */
  droppingAt = 0;

  /** The key of the name in `buffer[start, end)`. */
  static key(buffer: Buffer, start: number, end: number): string {
    return KEYS.of(buffer, start, Math.min(end, start + NAME_BYTES_MAX));
  }

  /** The key of a name as SQL has it. */
  static keyOf(name: string): string {
    const bytes = Buffer.from(name);
    return OwnStatements.key(bytes, 0, bytes.length);
  }

  /** The unnamed one. */
  get unnamed(): OwnStatement | undefined {
    let own = this.#unnamed;
    while (own !== undefined && own.fate !== 'taken')
      own = own.fate === 'skipped' ? own.before : undefined;
    this.#unnamed = own;
    return own;
  }

  set unnamed(own: OwnStatement | undefined) {
    this.#unnamed = own;
  }

  get count(): number {
    return this.#named?.size ?? 0;
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.unnamed === undefined;
  }

  get(key: string): OwnStatement | undefined {
    return this.#named?.get(key);
  }

  /** What is under way takes it away. */
  isGoing({ parsedAt }: OwnStatement): boolean {
    return parsedAt < this.droppingAt;
  }

  /** What the named ones take, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  set(key: string, own: OwnStatement): void {
    this.delete(key);
    this.#bytes += sizeOf(key, own);
    this.#named ??= new Map();
    this.#named.set(key, own);
  }

  /** @returns what was there */
  delete(key: string): OwnStatement | undefined {
    const own = this.#named?.get(key);
    if (own === undefined) return undefined;
    this.#bytes -= sizeOf(key, own);
    this.#named?.delete(key);
    return own;
  }

  /** Those that can't be prepared on another link are gone. */
  keepRepeatable(): void {
    this.droppingAt = 0;
    for (const [key, own] of [...this.entries()]) if (!own.statement.keepable) this.delete(key);
    if (this.unnamed?.statement.tail.length === 0) this.unnamed = undefined;
  }

  clear(): void {
    this.unnamed = undefined;
    this.#named = undefined;
    this.#bytes = 0;
  }

  /** The named ones and the unnamed one. */
  *all(): Iterable<OwnStatement> {
    if (this.#named !== undefined) yield* this.#named.values();
    if (this.unnamed !== undefined) yield this.unnamed;
  }

  keys(): Iterable<string> {
    return this.#named?.keys() ?? [];
  }

  entries(): Iterable<readonly [string, OwnStatement]> {
    return this.#named ?? NONE;
  }
}

/** The text, the name, and what holds them. */
function sizeOf(key: string, { statement }: OwnStatement): number {
  return statement.tail.length + key.length + 300;
}

const NONE: readonly (readonly [string, OwnStatement])[] = [];
