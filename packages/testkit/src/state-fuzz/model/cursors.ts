/** A cursor over texts that only its session has. */
interface Cursor {
  readonly rows: readonly string[];
  readonly isHeld: boolean;
  /** Rows that were fetched. No rollback takes one back. */
  at: number;
  /** See `SessionModel.now`; 0: its transaction has committed. */
  born: number;
}

export class CursorShelf {
  readonly #cursors = new Map<string, Cursor>();

  get names(): readonly string[] {
    return [...this.#cursors.keys()].sort();
  }

  /** Of those that outlive, or have outlived, their transaction. */
  get heldNames(): readonly string[] {
    return this.names.filter((name) => this.#cursors.get(name)?.isHeld === true);
  }

  has(name: string): boolean {
    return this.#cursors.has(name);
  }

  declare(name: string, options: { rows: readonly string[]; isHeld: boolean; born: number }): void {
    this.#cursors.set(name, { ...options, at: 0 });
  }

  /** What FETCH would give. */
  peek(name: string, count: number): readonly string[] {
    const cursor = this.#cursors.get(name);
    return cursor === undefined ? [] : cursor.rows.slice(cursor.at, cursor.at + count);
  }

  fetched(name: string, count: number): void {
    const cursor = this.#cursors.get(name);
    if (cursor !== undefined) cursor.at += count;
  }

  close(name: string): void {
    this.#cursors.delete(name);
  }

  closeAll(): void {
    this.#cursors.clear();
  }

  committed(): void {
    for (const [name, cursor] of this.#cursors) {
      if (cursor.isHeld) cursor.born = 0;
      else this.#cursors.delete(name);
    }
  }

  /** What was made after this is gone. */
  undone(born: number): void {
    for (const [name, cursor] of this.#cursors) {
      if (cursor.born > born) this.#cursors.delete(name);
    }
  }
}
