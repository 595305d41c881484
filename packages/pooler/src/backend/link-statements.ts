import type { SharedStatement } from '../session-state/shared-statement';
import { ExpectedReplies } from './expected-replies';

/** One prepared statement on one link. Times are those of `tickOfStatements`. */
export interface Instance {
  readonly statement: SharedStatement;
  /** When PostgreSQL last took it, so that it was true to the tables of that moment. */
  checkedAt: number;
  usedAt: number;
  readonly madeAt: number;
  /** What it describes as its result, where that is known. */
  shape: number;
  /** The group in which it was prepared, as long as PostgreSQL has not answered; then 0. */
  unsureIn: number;
  /** Its Parse has failed. */
  failed: boolean;
}

/** What is to be done when the answer to a message comes, or when it fails or is skipped. */
export interface Outcome {
  arrived(): void;
  failed(): void;
}

let tick = 0;

/** A clock for the order of preparations: it moves with each call. */
export function tickOfStatements(): number {
  return ++tick;
}

/** What is prepared on one link, and which replies about it are to come. */
export class LinkStatements {
  readonly expected = new ExpectedReplies();
  /** The unnamed statement as it is on the link. */
  unnamed: SharedStatement | undefined;
  /** The client that parsed it. */
  unnamedBy = 0;
  /** One client's statements live here under their own names. */
  takenOver = false;
  /** Names that were prepared only to provoke an error of PostgreSQL's; NUL included. */
  strays: Buffer[] = [];
  readonly #instances = new Map<SharedStatement, Instance>();
  /** Number of the group that is being sent. */
  #group = 1;

  /** The group that was being sent is complete. */
  groupEnds(): void {
    this.#group++;
    this.expected.groupEnds();
  }

  find(statement: SharedStatement): Instance | undefined {
    return this.#instances.get(statement);
  }

  /** It is on the link. */
  add(statement: SharedStatement, shape: number): Instance {
    const now = tickOfStatements();
    const times = { checkedAt: now, usedAt: now, madeAt: now };
    const instance: Instance = { statement, ...times, shape, unsureIn: 0, failed: false };
    this.#instances.set(statement, instance);
    return instance;
  }

  /** It is being prepared by the group that is sent. @returns what the answer to its Parse decides */
  preparing(statement: SharedStatement, shape = 0): Outcome {
    const instance = this.add(statement, shape);
    instance.unsureIn = this.#group;
    return {
      arrived: () => {
        instance.unsureIn = 0;
      },
      failed: () => this.removeInstance(instance),
    };
  }

  /** Whether it can be relied on in the group that is sent. */
  isSure({ unsureIn }: Instance): boolean {
    return unsureIn === 0 || unsureIn === this.#group;
  }

  /** @returns what was there */
  remove(statement: SharedStatement): Instance | undefined {
    const instance = this.#instances.get(statement);
    this.#instances.delete(statement);
    return instance;
  }

  /** A preparation has not happened. */
  removeInstance(instance: Instance): void {
    instance.failed = true;
    if (this.#instances.get(instance.statement) === instance)
      this.#instances.delete(instance.statement);
  }

  /** A Close has not happened. */
  restore(instance: Instance): void {
    if (!instance.failed) this.#instances.set(instance.statement, instance);
  }

  get size(): number {
    return this.#instances.size;
  }

  /** Forgets the oldest, so that there is room for one more. @returns those that have to be closed */
  makeRoom(max: number): readonly SharedStatement[] {
    const closed: SharedStatement[] = [];
    while (this.size >= max) {
      const oldest = this.oldest();
      if (oldest === undefined) break;
      this.remove(oldest);
      closed.push(oldest);
    }
    return closed;
  }

  /** The one that was not used for the longest time. */
  oldest(): SharedStatement | undefined {
    let oldest: Instance | undefined;
    for (const instance of this.#instances.values()) {
      if (oldest === undefined || instance.usedAt < oldest.usedAt) oldest = instance;
    }
    return oldest?.statement;
  }

  /** A plan did not fit any more: none is trusted before it has been prepared again. */
  distrust(): void {
    for (const instance of this.#instances.values()) instance.checkedAt = 0;
  }

  /** DEALLOCATE ALL has run: what was prepared before `time` is gone. */
  dropBefore(time: number): void {
    for (const instance of this.#instances.values()) {
      if (instance.madeAt < time) this.#instances.delete(instance.statement);
    }
    this.strays = [];
  }

  /** Nothing is prepared on it any more. @returns what was, for `restoreAll` */
  takeAway(): readonly Instance[] {
    const before = [...this.#instances.values()];
    this.#instances.clear();
    return before;
  }

  restoreAll(instances: readonly Instance[]): void {
    for (const instance of instances) this.restore(instance);
  }

  /** Nothing is prepared on it any more. */
  clear(): void {
    this.#instances.clear();
    this.strays = [];
    this.unnamed = undefined;
    this.unnamedBy = 0;
  }
}
