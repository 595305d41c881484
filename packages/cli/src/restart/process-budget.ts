import {
  type BudgetFromWorker,
  type BudgetToWorker,
  type CancelMeans,
  type LinkBudget,
  LocalLinkBudget,
  type Logger,
  linkLimits,
  type PoolerSettings,
  RemoteLinkBudget,
  type ServerCapView,
  type ServerShares,
  SharedLinkBudget,
} from '@pgweir/pooler';
import { systemClock } from '../runtime/system-clock';
import { LinkWatch } from '../workers/link-watch';
import type { Predecessor } from './predecessor';
import type { Successor } from './successor';

/** This process, among the workers of a budget. */
const SELF = 0;

/** The budget of a daemon of one process. */
export interface ProcessBudget {
  /** What the pooler asks. */
  readonly own: LinkBudget;
  /** To be called when this daemon serves: takes over from another one, if there is one. */
  begin(): Promise<void>;
  /** The configuration has changed. */
  limitsChanged(): void;
  /** What links may have of each server, before anybody goes by a new configuration. */
  limitServers(shares: ServerShares): void;
  readonly serverCaps: readonly ServerCapView[];
  /** Tells `successor` the books; its own budget decides from then on. */
  surrender(successor: Successor): void;
  /** The budget of the successor says something to one of our workers. */
  budgetSays(worker: number, message: BudgetToWorker): void;
  close(): Promise<void>;
}

/** Of one that has not taken over from another: it has its books for itself alone. */
export class FirstBudget implements ProcessBudget {
  readonly own = new LocalLinkBudget();
  #heir: RemoteLinkBudget | undefined;

  async begin(): Promise<void> {
    // It is the first.
  }

  limitsChanged(): void {
    // Pools know their limits.
  }

  limitServers(shares: ServerShares): void {
    this.own.limitServers(shares);
  }

  get serverCaps(): readonly ServerCapView[] {
    return this.own.serverCaps;
  }

  surrender(successor: Successor): void {
    successor.worker(SELF);
    this.#heir = new RemoteLinkBudget({
      clock: systemClock,
      send: (message) => successor.budgetHears(SELF, message),
      passDescriptor: (permit, descriptor) => successor.passLink(permit, descriptor),
    });
    this.own.surrender(this.#heir, (permit, descriptor) => {
      successor.passLink(permit, descriptor);
    });
  }

  budgetSays(_self: number, message: BudgetToWorker): void {
    this.#heir?.received(message);
  }

  async close(): Promise<void> {
    // Its links are closed by their pools.
  }
}

interface SuccessorBudgetNeeds {
  readonly predecessor: Predecessor;
  readonly settings: () => PoolerSettings;
  /** For cancel requests to links that the predecessor has left behind. */
  readonly means: () => CancelMeans;
  readonly log: Logger;
}

/**
 * Of one that takes over from another. It is a budget of several workers, of which this process is one,
 * and those of the predecessor are the others.
 */
export class SuccessorBudget implements ProcessBudget {
  readonly own: RemoteLinkBudget;
  readonly #predecessor: Predecessor;
  readonly #shared: SharedLinkBudget;
  readonly #links: LinkWatch;
  readonly #log: Logger;
  readonly #relief: NodeJS.Timeout;
  /** Of the links of this process, by permit. */
  readonly #descriptors = new Map<number, number>();
  /** Who takes over from this process in turn. */
  #successor: Successor | undefined;

  constructor({ predecessor, settings, means, log }: SuccessorBudgetNeeds) {
    this.#log = log;
    this.#predecessor = predecessor;
    this.#links = new LinkWatch(means);
    this.#shared = new SharedLinkBudget({
      nowMs: () => performance.now(),
      send: (worker, message) => this.#tell(worker, message),
      limitsOf: (counts) => linkLimits(settings(), counts),
      released: ({ id }) => this.#links.released(id),
    });
    this.#shared.hold();
    this.#shared.workerJoined(SELF);
    this.own = new RemoteLinkBudget({
      clock: systemClock,
      send: (message) => this.#hear(message),
      passDescriptor: (permit, descriptor) => this.#connected(permit, descriptor),
    });
    this.#relief = setInterval(() => {
      if (this.#shared.restless) this.#shared.relieve();
    }, SharedLinkBudget.TICK_MS);
  }

  /** Later, as over a channel: whoever asks is not to be answered within its call. */
  #tell(worker: number, message: BudgetToWorker): void {
    if (worker === SELF) queueMicrotask(() => this.own.received(message));
    else this.#predecessor.budgetSays(worker, message);
  }

  #hear(message: BudgetFromWorker): void {
    if (message.kind === 'budget-release') this.#descriptors.delete(message.permit);
    queueMicrotask(() => {
      if (this.#successor === undefined) this.#shared.received(SELF, message);
      else this.#successor.budgetHears(SELF, message);
    });
  }

  #connected(permit: number, descriptor: number | undefined): boolean {
    if (descriptor !== undefined) this.#descriptors.set(permit, descriptor);
    return this.#successor?.passLink(permit, descriptor) ?? true;
  }

  async begin(): Promise<void> {
    await this.#predecessor.takeOver({
      budget: this.#shared,
      links: this.#links,
      log: this.#log,
    });
    this.#shared.begin();
  }

  limitsChanged(): void {
    this.#shared.limitsChanged();
  }

  limitServers(shares: ServerShares): void {
    this.#shared.limitServers(shares);
  }

  get serverCaps(): readonly ServerCapView[] {
    return this.#shared.serverCaps;
  }

  surrender(successor: Successor): void {
    successor.worker(SELF);
    clearInterval(this.#relief);
    // Of a predecessor that is gone something may be left, watched over here.
    const { told, gone } = this.#shared.surrender();
    for (const worker of gone) successor.worker(worker);
    for (const { worker, message } of told) successor.budgetHears(worker, message);
    this.#successor = successor;
    this.#links.stopWatching();
    for (const [permit, descriptor] of this.#links.duplicates) {
      successor.passLink(permit, descriptor);
    }
    for (const worker of gone) successor.workerGone(worker);
    for (const [permit, descriptor] of this.#descriptors) successor.passLink(permit, descriptor);
  }

  budgetSays(_self: number, message: BudgetToWorker): void {
    this.own.received(message);
  }

  async close(): Promise<void> {
    clearInterval(this.#relief);
    await this.#links.close();
  }
}
