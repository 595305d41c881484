import type {
  BudgetToWorker,
  CancelIdentity,
  Logger,
  SharedLinkBudget,
  Transport,
  Wire,
} from '@pgweir/pooler';
import {
  adoptListening,
  joinMeeting,
  peerUserId,
  systemCalls,
  takeDescriptor,
} from '../system-calls';
import { errorCode, reasonOf } from '../system-error';
import { Channel, FOR_EVER_MS } from '../workers/channel';
import type { LinkWatch } from '../workers/link-watch';
import { LOCAL_SOCKET } from './door';
import {
  type AskedOfNew,
  type AskedOfOld,
  type HandedPort,
  RESTART_VERSION,
  type ToldToNew,
  type ToldToOld,
} from './messages';
import { isOwnUser } from './successor';
import { WireEnd } from './wire-end';

const ANSWER_MS = 10_000;
const CANCEL_MS = 60_000;

/** A port that was handed over; the descriptor is the caller's. */
export interface InheritedSocket extends HandedPort {
  readonly descriptor: number;
}

/** What a process that has taken over keeps in mind of links. */
export interface Books {
  readonly budget: SharedLinkBudget;
  readonly links: LinkWatch;
  readonly log: Logger;
}

/** The process that runs, as one that takes over from it sees it. */
export class Predecessor {
  readonly #end: WireEnd;
  readonly #channel: Channel<AskedOfOld, AskedOfNew, ToldToOld, ToldToNew>;
  /** Its process. */
  pid = 0;
  #passingEnd: number | undefined;
  #books: Books | undefined;
  /** Its workers: their numbers here, which must not be those of workers of this process. */
  readonly #workers = new Map<number, number>();

  private constructor(wire: Wire) {
    this.#end = new WireEnd(wire, () => this.#gone());
    this.#channel = new Channel<AskedOfOld, AskedOfNew, ToldToOld, ToldToNew>(this.#end, {
      answers: {},
      told: (told) => this.#told(told),
    });
  }

  /**
   * @returns undefined: nobody is there
   * @throws Error with a text for the operator: it does not hand over
   */
  static async at(path: string, transport: Transport): Promise<Predecessor | undefined> {
    systemCalls();
    let wire: Wire;
    try {
      wire = await dial(transport, path);
    } catch (error) {
      if (['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '')) return undefined;
      throw error;
    }
    if (!isOwnUser(peerUserId(wire.descriptor ?? -1))) {
      wire.destroy();
      throw new Error(`the process at ${path} belongs to another user`);
    }
    const found = new Predecessor(wire);
    const { pid } = await found.#channel.ask('greet', { version: RESTART_VERSION }, ANSWER_MS);
    found.pid = pid;
    return found;
  }

  /** The ports that it has. It goes on to accept on them until `takeOver`. */
  async ports(): Promise<readonly InheritedSocket[]> {
    const { name } = await this.#channel.ask('meet', {}, ANSWER_MS);
    const end = joinMeeting(name);
    this.#passingEnd = end;
    const ports = await this.#channel.ask('ports', {}, ANSWER_MS);
    return ports.map((port) => {
      const descriptor = takeDescriptor(end)?.descriptor;
      if (descriptor === undefined) throw new Error('a port was not handed over');
      return { ...port, descriptor: adoptListening(descriptor).descriptor };
    });
  }

  /**
   * Takes over: from here on `books` have its links and wants as well, and it accepts nobody. Its workers
   * have negative numbers there, from -1 on.
   */
  async takeOver(books: Books): Promise<void> {
    this.#books = books;
    try {
      // Without a deadline: the other one may hand over at any later time.
      await this.#channel.ask('takeOver', {}, FOR_EVER_MS);
    } catch (error) {
      if (this.isThere) throw error;
      // The sockets are here, and what is known of its links is watched over.
      books.log.warn('the process before this one has ended while it handed over');
    }
  }

  /** The budget says something to a worker of the predecessor. */
  budgetSays(worker: number, message: BudgetToWorker): void {
    for (const [theirs, ours] of this.#workers) {
      if (ours === worker) this.#channel.tell({ kind: 'budget', worker: theirs, message });
    }
  }

  /** A client of the predecessor may have this key. False: nobody there has it. */
  async cancel({ processId, key }: CancelIdentity): Promise<boolean> {
    if (!this.isThere) return false;
    try {
      const ask = { processId, key: key.toString('hex') };
      return await this.#channel.ask('cancel', ask, CANCEL_MS);
    } catch (error) {
      if (!this.isThere) return false;
      this.#books?.log.warn('cancel request cannot be passed on', { reason: reasonOf(error) });
      return true;
    }
  }

  /** It has not ended yet. */
  get isThere(): boolean {
    return this.#end.connected;
  }

  #told(told: ToldToNew): void {
    const books = this.#books;
    if (books === undefined) return;
    if (told.kind === 'passed') {
      this.#take(books);
      return;
    }
    if (told.kind === 'worker') {
      const worker = -1 - this.#workers.size;
      this.#workers.set(told.worker, worker);
      books.budget.workerJoined(worker);
      return;
    }
    const worker = this.#workers.get(told.worker);
    if (worker === undefined) return;
    if (told.kind === 'budget') {
      books.budget.received(worker, told.message);
      return;
    }
    this.#take(books);
    this.#workerGone(books, worker);
  }

  #take({ links }: Books): void {
    if (this.#passingEnd === undefined) return;
    links.take(this.#passingEnd);
    this.#channel.tell({ kind: 'taken' });
  }

  /** Its links have their places until PostgreSQL has closed each of them. */
  #workerGone({ budget, links }: Books, worker: number): void {
    // Of one that is gone already there is nothing left to say.
    links.orphaned(budget.workerGone(worker), (permit) => budget.permitGone(permit));
  }

  #gone(): void {
    this.#channel.closed();
    const books = this.#books;
    if (books !== undefined) {
      this.#take(books);
      for (const worker of this.#workers.values()) this.#workerGone(books, worker);
      books.log.info('the process before this one has ended');
    }
    if (this.#passingEnd !== undefined) systemCalls().close(this.#passingEnd);
    this.#passingEnd = undefined;
  }

  /** Gives it up: the predecessor ends when its transactions have. */
  close(): void {
    this.#end.close();
  }
}

function dial(transport: Transport, path: string): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const wire = transport.connect({ kind: 'unix', path }, LOCAL_SOCKET, {
      connected: () => resolve(wire),
      closed: (cause) => reject(cause ?? new Error('connection closed')),
      received: ignore,
      secured: ignore,
      drained: ignore,
      ended: ignore,
    });
  });
}

function ignore(): void {
  // It is not connected yet.
}
