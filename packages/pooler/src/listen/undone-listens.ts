import type { Effects } from '../sql/effects';
import { listenSql } from './notification';

type Unlistens = Effects['unlistens'];

interface Undoing {
  /** A channel of our own, which the link listens to if the UNLISTEN holds. */
  readonly witness: string;
  readonly unlistens: Unlistens;
}

let lastId = 0;

/**
 * UNLISTENs of channels that the link does not listen to, because the listening link does. Whether they
 * hold is up to the transaction: a LISTEN behind each of them, to a channel of our own, shares its fate.
 */
export class UndoneListens {
  /** Of the group of messages that is under way. */
  #fresh: Undoing[] = [];
  /** Those that have a witness. */
  #witnessed: Undoing[] = [];
  #groupFailed = false;
  readonly #prefix: string;

  /** `marker`: the channel of our own, from whose name those of the witnesses are made. */
  constructor(marker: string) {
    this.#prefix = `${marker}_`;
  }

  isWitness(channel: string): boolean {
    return channel.startsWith(this.#prefix);
  }

  add(unlistens: Unlistens): void {
    this.#fresh.push({ witness: `${this.#prefix}${++lastId}`, unlistens });
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
    return listenSql(fresh.map(({ witness }) => witness));
  }

  /**
   * The transaction is over, and the link listens to `channels`.
   *
   * @returns what is not listened to any more
   */
  settle(channels: ReadonlySet<string>): readonly Unlistens[] {
    const held = this.#witnessed.filter(({ witness }) => channels.has(witness));
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
