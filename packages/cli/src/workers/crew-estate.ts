import type {
  BudgetFromWorker,
  BudgetToWorker,
  CancelIdentity,
  Logger,
  SharedLinkBudget,
} from '@pgweir/pooler';
import type { Predecessor } from '../restart/predecessor';
import { type Estate, RETIRING, STILL_CLIENTS, type Successor } from '../restart/successor';
import type { Crew } from './crew';
import type { LinkWatch } from './link-watch';
import type { ListeningSocket, SharedPorts } from './shared-ports';
import { SUPERVISOR } from './supervisor-budget';

const CANCEL_MS = 60_000;

interface CrewEstateNeeds {
  readonly crew: Crew;
  readonly budget: SharedLinkBudget;
  readonly links: LinkWatch;
  readonly ports: SharedPorts;
  /** The supervisor's own part of the budget hears something. */
  readonly toSupervisor: (message: BudgetToWorker) => void;
  readonly log: Logger;
  readonly predecessor: Predecessor | undefined;
  readonly stopping: () => boolean;
  /** Why nobody may take over just now. */
  readonly busy: () => string | undefined;
  readonly drainTimeoutMs: () => number;
  /** Another process has taken over; `gone` resolves when the last worker is gone. */
  readonly surrendered: (gone: Promise<void>) => void;
}

/** What a daemon with workers hands over to another process, and how they serve its budget then. */
export class CrewEstate implements Estate {
  readonly #needs: CrewEstateNeeds;
  #successor: Successor | undefined;

  constructor(needs: CrewEstateNeeds) {
    this.#needs = needs;
  }

  /** Another process has taken over. */
  get isHandedOver(): boolean {
    return this.#successor !== undefined;
  }

  /** Why nobody's primary hands over now: there are clients that would not be waited for. */
  get switchoverObstacle(): string | undefined {
    if (this.isHandedOver) return RETIRING;
    return this.#needs.predecessor?.isThere === true ? STILL_CLIENTS : undefined;
  }

  obstacle(): string | undefined {
    const { busy, predecessor, stopping } = this.#needs;
    if (stopping()) return 'the running process is shutting down';
    return predecessor?.isThere === true ? STILL_CLIENTS : busy();
  }

  ports(): readonly ListeningSocket[] {
    return this.#needs.ports.all();
  }

  /** Workers end when their clients have left. */
  surrender(successor: Successor): void {
    const { budget, crew, drainTimeoutMs, links, ports, surrendered } = this.#needs;
    const gone = crew.close();
    const workers = [...crew.living];
    successor.worker(SUPERVISOR);
    for (const { number } of workers) successor.worker(number);
    const books = budget.surrender();
    for (const worker of books.gone) successor.worker(worker);
    for (const { worker, message } of books.told) successor.budgetHears(worker, message);
    this.#successor = successor;
    links.stopWatching();
    for (const [permit, descriptor] of links.duplicates) successor.passLink(permit, descriptor);
    for (const worker of books.gone) successor.workerGone(worker);
    ports.letGo();
    const limitMs = drainTimeoutMs();
    for (const worker of workers) {
      worker.retire();
      if (limitMs > 0) worker.leaveWithin(limitMs);
    }
    surrendered(gone);
  }

  budgetSays(worker: number, message: BudgetToWorker): void {
    if (worker === SUPERVISOR) return this.#needs.toSupervisor(message);
    this.#needs.crew.byNumber(worker)?.channel.tell(message);
  }

  async cancel({ processId, key }: CancelIdentity): Promise<boolean> {
    const ask = { worker: 0, processId, key: key.toString('hex') };
    for (const { channel } of this.#needs.crew.living) {
      // One that is gone by now has no clients.
      if (await channel.ask('cancel', ask, CANCEL_MS).catch(() => false)) return true;
    }
    return false;
  }

  orphaned(): void {
    const { crew, log } = this.#needs;
    log.error('the process that has taken over is gone');
    for (const worker of crew.living) worker.drain('links-closed');
  }

  /** A worker says something to the budget, whoever has that. */
  budgetHears(worker: number, message: BudgetFromWorker): void {
    const { budget, links } = this.#needs;
    if (this.#successor === undefined) {
      budget.received(worker, message);
      return;
    }
    this.#successor.budgetHears(worker, message);
    if (message.kind === 'budget-release') links.released(message.permit);
  }

  /** Takes what a worker has passed. */
  take(passingEnd: number): void {
    const { links } = this.#needs;
    for (const permit of links.take(passingEnd)) {
      this.#successor?.passLink(permit, links.duplicates.get(permit));
    }
  }

  /** Links of a worker that is gone have their places until PostgreSQL has closed each of them. */
  workerGone(worker: number): void {
    const { budget, links } = this.#needs;
    if (this.#successor !== undefined) this.#successor.workerGone(worker);
    else links.orphaned(budget.workerGone(worker), (permit) => budget.permitGone(permit));
  }
}
