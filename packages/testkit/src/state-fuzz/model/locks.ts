import { Violation } from '../violation';

/** A session that is gone keeps its locks until PostgreSQL has noticed; not longer than this. */
const GHOST_MS_MAX = 20_000;

interface Hold {
  readonly owner: string;
  /**
   * sure: nobody else can have the key; unsure: it may be about to be taken or released; ghost: its
   * owner has gone.
   */
  readonly kind: 'sure' | 'unsure' | 'ghost';
  readonly sinceMs: number;
}

interface Key {
  readonly holds: Set<Hold>;
  /** Grows with each change. */
  changes: number;
  /** How many of them were whose, for those that are still there. */
  readonly changesBy: Map<string, number>;
}

/** What was known of a key when somebody asked for it. */
export interface Attempt {
  readonly key: number;
  readonly owner: string;
  readonly sureOthers: readonly Hold[];
  readonly hadOthers: boolean;
  readonly changesByOthers: number;
}

/** Who holds which advisory lock, as far as it can be told from outside. */
export class LockTable {
  readonly #keys = new Map<number, Key>();

  /** Before a request for `key` goes out. */
  attempt(owner: string, key: number): Attempt {
    const others = this.#others(owner, key);
    const attempt: Attempt = {
      key,
      owner,
      sureOthers: others.filter((hold) => hold.kind === 'sure'),
      hadOthers: others.length > 0,
      changesByOthers: this.#changesByOthers(owner, key),
    };
    this.#put(owner, key, 'unsure');
    return attempt;
  }

  /** Before something goes out that may release what `owner` holds. */
  shake(owner: string, held: Iterable<number>): void {
    for (const key of held) this.#put(owner, key, 'unsure');
  }

  /**
   * @returns what the answer to the attempt must be; undefined: either
   */
  foreseen(attempt: Attempt): boolean | undefined {
    const { key, owner, sureOthers } = attempt;
    const now = this.#key(key).holds;
    if (sureOthers.some((hold) => now.has(hold))) return false;
    const isQuiet = this.#changesByOthers(owner, key) === attempt.changesByOthers;
    return isQuiet && !attempt.hadOthers ? true : undefined;
  }

  /** @throws Violation when the lock was given to two */
  acquired(attempt: Attempt): void {
    if (this.foreseen(attempt) === false) {
      const who = attempt.sureOthers.map(({ owner }) => owner).join(', ');
      throw new Violation(`advisory lock ${attempt.key} was given, but ${who} holds it`);
    }
    const key = this.#key(attempt.key);
    for (const hold of key.holds) if (hold.kind === 'ghost') key.holds.delete(hold);
  }

  /** After the answer: `owner` holds these keys and no others. */
  settle(owner: string, held: ReadonlySet<number>): void {
    for (const [id, key] of this.#keys) {
      const own = [...key.holds].filter((hold) => hold.owner === owner && hold.kind !== 'ghost');
      if (held.has(id)) {
        if (own.length !== 1 || own[0]?.kind !== 'sure') this.#put(owner, id, 'sure');
      } else if (own.length > 0) {
        for (const hold of own) key.holds.delete(hold);
        this.#changed(owner, key);
      }
    }
  }

  /** The session has left; its locks end soon. */
  gone(owner: string): void {
    for (const [id, key] of this.#keys) {
      if ([...key.holds].some((hold) => hold.owner === owner)) this.#put(owner, id, 'ghost');
      key.changesBy.delete(owner);
    }
  }

  #others(owner: string, id: number): readonly Hold[] {
    const key = this.#key(id);
    const oldest = Date.now() - GHOST_MS_MAX;
    for (const hold of key.holds) {
      if (hold.kind === 'ghost' && hold.sinceMs < oldest) key.holds.delete(hold);
    }
    return [...key.holds].filter((hold) => hold.owner !== owner);
  }

  #put(owner: string, id: number, kind: Hold['kind']): void {
    const key = this.#key(id);
    for (const hold of key.holds) if (hold.owner === owner) key.holds.delete(hold);
    key.holds.add({ owner, kind, sinceMs: Date.now() });
    this.#changed(owner, key);
  }

  #changed(owner: string, key: Key): void {
    key.changes += 1;
    key.changesBy.set(owner, (key.changesBy.get(owner) ?? 0) + 1);
  }

  #changesByOthers(owner: string, id: number): number {
    const key = this.#key(id);
    return key.changes - (key.changesBy.get(owner) ?? 0);
  }

  #key(id: number): Key {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const key: Key = { holds: new Set(), changes: 0, changesBy: new Map() };
    this.#keys.set(id, key);
    return key;
  }
}
