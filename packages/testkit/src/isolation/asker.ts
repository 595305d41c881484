import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random';
import type { BackendMessage } from '../wire/backend-message';
import { cancelPacket, type LoginResult } from '../wire/login';
import { RawClient, type RawTarget } from '../wire/raw-client';
import { type Expected, mismatch } from './expected';
import type { Ledger } from './ledger';

/** Long, because hundreds wait for a few links, and some of them are slow. */
const DEADLINE_MS = 60_000;
const SLOW_PAUSE_MS_MAX = 15;

/** A reply that is not the asker's own, or none where one is due. */
export class Violation extends Error {}

export interface AskerTarget {
  readonly address: RawTarget;
  readonly tls: boolean;
  readonly user: string;
  readonly database: string;
}

/** A connection on which nothing but the handshake of TLS, if it is wanted, has happened. */
export async function connectTo({ address, tls }: AskerTarget): Promise<RawClient> {
  return await RawClient.connect(address, tls ? { tls: { start: 'request' } } : {});
}

/**
 * One connection of a client: sends, and checks each byte that comes back.
 *
 * Whoever connects must `leave` or `vanish`.
 */
export class Asker {
  /** Nobody else has it: what the connection asks for carries it. */
  readonly name: string;
  readonly applicationName: string;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly #target: AskerTarget;
  readonly #client: RawClient;
  readonly #login: LoginResult;
  #asked = 0;

  private constructor(parts: {
    readonly name: string;
    readonly applicationName: string;
    readonly random: Random;
    readonly ledger: Ledger;
    readonly target: AskerTarget;
    readonly client: RawClient;
    readonly login: LoginResult;
  }) {
    this.name = parts.name;
    this.applicationName = parts.applicationName;
    this.random = parts.random;
    this.ledger = parts.ledger;
    this.#target = parts.target;
    this.#client = parts.client;
    this.#login = parts.login;
  }

  static async connect(
    target: AskerTarget,
    options: {
      readonly name: string;
      /** Default: none is sent. */
      readonly applicationName?: string;
      readonly random: Random;
      readonly ledger: Ledger;
    },
  ): Promise<Asker> {
    const { name, applicationName, random, ledger } = options;
    const client = await connectTo(target);
    try {
      const { user, database } = target;
      const login = await client.login({
        user,
        database,
        parameters: applicationName === undefined ? {} : { application_name: applicationName },
        deadlineMs: DEADLINE_MS,
      });
      client.forget();
      ledger.counts.connections += 1;
      const own = applicationName ?? '';
      return new Asker({ name, applicationName: own, random, ledger, target, client, login });
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  /** A text that nobody has asked for before, 30 to 40 characters long. */
  tag(): string {
    this.#asked += 1;
    return `${this.name}.${this.#asked}.${this.random.hex()}${this.random.hex()}`;
  }

  /** @throws Violation when something has come that was not asked for */
  send(...frames: readonly Buffer[]): void {
    this.nothingCame();
    this.#client.send(...frames);
  }

  /** Sends without looking at what has come: for what goes on in the middle of an answer. */
  sendMore(...frames: readonly Buffer[]): void {
    this.#client.send(...frames);
  }

  /** Sends, waits, and compares all that came with what must come. */
  async ask(frames: readonly Buffer[], expected: readonly Expected[]): Promise<void> {
    this.send(...frames);
    await this.receive(expected);
  }

  /** @param options.slowly stops reading again and again */
  async receive(expected: readonly Expected[], options: { slowly?: boolean } = {}): Promise<void> {
    const last = expected.at(-1);
    if (last === undefined) throw new RangeError('nothing to wait for');
    const tag = tagOf(last);
    const due = expected.filter((each) => tagOf(each) === tag).length;
    if (tag === 'Z') this.ledger.counts.queries += due;
    const waiting = this.until(tag, due);
    if (options.slowly === true) await this.#dawdle(waiting);
    const wrong = mismatch(await waiting, expected);
    if (wrong !== undefined) throw new Violation(`${this.name}: ${wrong}`);
  }

  /** Waits for ReadyForQuery. @returns which of the possible answers came */
  async receiveOneOf(answers: readonly (readonly Expected[])[]): Promise<number> {
    const got = await this.until('Z');
    this.ledger.counts.queries += 1;
    const found = answers.findIndex((expected) => mismatch(got, expected) === undefined);
    if (found >= 0) return found;
    throw new Violation(`${this.name}: ${mismatch(got, answers[0] ?? [])}`);
  }

  /** All messages up to the `count`-th with this tag. */
  async until(tag: string, count = 1): Promise<readonly BackendMessage[]> {
    let left = count;
    try {
      const messages = await this.#client.until((each) => each.tag === tag && --left === 0, {
        deadlineMs: DEADLINE_MS,
      });
      this.#client.forget();
      for (const { body } of messages) this.ledger.counts.bytes += body.length + 5;
      return messages;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Violation(`${this.name}: ${why}`, { cause });
    }
  }

  /** @throws Violation when a reply is there that nobody asked for */
  nothingCame(): void {
    const [first] = this.#client.messages;
    if (first === undefined && !this.#client.isClosed) return;
    const what = first === undefined ? 'the connection was closed' : mismatch([first], []);
    throw new Violation(`${this.name}: unasked: ${what}`);
  }

  /** A CancelRequest for this connection, over another one. Resolves when that is closed. */
  async cancel(): Promise<void> {
    const { processId, cancelKey } = this.#login;
    const other = await connectTo(this.#target);
    try {
      this.ledger.counts.cancels += 1;
      other.send(cancelPacket(processId, cancelKey));
      await closeOf(other);
      if (other.messages.length > 0) {
        throw new Violation(`${this.name}: a cancel request was answered`);
      }
    } finally {
      other.destroy();
    }
  }

  /** As `cancel`, but goes away at once. */
  async cancelAndForget(): Promise<void> {
    const other = await connectTo(this.#target);
    this.ledger.counts.cancels += 1;
    await other.flushed(cancelPacket(this.#login.processId, this.#login.cancelKey));
    other.destroy();
  }

  /** Waits for the close of the other side, and that nothing comes before it. */
  async closed(): Promise<void> {
    await closeOf(this.#client);
    const [first] = this.#client.messages;
    if (first !== undefined) {
      throw new Violation(`${this.name}: before the close: ${mismatch([first], [])}`);
    }
  }

  /** Terminate, in good order. */
  async leave(): Promise<void> {
    this.nothingCame();
    await this.#client.end();
    const [first] = this.#client.messages;
    if (first !== undefined) {
      throw new Violation(`${this.name}: after Terminate: ${mismatch([first], [])}`);
    }
  }

  /** Gone without a word. */
  vanish(): void {
    this.#client.destroy(this.random.chance(0.5) ? 'reset' : 'close');
  }

  /** Reads in gulps: what is in between has to wait in somebody's buffers, or at its source. */
  async #dawdle(waiting: Promise<unknown>): Promise<void> {
    this.ledger.counts.slowReads += 1;
    const state = { done: false };
    const end = (): void => {
      state.done = true;
    };
    waiting.then(end, end);
    while (!state.done && !this.#client.isClosed) {
      this.#client.pause();
      await delay(this.random.between(1, SLOW_PAUSE_MS_MAX));
      this.#client.resume();
      await delay(1);
    }
  }
}

function tagOf(expected: Expected): string {
  return expected.kind === 'message' ? expected.tag : 'E';
}

async function closeOf(client: RawClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), DEADLINE_MS);
  });
  const how = await Promise.race([client.closed, late]);
  clearTimeout(timer);
  if (how === 'late') throw new Violation('a connection was not closed');
}
