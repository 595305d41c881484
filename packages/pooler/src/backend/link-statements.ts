import type { SharedStatement } from '../session-state/shared-statement';
import { ExpectedReplies } from './expected-replies';
import { LinkUnnamed } from './link-unnamed';

/** One prepared statement on one link. Times are those of `tickOfStatements`. */
export interface Instance {
  readonly statement: SharedStatement;
  /** When PostgreSQL last took it, so that it was true to the tables of that moment. */
  checkedAt: number;
  usedAt: number;
  /** What it describes as its result, where that is known. */
  shape: number;
  /** The group in which it was prepared, as long as PostgreSQL has not answered; then 0. */
  unsureIn: number;
  /** The group outside of which it means something else; 0: there is none. */
  onlyIn: number;
  /** Its Parse has failed. */
  failed: boolean;
  /** What is on the link if its Parse fails, where the Close in front of that has been skipped too. */
  before: Instance | undefined;
}

/** A name that was prepared only to provoke an error of PostgreSQL's. */
export interface Stray {
  /** NUL included. */
  readonly name: Buffer;
  /** PostgreSQL has said so. */
  isThere: boolean;
  /** So many Parses of it are under way. */
  pending: number;
}

/** What is to be done when the answer to a message comes, or when it fails or is skipped. */
export interface Outcome {
  arrived(): void;
  failed(itself: boolean): void;
}

/** A message is under way that takes this away, if it is there. */
interface Closing {
  instance: Instance | undefined;
}

const NOWHERE = -1;

let tick = 0;

/** A clock for the order of preparations: it moves with each call. */
export function tickOfStatements(): number {
  return ++tick;
}

/** What is prepared on one link, and which replies about it are to come. */
export class LinkStatements {
  readonly expected = new ExpectedReplies();
  readonly unnamed = new LinkUnnamed();
  /** One client's statements live here under their own names. */
  takenOver = false;
  strays: Stray[] = [];
  readonly #instances = new Map<SharedStatement, Instance>();
  /** Messages that take these away are under way, in this order, and may be skipped. */
  readonly #closings = new Map<SharedStatement, Closing[]>();
  /** Number of the group that is being sent. */
  group = 1;

  /** Whether they are on the link depends on messages that may be skipped. */
  readonly #doubtful = new Set<SharedStatement>();

  /** The group that was being sent is complete. */
  groupEnds(): void {
    this.group++;
    this.expected.groupEnds();
  }

  find(statement: SharedStatement): Instance | undefined {
    return this.#instances.get(statement);
  }

  /** It is on the link. */
  add(statement: SharedStatement, shape: number): Instance {
    const now = tickOfStatements();
    const times = { checkedAt: now, usedAt: now };
    const groups = { unsureIn: 0, onlyIn: 0 };
    const fate = { failed: false, before: undefined };
    const instance: Instance = { statement, ...times, shape, ...groups, ...fate };
    this.#instances.set(statement, instance);
    return instance;
  }

  /** It is being prepared by the group that is sent. @returns what the answer to its Parse decides */
  preparing(statement: SharedStatement): Outcome {
    return this.#preparing(this.add(statement, 0));
  }

  /** The same, under settings that are not its own, so that it is of use in this group only. */
  preparingForGroup(statement: SharedStatement, shape: number): Outcome {
    const instance = this.add(statement, shape);
    instance.onlyIn = this.group;
    return this.#preparing(instance);
  }

