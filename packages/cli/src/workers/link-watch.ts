import { type CancelMeans, CancelWire, type SharedPermit } from '@pgweir/pooler';
import { discardArrived, endWriting, systemCalls, takeDescriptor } from '../system-calls';

interface Orphan {
  readonly permit: SharedPermit;
  readonly descriptor: number;
  readonly sinceMs: number;
  warned: boolean;
}

const POLL_MS = 5;
/** How long the end waits for cancel requests. */
const CLOSE_CANCEL_MS = 1000;
/** From then on PostgreSQL is asked less often, and somebody should look. */
const SLOW_MS = 10_000;

/**
 * Keeps a duplicate of every link's socket, so that the end of PostgreSQL's side can be seen when the
 * worker that had the link is dead. Only then the place of the link is free.
 */
export class LinkWatch {
  readonly #duplicates = new Map<number, number>();
  readonly #orphans = new Set<Orphan>();
  readonly #means: () => CancelMeans;
  #timer: NodeJS.Timeout | undefined;
  #toldOfLoss = false;
  /** Cancel requests on their way to PostgreSQL. */
  #canceling = 0;
  #whenCanceled: (() => void)[] = [];

  constructor(means: () => CancelMeans) {
    this.#means = means;
  }

  /** The duplicates that it has, by permit. They stay its own. */
  get duplicates(): ReadonlyMap<number, number> {
    return this.#duplicates;
  }

  /** Takes what a worker has passed. @returns the permits */
  take(passingEnd: number): readonly number[] {
    const permits: number[] = [];
    for (;;) {
      const taken = takeDescriptor(passingEnd);
      if (taken === undefined) return permits;
      permits.push(taken.number);
      // A link that tries the next address of its server passes another socket.
      this.released(taken.number);
      if (taken.descriptor === undefined) this.#lost();
      else this.#duplicates.set(taken.number, taken.descriptor);
    }
  }

  #lost(): void {
    if (this.#toldOfLoss) return;
    this.#toldOfLoss = true;
    this.#means().log.error(
      'too many open files: links are not watched, and limits may be passed when a worker dies ' +
        '(raise the limit of open files: workers need one for each link in the supervisor too)',
    );
  }

  /** The worker has closed the link, and PostgreSQL has too. */
  released(permit: number): void {
    const descriptor = this.#duplicates.get(permit);
    if (descriptor === undefined) return;
    this.#duplicates.delete(permit);
    systemCalls().close(descriptor);
  }

  /** The worker of these links is dead. `gone` is called for each when PostgreSQL's side is gone. */
  orphaned(permits: readonly SharedPermit[], gone: (permit: number) => void): void {
    for (const permit of permits) {
      const descriptor = this.#duplicates.get(permit.id);
      if (descriptor === undefined) {
        // It had not connected: PostgreSQL does not know of it.
        gone(permit.id);
        continue;
      }
      this.#cancel(permit);
      endWriting(descriptor);
      this.#orphans.add({ permit, descriptor, sinceMs: performance.now(), warned: false });
    }
    this.#timer ??= setInterval(() => this.#look(gone), POLL_MS);
  }

  /** Whether PostgreSQL still has links of dead workers; `database` undefined: of any. */
  hasOrphans(database: string | undefined): boolean {
    return [...this.#orphans].some(
      ({ permit }) => (database ?? permit.database) === permit.database,
    );
  }

  /** What may run there must not keep the backend from noticing that nobody is left. */
  #cancel({ id, cancelTarget: target }: SharedPermit): void {
    if (target === undefined) return;
    const over = (): void => {
      if (--this.#canceling > 0) return;
      for (const resolve of this.#whenCanceled.splice(0)) resolve();
    };
    const errand = { target, wanted: () => true, over, fields: { link: id } };
    this.#canceling++;
    new CancelWire(errand, this.#means()).start();
  }

  #look(gone: (permit: number) => void): void {
    const nowMs = performance.now();
    for (const orphan of this.#orphans) {
      if (discardArrived(orphan.descriptor)) {
        this.#orphans.delete(orphan);
        this.released(orphan.permit.id);
        gone(orphan.permit.id);
      } else if (!orphan.warned && nowMs - orphan.sinceMs > SLOW_MS) {
        orphan.warned = true;
        const { database, user, worker } = orphan.permit;
        this.#means().log.warn(
          `server has not closed a link of worker ${worker} yet, which is dead; it still counts`,
          { worker, database, user },
        );
      }
    }
    if (this.#orphans.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Somebody else watches over what dead workers have left. */
  stopWatching(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#orphans.clear();
  }

  /** Lets go of everything, once nothing of dead workers runs any more. Bounded. */
  async close(): Promise<void> {
    if (this.#canceling > 0) {
      await new Promise<void>((resolve) => {
        this.#whenCanceled.push(resolve);
        setTimeout(resolve, CLOSE_CANCEL_MS);
      });
    }
    clearInterval(this.#timer);
    for (const permit of [...this.#duplicates.keys()]) this.released(permit);
    this.#orphans.clear();
  }
}
