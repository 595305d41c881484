import type { Profile } from './profile';
import type { SharedStatement } from './shared-statement';

/** A prepared statement as one client knows it. */
export interface OwnStatement {
  readonly statement: SharedStatement;
  /** The settings of the session when it was prepared; undefined: they were changing. */
  readonly profile: Profile | undefined;
  /** When the client prepared it, by `tickOfStatements`. */
  readonly parsedAt: number;
  /** The result that the client has been told of (`shapeOf`); 0: it was told of none. */
  shape: number;
}

/** PostgreSQL cuts names of prepared statements here. */
export const NAME_BYTES_MAX = 63;

/** The statements that one client has prepared by the protocol, by the names that it gave them. */
export class OwnStatements {
  /** The unnamed one. */
  unnamed: OwnStatement | undefined;
  #named: Map<string, OwnStatement> | undefined;

  /** The key of the name in `buffer[start, end)`. */
  static key(buffer: Buffer, start: number, end: number): string {
    return buffer.toString('latin1', start, Math.min(end, start + NAME_BYTES_MAX));
  }

  get count(): number {
    return this.#named?.size ?? 0;
  }

  get(key: string): OwnStatement | undefined {
    return this.#named?.get(key);
  }

  set(key: string, own: OwnStatement): void {
    this.#named ??= new Map();
    this.#named.set(key, own);
  }

  /** @returns what was there */
  delete(key: string): OwnStatement | undefined {
    const own = this.#named?.get(key);
    this.#named?.delete(key);
    return own;
  }

  clear(): void {
    this.unnamed = undefined;
    this.#named = undefined;
  }

  entries(): Iterable<readonly [string, OwnStatement]> {
    return this.#named ?? NONE;
  }
}

const NONE: readonly (readonly [string, OwnStatement])[] = [];