  #preparing(instance: Instance): Outcome {
    instance.unsureIn = this.group;
    return {
      arrived: () => {
        instance.unsureIn = 0;
        instance.before = undefined;
      },
      failed: () => this.removeInstance(instance),
    };
  }

  /** Whether it may be there, so that it has to be closed before it is prepared. */
  mayBeThere(statement: SharedStatement): boolean {
    return this.#instances.has(statement) || this.#doubtful.has(statement);
  }

  /** Whether it can be relied on in the group that is sent. */
  isSure({ unsureIn, onlyIn }: Instance): boolean {
    if (onlyIn !== 0 && onlyIn !== this.group) return false;
    return unsureIn === 0 || unsureIn === this.group;
  }

  /** @returns what was there */
  remove(statement: SharedStatement): Instance | undefined {
    const instance = this.#instances.get(statement);
    this.#instances.delete(statement);
    return instance;
  }

  /** A Close of it goes out. @returns what the answer to that decides */
  closing(statement: SharedStatement): Outcome {
    this.#doubtful.add(statement);
    return this.#closing(statement, this.remove(statement));
  }

  #closing(statement: SharedStatement, instance: Instance | undefined): Outcome {
    const closing: Closing = { instance };
    const known = this.#closings.get(statement);
    if (known === undefined) this.#closings.set(statement, [closing]);
    else known.push(closing);
    return {
      arrived: () => {
        this.#takeClosing(statement, closing);
      },
      failed: () => this.#skipped(statement, closing),
    };
  }

  /** @returns the one that was sent after it */
  #takeClosing(statement: SharedStatement, closing: Closing): Closing | undefined {
    const closings = this.#closings.get(statement);
    const at = closings?.indexOf(closing) ?? NOWHERE;
    if (closings === undefined || at === NOWHERE) return undefined;
    closings.splice(at, 1);
    if (closings.length === 0) this.#closings.delete(statement);
    return closings[at];
  }

  /** What it would have taken away is there, until what was sent after it has been done. */
  #skipped(statement: SharedStatement, closing: Closing): void {
    const next = this.#takeClosing(statement, closing);
    const { instance } = closing;
    if (instance === undefined) return;
    const after = next === undefined ? this.#instances.get(statement) : next.instance;
    if (after !== undefined) after.before = instance;
    else if (next !== undefined) next.instance = instance;
    else this.#restore(instance);
  }

  /** A preparation has not happened. */
  removeInstance(instance: Instance): void {
    instance.failed = true;
    this.#doubtful.add(instance.statement);
    if (this.#instances.get(instance.statement) !== instance) return;
    this.#instances.delete(instance.statement);
    this.#restore(instance);
  }

  #restore(instance: Instance): void {
    let there: Instance | undefined = instance;
    while (there?.failed === true) there = there.before;
    if (there !== undefined) this.#instances.set(there.statement, there);
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
      // What can't be made again stays.
      if (!instance.statement.keepable) continue;
      if (oldest === undefined || instance.usedAt < oldest.usedAt) oldest = instance;
    }
    return oldest?.statement;
  }

  /** A plan did not fit any more: none is trusted before it has been prepared again. */
  distrust(): void {
    for (const instance of this.#instances.values()) instance.checkedAt = 0;
  }

  /** DEALLOCATE ALL has run: what PostgreSQL had prepared by then is gone; what it says later is not. */
  dropped(): void {
    for (const instance of this.#instances.values()) {
      if (instance.unsureIn === 0) this.#instances.delete(instance.statement);
      drop(instance);
    }
    for (const closings of this.#closings.values()) {
      for (const { instance } of closings) drop(instance);
    }
    this.#straysDropped();
  }

  /** Of those that PostgreSQL had, nothing is left; others may be under way. */
  #straysDropped(): void {
    for (const stray of this.strays) stray.isThere = false;
    this.strays = this.strays.filter(({ pending }) => pending > 0);
  }

  stray(name: Buffer): Stray | undefined {
    return this.strays.find((stray) => stray.name.equals(name));
  }

  /** A Parse of a name goes out that is to provoke an error. @returns what the answers decide */
  straying(name: Buffer): { readonly closed: () => void; readonly parsed: Outcome } {
    const known = this.stray(name);
    const stray = known ?? { name, isThere: false, pending: 0 };
    if (known === undefined) this.strays.push(stray);
    stray.pending++;
    const closed = () => {
      stray.isThere = false;
    };
    const arrived = () => {
      stray.pending--;
      stray.isThere = true;
    };
    const failed = () => {
      stray.pending--;
      this.#forgetStray(stray);
    };
    return { closed, parsed: { arrived, failed } };
  }

  /** It has been closed. */
  strayClosed(stray: Stray): void {
    stray.isThere = false;
    this.#forgetStray(stray);
  }

  #forgetStray(stray: Stray): void {
    if (stray.isThere || stray.pending > 0) return;
    this.strays = this.strays.filter((other) => other !== stray);
  }

  /** Nobody waits for answers any more. */
  forgetExpected(): void {
    this.expected.clear();
    this.unnamed.forgetOwed();
    if (this.#closings.size > 0) this.#closings.clear();
    if (this.#doubtful.size > 0) this.#doubtful.clear();
  }

  /** A message goes out that takes all of them away. @returns what the answer to that decides */
  takeAway(): Outcome {
    const before = [...this.#instances.values()];
    this.#instances.clear();
    const closings = before.map((instance) => this.#closing(instance.statement, instance));
    return {
      arrived: () => {
        for (const closing of closings) closing.arrived();
        this.#straysDropped();
      },
      failed: (itself) => {
        for (const closing of closings) closing.failed(itself);
      },
    };
  }

  /** Nothing is prepared on it any more, what is unnamed aside. */
  clear(): void {
    this.#instances.clear();
    this.strays = [];
  }
}

/** It is gone, and what would come back in its place if its Parse fails, as far as PostgreSQL had them. */
function drop(instance: Instance | undefined): void {
  for (let each = instance; each !== undefined; each = each.before) {
    if (each.unsureIn === 0) each.failed = true;
  }
}
